import { balloon } from "./balloon.ts";
import { rng } from "./rng.ts";
import type { MakeTarget } from "./target.ts";

/** Every device that is fuzzed, by the name that `main.ts` takes. */
export const DEVICES: Readonly<Record<string, MakeTarget>> = {
  rng,
  balloon,
};
