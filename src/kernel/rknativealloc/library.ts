import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { type Allocator, PAGE_BYTES } from "../rkalloc/allocator.ts";
import { isObjectShape } from "../rkalloc/kind.ts";
import { allocators, heapAllocator } from "../rkalloc/registry.ts";
import { nativeResources } from "../rknative/library.ts";
import { CLONE } from "../rkprocess/clone-flags.ts";
import type { Process } from "../rkprocess/process.ts";
import { processState } from "../rkprocess/state.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { errno } from "../syscalls/errno.ts";
import { native } from "../syscalls/native.ts";
import { ProcessHeaps } from "./heaps.ts";

/** Their memory is that of the first call: `execve` makes them before the new memory is the process's. */
const newHeaps = ({ kernel }: Process) => new ProcessHeaps(kernel.use(nativeResources).heap);

const nativeHeaps = processState<ProcessHeaps>({
  create: newHeaps,
  fork(parent, child, flags) {
    if ((flags & CLONE.VM) === 0) return parent.copy(child.memory);
    parent.users++;
    return parent;
  },
  exec(heaps, process) {
    heaps.release();
    return newHeaps(process);
  },
  exit: (heaps) => heaps.release(),
});

function heapsOf({ process }: Thread): ProcessHeaps {
  const heaps = process.get(nativeHeaps);
  heaps.useMemory(process.memory);
  return heaps;
}

/** A name's bytes, the zero behind it included. */
const LONGEST_NAME = 64;

/** `rk_alloc_create(name, object size, object alignment)`; sizes are of a pool's objects. */
function create(thread: Thread, name: number, size: number, alignment: number): number {
  const { memory, kernel } = thread;
  const bytes = memory.readCString(name, LONGEST_NAME);
  const kind = bytes && kernel.use(allocators).kinds.named(new TextDecoder("latin1").decode(bytes));
  if (!kind) return -errno.ENOENT;
  const objects = size === 0 ? undefined : { size, alignment };
  if (objects && (!isObjectShape(objects) || size > LARGEST_OBJECT || alignment > LARGEST_OBJECT))
    return -errno.EINVAL;
  return heapsOf(thread).create(kind, objects);
}

const LARGEST_OBJECT = 2 ** 20;

/** The allocator that the call is made to: `use` gets it, the process's heaps, and the numbers behind. */
const of =
  (
    use: (allocator: Allocator, a: number, b: number, heaps: ProcessHeaps, heap: number) => number,
    unknown = -errno.EINVAL,
  ) =>
  (thread: Thread, heap: number, a: number, b: number): number => {
    const heaps = heapsOf(thread);
    const allocator = heaps.get(heap, () => thread.kernel.use(heapAllocator));
    return allocator ? use(allocator, a, b, heaps, heap) : unknown;
  };

/** Of a call that answers 0 where it has no block to give. */
const block = (
  use: (allocator: Allocator, a: number, b: number, heaps: ProcessHeaps, heap: number) => number,
) => of(use, 0);

/** As the program has it: `struct rk_alloc_stats`. */
function writeStats(thread: Thread, heap: number, at: number): number {
  const allocator = heapsOf(thread).get(heap, () => thread.kernel.use(heapAllocator));
  if (!allocator) return -errno.EINVAL;
  const { total, used, maxUsed, ...rest } = allocator.stats();
  const { allocations, frees, blocks, maxBlocks, lastSize, minSize, maxSize, failures } = rest;
  const counts = [allocations, frees, blocks, maxBlocks, lastSize, minSize, maxSize, failures];
  const values = [total, used, maxUsed, ...counts];
  thread.memory.write(at, new Uint8Array(BigUint64Array.from(values, BigInt).buffer));
  return 0;
}

/** rkalloc for programs: heaps in their own memory, whose books the kernel keeps. */
export const rknativealloc: Library = {
  name: "rknativealloc",
  summary: librarySummary.rknativealloc,
  provides: [],
  needs: [nativeResources, allocators, heapAllocator],
  processState: [nativeHeaps],
  syscalls: [
    native("rk_alloc_create", create),
    native("rk_alloc_destroy", (thread, heap) => heapsOf(thread).destroy(heap)),
    native(
      "rk_addmem",
      of((_, base, size, heaps, heap) => heaps.addmem(heap, base, size)),
    ),
    native(
      "rk_malloc",
      block((_, size, __, heaps, heap) => heaps.allocate(heap, size, 0, (from) => from.malloc(size))),
    ),
    native(
      "rk_calloc",
      block((_, count, size, heaps, heap) =>
        heaps.allocate(heap, count * size, 0, (from) => from.calloc(count, size)),
      ),
    ),
    native(
      "rk_realloc",
      block((allocator, address, size, heaps, heap) => {
        if (address !== 0 && (size === 0 || allocator.usableSize(address) === 0))
          return allocator.realloc(address, size);
        return heaps.allocate(heap, size, 0, (from) => from.realloc(address, size));
      }),
    ),
    native(
      "rk_memalign",
      block((_, alignment, size, heaps, heap) =>
        heaps.allocate(heap, size, alignment, (from) => from.memalign(alignment, size)),
      ),
    ),
    native(
      "rk_posix_memalign",
      of((_, alignment, size, heaps, heap) =>
        heaps.allocate(heap, size, alignment, (from) => from.posixMemalign(alignment, size)),
      ),
    ),
    native(
      "rk_free",
      of((allocator, address) => allocator.free(address)),
    ),
    native(
      "rk_palloc",
      block((_, pages, __, heaps, heap) =>
        heaps.allocate(heap, pages * PAGE_BYTES, PAGE_BYTES, (from) => from.palloc(pages)),
      ),
    ),
    native(
      "rk_pfree",
      of((allocator, address, pages) => allocator.pfree(address, pages)),
    ),
    native(
      "rk_usable_size",
      block((allocator, address) => allocator.usableSize(address)),
    ),
    native(
      "rk_maxalloc",
      block((allocator) => allocator.maxalloc()),
    ),
    native(
      "rk_availmem",
      block((allocator) => allocator.availmem()),
    ),
    native("rk_alloc_stats", writeStats),
  ],
};
