import { FRAME_SIZE } from "../../memory/arena.ts";
import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { frameAllocator } from "../rkalloc/frames.ts";
import { zeroing } from "../rkalloc/zeroing.ts";
import { platform } from "../rkplat/platform.ts";
import { BuddyAllocator } from "./buddy.ts";

export const rkallocbuddy: Library = {
  name: "rkallocbuddy",
  summary: librarySummary.rkallocbuddy,
  provides: [frameAllocator],
  needs: [platform],
  start(kernel) {
    const { ram, codeWritten } = kernel.use(platform);
    const buddy = new BuddyAllocator(ram.base / FRAME_SIZE, ram.size / FRAME_SIZE);
    kernel.provide(frameAllocator, zeroing(buddy, ram, codeWritten));
  },
};
