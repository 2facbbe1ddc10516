import type { AllocatorKind } from "../rkalloc/kind.ts";
import { TlsfArea } from "./tlsf.ts";

export const tlsf: AllocatorKind = {
  name: "rkalloctlsf",
  frees: true,
  shape: () => ({ unit: 32, alignment: 32 }),
  area: (first, units) => new TlsfArea(first, units),
};
