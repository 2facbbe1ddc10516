import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { frameAllocator } from "../rkalloc/frames.ts";
import { pageCacheFrames } from "../rkalloc/library.ts";
import { allocators } from "../rkalloc/registry.ts";
import { pageCacheMaker } from "../rkpagecache/page-cache.ts";
import { platform } from "../rkplat/platform.ts";
import { AddressSpace } from "./address-space.ts";
import type { MemoryContext, OutOfMemoryPolicy } from "./memory-context.ts";
import { memoryManager } from "./memory-manager.ts";
import { PageFrames } from "./page-frames.ts";

const NO_POLICY: OutOfMemoryPolicy = { makeRoom: () => false, kill: () => {} };

/** `allowWx`: pages may be writable and executable at once. */
export function rkvm(allowWx: boolean): Library {
  return {
    name: "rkvm",
    summary: librarySummary.rkvm,
    provides: [memoryManager],
    needs: [platform, frameAllocator, allocators, pageCacheMaker],
    start(kernel) {
      const allocator = kernel.use(frameAllocator);
      const here = kernel.use(platform);
      const frames = new PageFrames(allocator, here.ram);
      const cache = kernel.use(pageCacheMaker).create(frames, pageCacheFrames(kernel), here.codeWritten);
      const context: MemoryContext = {
        platform: here,
        frames,
        cache,
        areas: { count: 0, most: kernel.limits.mappings },
        allowWx,
        outOfMemory: NO_POLICY,
      };
      frames.reclaim = () => cache.reclaim();
      kernel.provide(memoryManager, {
        createSpace: () => new AddressSpace(context),
        frames,
        get totalPages() {
          return allocator.totalPages;
        },
        get freePages() {
          return allocator.freePages;
        },
        get cachedPages() {
          return cache.pages;
        },
        flush: () => cache.flush(),
        get outOfMemory() {
          return context.outOfMemory;
        },
        set outOfMemory(policy) {
          context.outOfMemory = policy;
        },
      });
    },
  };
}
