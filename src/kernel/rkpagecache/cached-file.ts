import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { FrameAllocator } from "../rkalloc/frames.ts";
import type { Backing, CachedPages } from "../rkvm/backing.ts";
import type { PageFrames } from "../rkvm/page-frames.ts";
import type { MappingSpace, PageObject } from "../rkvm/page-object.ts";
import { Place } from "../rkvm/place.ts";

/** Pages read at once, an aligned group. */
const READ_AROUND = 16;
/** Only with this many pages free is more read than what was asked for. */
const PLENTY = 64 * READ_AROUND;

const scratch = new Uint8Array(READ_AROUND * PAGE_SIZE);

/**
 * The pages of one file that are in memory. Each is held once by the file and once by each page table that shows it.
 * A page is dirty from a shared mapping's first write until it is written back; `read` has such pages' bytes before
 * the file does, and `written` keeps all pages as the file is.
 */
export class CachedFile implements PageObject, CachedPages {
  readonly hasFile = true;
  private readonly backing: Backing;
  private readonly frames: PageFrames;
  private readonly source: FrameAllocator;
  private readonly codeWritten: (page: number) => void;
  private readonly onGone: () => void;
  private readonly pages = new Map<number, number>();
  place = new Place();
  private readonly dirty = new Set<number>();
  /** How many areas of each space show it, and how many of all write to it. */
  private readonly areas = new Map<MappingSpace, number>();
  private writers = 0;
  private version: string | undefined;
  /** Of the file when it was last looked at: it is asked for what lies behind, not for each page. */
  private size: number;

  constructor(
    backing: Backing,
    frames: PageFrames,
    source: FrameAllocator,
    codeWritten: (page: number) => void,
    onGone: () => void,
  ) {
    this.backing = backing;
    this.frames = frames;
    this.source = source;
    this.codeWritten = codeWritten;
    this.onGone = onGone;
    this.version = backing.version?.();
    this.size = backing.size;
  }

  holds(offset: number): boolean {
    if (offset >= this.size) this.size = this.backing.size;
    return offset < this.size;
  }

  get isShared(): boolean {
    return this.writers > 0;
  }

  get count(): number {
    return this.pages.size;
  }

  retain(space: MappingSpace, shared: boolean): void {
    if (this.areas.size === 0) this.backing.retain?.();
    this.areas.set(space, (this.areas.get(space) ?? 0) + 1);
    if (shared) this.writers++;
    this.backing.cached = this;
  }

  release(space: MappingSpace, shared: boolean): void {
    if (shared && --this.writers === 0) this.flush();
    const left = (this.areas.get(space) ?? 0) - 1;
    if (left > 0) {
      this.areas.set(space, left);
      return;
    }
    this.areas.delete(space);
    if (this.areas.size > 0) return;
    this.backing.release?.();
    this.forgetIfEmpty();
  }

  /** What another may have changed is read again, as far as it is neither mapped nor dirty. */
  revalidate(): void {
    const version = this.backing.version?.();
    if (version === this.version) return;
    this.version = version;
    this.size = this.backing.size;
    this.dropUnused(Number.POSITIVE_INFINITY);
    this.backing.cached = this;
  }

  known(index: number): number {
    return this.pages.get(index) ?? -1;
  }

  page(index: number): number {
    const known = this.pages.get(index);
    if (known !== undefined) return known;
    const around = this.source.freePages >= PLENTY;
    const pages = Math.ceil(this.size / PAGE_SIZE);
    const first = around ? index - (index % READ_AROUND) : index;
    const end = around ? Math.min(first + READ_AROUND, pages) : index + 1;
    const wanted: [index: number, page: number][] = [];
    for (let i = first; i < end; i++) {
      if (this.pages.has(i)) continue;
      const page = this.frames.allocateIn(this, i, pages, i, false, this.source);
      if (page === -1) break;
      wanted.push([i, page]);
    }
    this.readIn(first, wanted);
    return this.known(index);
  }

  markDirty(index: number): void {
    this.dirty.add(index);
  }

  sync(first: number, end: number): void {
    const written: number[] = [];
    for (const index of this.dirty)
      if (index >= first && index < end && this.writeBack(index)) written.push(index);
    if (written.length === 0) return;
    for (const index of written) this.dirty.delete(index);
    for (const space of this.areas.keys()) space.protectPages(this, first, end);
    this.version = this.backing.version?.();
  }

  flush(): void {
    this.sync(0, Number.POSITIVE_INFINITY);
  }

  punch(from: number, to: number): boolean {
    if (!this.backing.zero) return false;
    this.backing.zero(from, to);
    this.zeroed(from, to);
    return true;
  }

