import { Arena } from "../../memory/arena.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { AreaFrames } from "../rkalloc/area-frames.ts";
import { zeroing } from "../rkalloc/zeroing.ts";
import { BuddyArea } from "../rkallocbuddy/buddy.ts";
import { PageCache } from "../rkpagecache/page-cache.ts";
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
    newAsid: () => 1,
    fence: (_asid: number, address: number, count: number) => fences.push([address, count]),
    codeWritten: (page: number) => written.push(page),
  } as unknown as Platform;
  const first = 0x8000_0000 / 4096;
  const allocator = zeroing(new AreaFrames(first, new BuddyArea(first, pages)), ram, platform.codeWritten);
  const frames = new PageFrames(allocator, ram);
  const cache = new PageCache(frames, allocator, platform.codeWritten);
  frames.reclaim = () => cache.reclaim();
  const context = {
    platform,
    frames,
    cache,
    areas: { count: 0, most: Number.POSITIVE_INFINITY },
    allowWx,
    outOfMemory: { makeRoom: (_asking: AddressSpace) => false, kill: () => {} },
  };
  return { space: new AddressSpace(context), context, ram, allocator, fences, written };
}
