import { p9 } from "./9p.ts";
import { balloon } from "./balloon.ts";
import { blk } from "./blk.ts";
import { console } from "./console.ts";
import { gpu } from "./gpu.ts";
import { keyboard, tablet } from "./input.ts";
import { net } from "./net.ts";
import { rng } from "./rng.ts";
import type { MakeTarget } from "./target.ts";
import { vsock } from "./vsock.ts";

/** Every device that is fuzzed, by the name that `main.ts` takes. */
export const DEVICES: Readonly<Record<string, MakeTarget>> = {
  rng,
  balloon,
  net,
  "9p": p9,
  blk,
  console,
  gpu,
  keyboard,
  tablet,
  vsock,
};