  read(into: Uint8Array, position: number): void {
    if (this.dirty.size > 0)
      this.eachPart(position, into.length, (index, bytes, done) => {
        if (this.dirty.has(index)) into.set(bytes, done);
      });
  }

  written(from: Uint8Array, position: number): void {
    this.eachPart(position, from.length, (index, bytes, done) => {
      bytes.set(from.subarray(done, done + bytes.length));
      this.codeWritten(this.known(index));
    });
  }

  zeroed(from: number, to: number): void {
    this.eachPart(from, to - from, (index, bytes) => {
      bytes.fill(0);
      this.codeWritten(this.known(index));
    });
  }

  resized(from: number, to: number): void {
    this.size = to;
    const [smaller, larger] = [Math.min(from, to), Math.max(from, to)];
    const kept = Math.ceil(smaller / PAGE_SIZE);
    // What a mapping wrote behind the end never was in the file.
    this.zeroed(smaller, Math.min(larger, kept * PAGE_SIZE));
    if (to >= from) return;
    for (const space of this.areas.keys()) space.dropPages(this, kept, Number.POSITIVE_INFINITY, true);
    for (const index of [...this.pages.keys()]) if (index >= kept) this.drop(index);
  }

  /** Gives back pages that no mapping shows, `wanted` at most. Returns how many. */
  dropUnused(wanted: number): number {
    let dropped = 0;
    for (const [index, page] of this.pages) {
      if (dropped >= wanted) break;
      if (this.frames.isShared(page) || this.dirty.has(index)) continue;
      this.drop(index);
      dropped++;
    }
    this.forgetIfEmpty();
    return dropped;
  }

  /** Takes its pages out of all mappings and gives them back; the dirty ones stay, or (`dirty`) are written first. */
  evict(dirty: boolean): number {
    if (dirty) this.flush();
    if (this.pages.size === this.dirty.size) return 0;
    for (const space of this.areas.keys()) space.dropPages(this, 0, Number.POSITIVE_INFINITY, false);
    return this.dropUnused(Number.POSITIVE_INFINITY);
  }

  private readIn(first: number, wanted: readonly (readonly [index: number, page: number])[]): void {
    if (wanted.length === 0) return;
    const end = wanted[wanted.length - 1][0] + 1;
    const bytes = scratch.subarray(0, (end - first) * PAGE_SIZE);
    bytes.fill(0, this.backing.readAt(first * PAGE_SIZE, bytes));
    for (const [index, page] of wanted) {
      const at = (index - first) * PAGE_SIZE;
      this.frames.bytes(page).set(bytes.subarray(at, at + PAGE_SIZE));
      this.pages.set(index, page);
    }
  }

  private writeBack(index: number): boolean {
    const page = this.pages.get(index);
    const start = index * PAGE_SIZE;
    const length = Math.min(PAGE_SIZE, this.backing.size - start);
    if (page === undefined || length <= 0) return true;
    const bytes = this.frames.bytes(page);
    // What stands behind the end is not the file's: who maps it next must not find it (POSIX, mmap).
    bytes.fill(0, length);
    return this.backing.writeAt?.(start, bytes.subarray(0, length)) ?? true;
  }

  private drop(index: number): void {
    const page = this.pages.get(index);
    this.dirty.delete(index);
    if (page === undefined) return;
    this.pages.delete(index);
    this.frames.release(page);
  }

  private forgetIfEmpty(): void {
    if (this.pages.size > 0 || this.areas.size > 0) return;
    this.backing.cached = undefined;
    this.onGone();
  }

  /** Calls `visit` with the bytes of each page in memory that the range has, and where in the range they stand. */
  private eachPart(
    position: number,
    length: number,
    visit: (index: number, bytes: Uint8Array, done: number) => void,
  ): void {
    const end = position + length;
    const part = (index: number, page: number) => {
      const start = Math.max(position, index * PAGE_SIZE);
      const stop = Math.min(end, (index + 1) * PAGE_SIZE);
      if (start >= stop) return;
      const bytes = this.frames.bytes(page).subarray(start % PAGE_SIZE, (start % PAGE_SIZE) + stop - start);
      visit(index, bytes, start - position);
    };
    // The smaller of the two is gone through: the range, or the pages there are.
    if (length / PAGE_SIZE > this.pages.size) for (const [index, page] of this.pages) part(index, page);
    else
      for (let index = Math.floor(position / PAGE_SIZE); index * PAGE_SIZE < end; index++) {
        const page = this.pages.get(index);
        if (page !== undefined) part(index, page);
      }
  }
}
