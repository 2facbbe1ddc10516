import { p9 } from "./9p.ts";
import { balloon } from "./balloon.ts";
import { blk } from "./blk.ts";
import { console } from "./console.ts";
import { net } from "./net.ts";
import { rng } from "./rng.ts";
import type { MakeTarget } from "./target.ts";

/** Every device that is fuzzed, by the name that `main.ts` takes. */
export const DEVICES: Readonly<Record<string, MakeTarget>> = {
  rng,
  balloon,
  net,
  "9p": p9,
  blk,
  console,
};
