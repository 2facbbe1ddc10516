import { Arena } from "../../memory/arena.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { zeroing } from "../rkalloc/zeroing.ts";
import { BuddyAllocator } from "../rkallocbuddy/buddy.ts";
import type { Platform } from "../rkplat/platform.ts";
import { AddressSpace } from "./address-space.ts";
import { PageFrames } from "./page-frames.ts";

/** An address space over `pages` pages of memory, and what it told the platform. */
export function testSpace(pages = 4096, allowWx = false) {
  const ram = new PhysicalMemory(new Arena(pages * 4096 + (4 << 20)), 0x8000_0000, pages * 4096);
  const fences: [address: number, pages: number][] = [];
  const written: number[] = [];
  const platform = {
    ram,
    fence: (address: number, count: number) => fences.push([address, count]),
    codeWritten: (page: number) => written.push(page),
  } as unknown as Platform;
  const allocator = zeroing(new BuddyAllocator(0x8000_0000 / 4096, pages), ram, platform.codeWritten);
  const context = { platform, frames: new PageFrames(allocator, ram), objects: new Map(), allowWx };
  return { space: new AddressSpace(context), context, ram, allocator, fences, written };
}
