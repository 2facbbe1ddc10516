import type { AllocatorKind } from "../rkalloc/kind.ts";
import { BuddyArea } from "./buddy.ts";

export const buddy: AllocatorKind = {
  name: "rkallocbuddy",
  frees: true,
  shape: () => ({ unit: 32, alignment: 32 }),
  area: (first, units) => new BuddyArea(first, units),
};
