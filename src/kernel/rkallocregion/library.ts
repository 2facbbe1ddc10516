import { FRAME_SIZE } from "../../memory/arena.ts";
import type { Library } from "../library.ts";
import { frameAllocator } from "../rkalloc/frames.ts";
import { zeroing } from "../rkalloc/zeroing.ts";
import { platform } from "../rkplat/platform.ts";
import { RegionAllocator } from "./region.ts";

export const rkallocregion: Library = {
  name: "rkallocregion",
  summary: "page frames from a mark that only moves up; freed ones are not used again",
  provides: [frameAllocator],
  needs: [platform],
  start(kernel) {
    const { ram, codeWritten } = kernel.use(platform);
    const region = new RegionAllocator(ram.base / FRAME_SIZE, ram.size / FRAME_SIZE);
    kernel.provide(frameAllocator, zeroing(region, ram, codeWritten));
  },
};
