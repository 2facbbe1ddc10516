import { type Api, api } from "../library.ts";
import type { FrameAllocator } from "../rkalloc/frames.ts";
import type { Backing } from "../rkvm/backing.ts";
import type { PageFrames } from "../rkvm/page-frames.ts";
import { CachedFile } from "./cached-file.ts";

/** Pages that are given back at a time, at least. */
const BATCH = 64;
/** Of all memory, this part is left to pages that are mapped: without their code, programs would not get on. */
const KEPT = 64;

/**
 * The pages of files that are in memory, for all processes. It takes what memory nobody else wants: pages stay when
 * the last mapping is gone, and are given back when memory is used up, those of files that were used longest ago first.
 */
export class PageCache {
  private readonly frames: PageFrames;
  private readonly source: FrameAllocator;
  /** Those mapped last at the end. */
  private readonly files = new Map<Backing, CachedFile>();
  private readonly codeWritten: (page: number) => void;

  /**
   * Takes pages from `source`. `codeWritten` is called for a physical page whose contents were changed other than by
   * mappings.
   */
  constructor(frames: PageFrames, source: FrameAllocator, codeWritten: (page: number) => void) {
    this.frames = frames;
    this.source = source;
    this.codeWritten = codeWritten;
  }

  /** The pages of a file that is about to be mapped. */
  file(backing: Backing): CachedFile {
    let file = this.files.get(backing);
    if (!file)
      file = new CachedFile(backing, this.frames, this.source, this.codeWritten, () =>
        this.files.delete(backing),
      );
    else this.files.delete(backing);
    this.files.set(backing, file);
    file.revalidate();
    return file;
  }

  /** Pages that it holds. */
  get pages(): number {
    let count = 0;
    for (const file of this.files.values()) count += file.count;
    return count;
  }

  /**
   * Gives memory back: first pages that nobody maps, then those that are mapped and have not been written to, last
   * those that have to be written back. True when any was given back.
   */
  reclaim(): boolean {
    const floor = this.frames.allocator.totalPages / KEPT;
    const evict = (dirty: boolean) => this.each((file) => (this.pages > floor ? file.evict(dirty) : 0));
    return this.each((file, wanted) => file.dropUnused(wanted)) || evict(false) || evict(true);
  }

  /** Brings everything that was written to its file (`sync`). */
  flush(): void {
    for (const file of this.files.values()) file.flush();
  }

  /** Until a batch is given back. */
  private each(give: (file: CachedFile, wanted: number) => number): boolean {
    let freed = 0;
    for (const file of [...this.files.values()]) {
      freed += give(file, BATCH - freed);
      if (freed >= BATCH) break;
    }
    return freed > 0;
  }
}

/** Makes the page cache of a kernel over its page frames. */
export interface PageCacheMaker {
  create(frames: PageFrames, source: FrameAllocator, codeWritten: (page: number) => void): PageCache;
}

export const pageCacheMaker: Api<PageCacheMaker> = api("rkpagecache");
