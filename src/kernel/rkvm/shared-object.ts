import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { Backing } from "./backing.ts";
import type { PageFrames } from "./page-frames.ts";

/**
 * Pages that several mappings share: anonymous shared memory, or a file mapped with MAP_SHARED. Written pages go
 * back to the file when `sync` is called and when the last mapping is gone.
 */
export class SharedObject {
  readonly backing: Backing | undefined;
  private readonly frames: PageFrames;
  private readonly onGone: () => void;
  private readonly pages = new Map<number, number>();
  private readonly dirty = new Set<number>();
  private users = 0;

  constructor(frames: PageFrames, backing: Backing | undefined, onGone: () => void) {
    this.frames = frames;
    this.backing = backing;
    backing?.retain?.();
    this.onGone = onGone;
  }

  /** One more mapping. */
  retain(): void {
    this.users++;
  }

  /** One mapping less. */
  release(): void {
    if (--this.users > 0) return;
    this.sync(0, Number.POSITIVE_INFINITY);
    for (const page of this.pages.values()) this.frames.release(page);
    this.pages.clear();
    this.backing?.release?.();
    this.onGone();
  }

  /** The physical page of the object's page `index`, brought in where it is new; -1 when memory is used up. */
  page(index: number): number {
    const known = this.pages.get(index);
    if (known !== undefined) return known;
    const page = this.frames.allocate();
    if (page === -1) return -1;
    this.backing?.readAt(index * PAGE_SIZE, this.frames.bytes(page));
    this.pages.set(index, page);
    return page;
  }

  /** Page `index` is about to be written. */
  markDirty(index: number): void {
    if (this.backing) this.dirty.add(index);
  }

  /** Writes back what was written in pages `first` up to `end`. They may be written again at any time, so they stay dirty. */
  sync(first: number, end: number): void {
    if (!this.backing?.writeAt) return;
    for (const index of this.dirty) {
      if (index < first || index >= end) continue;
      const page = this.pages.get(index);
      const size = Math.min(PAGE_SIZE, this.backing.size - index * PAGE_SIZE);
      if (page !== undefined && size > 0)
        this.backing.writeAt(index * PAGE_SIZE, this.frames.bytes(page).subarray(0, size));
    }
  }
}
