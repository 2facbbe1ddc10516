import { FRAME_SIZE } from "../../memory/arena.ts";
import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { frameAllocator } from "../rkalloc/frames.ts";
import { zeroing } from "../rkalloc/zeroing.ts";
import { platform } from "../rkplat/platform.ts";
import { RegionAllocator } from "./region.ts";

export const rkallocregion: Library = {
  name: "rkallocregion",
  summary: librarySummary.rkallocregion,
  provides: [frameAllocator],
  needs: [platform],
  start(kernel) {
    const { ram, codeWritten } = kernel.use(platform);
    const region = new RegionAllocator(ram.base / FRAME_SIZE, ram.size / FRAME_SIZE);
    kernel.provide(frameAllocator, zeroing(region, ram, codeWritten));
  },
};
