import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { memoryRings } from "./memory-ring.ts";
import { rings } from "./ring.ts";

export const rkring: Library = {
  name: "rkring",
  summary: librarySummary.rkring,
  provides: [rings],
  needs: [],
  start: (kernel) => kernel.provide(rings, memoryRings),
};
