import type { AllocatorKind } from "../rkalloc/kind.ts";
import { RegionArea } from "./region.ts";

export const region: AllocatorKind = {
  name: "rkallocregion",
  frees: false,
  shape: () => ({ unit: 32, alignment: 32 }),
  area: (first, units) => new RegionArea(first, units),
};
