import { FRAME_SIZE } from "../../memory/arena.ts";
import { RefusedError } from "../../messages/errors.ts";
import { kernelMessages } from "../../messages/kernel.ts";
import { librarySummary } from "../../messages/libraries.ts";
import type { Kernel } from "../kernel.ts";
import type { Library } from "../library.ts";
import { platform } from "../rkplat/platform.ts";
import { AreaFrames } from "./area-frames.ts";
import { type FrameAllocator, frameAllocator } from "./frames.ts";
import type { AllocatorKind } from "./kind.ts";
import { allocators, heapAllocator, Registry } from "./registry.ts";
import { zeroing } from "./zeroing.ts";

/** Keeps the allocators that are linked: one serves frames, one serves heaps, any can be asked for by name. */
export const rkalloc: Library = {
  name: "rkalloc",
  summary: librarySummary.rkalloc,
  provides: [allocators],
  needs: [],
  start: (kernel) =>
    kernel.provide(allocators, { kinds: new Registry<AllocatorKind>(), pageCache: undefined }),
};

/** What a linked allocator serves, beside whoever asks for it by name. */
export interface AllocatorRoles {
  /** The machine's page frames. */
  readonly frames?: boolean;
  /** Heaps for which no other allocator was asked. */
  readonly heap?: boolean;
  /** The page cache, from so many bytes that are set aside for it alone. Otherwise it shares in the frames. */
  readonly pageCache?: number;
}

/** The library of an allocator. Which roles the linked ones have is configuration; each has one provider at most. */
export function allocatorLibrary(
  kind: AllocatorKind,
  summary: () => string,
  { frames = false, heap = false, pageCache = 0 }: AllocatorRoles,
): Library {
  return {
    name: kind.name,
    summary,
    provides: [...(frames ? [frameAllocator] : []), ...(heap ? [heapAllocator] : [])],
    needs: [...(frames ? [platform] : []), allocators, ...(pageCache > 0 && !frames ? [frameAllocator] : [])],
    start(kernel) {
      const linked = kernel.use(allocators);
      linked.kinds.register(kind.name, kind);
      if (heap) {
        linked.kinds.setDefault(kind.name);
        kernel.provide(heapAllocator, kind);
      }
      if (frames) provideFrames(kernel, kind);
      if (pageCache > 0) {
        const reserved = kernel.use(frameAllocator).reserve?.(Math.ceil(pageCache / FRAME_SIZE), kind);
        if (!reserved) throw new RefusedError(kernelMessages.noPageCache(kind.name, pageCache));
        linked.pageCache = reserved;
      }
    },
  };
}

/** Where the page cache takes its frames. */
export function pageCacheFrames(kernel: Kernel): FrameAllocator {
  return kernel.use(allocators).pageCache ?? kernel.use(frameAllocator);
}

function provideFrames(kernel: Kernel, kind: AllocatorKind): void {
  const { ram, codeWritten } = kernel.use(platform);
  const first = ram.base / FRAME_SIZE;
  const frames = new AreaFrames(first, kind.area(first, ram.size / FRAME_SIZE));
  kernel.provide(frameAllocator, zeroing(frames, ram, codeWritten));
}
