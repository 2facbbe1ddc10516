import type { PageTable } from "../../cpu/page-table.ts";
import { PAGE_SIZE, Pte } from "../../cpu/sv39.ts";
import { chooseFrame } from "./frame-choice.ts";
import type { PageFrames } from "./page-frames.ts";
import type { PageObject } from "./page-object.ts";
import { Prot, type Vma } from "./vma.ts";

/** Pages mapped together at a first touch, an aligned group. */
const AROUND = 16;
/** Only with this many pages free is anonymous memory mapped in groups. */
const PLENTY = 64 * AROUND;

/** The entry's page is its area's object's, not a private copy (bit 8, which Sv39 leaves to software). */
const OF_OBJECT = 1 << 8;
const FLAGS = 0x3ff;

export type Access = "read" | "write" | "execute";

/** No page left, in the middle of something: the system call fails with ENOMEM, an access ends the process. */
export class OutOfMemory extends Error {}

/**
 * The pages of one address space that are present: entries of its page table, each holding one frame. Decides which
 * frame a page gets and which permissions its entry may have now. `changed` is called for entries that took a
 * permission or a frame away: whoever remembers translations of the range must forget them.
 *
 * Taking a page may make the page cache give pages back and so change entries of this table. So tables are made before
 * a page of an object is asked for, and no entry is remembered over it.
 */
export class ResidentPages {
  count = 0;
  /** The largest `count` so far. */
  peak = 0;
  private readonly table: PageTable;
  private readonly frames: PageFrames;
  private readonly changed: (start: number, length: number) => void;
  private readonly u32: Uint32Array;

  constructor(table: PageTable, frames: PageFrames, changed: (start: number, length: number) => void) {
    this.table = table;
    this.frames = frames;
    this.changed = changed;
    this.u32 = frames.ram.arena.u32;
  }

  /** The low word of the entry for `at`; 0 where the page is not present. */
  entry(at: number): number {
    const word = this.table.entry(at);
    if (word === -1) return 0;
    const low = this.u32[word];
    return (low & Pte.V) === 0 ? 0 : low;
  }

  /** The page at `at` is present and, for a write, private or known to be written. */
  isReady(at: number, access: Access): boolean {
    const low = this.entry(at);
    return (low & Pte.A) !== 0 && (access !== "write" || (low & Pte.W) !== 0);
  }

  /** The page at `at` is present, and not only because a neighbour was touched. */
  isTouched(at: number): boolean {
    return (this.entry(at) & Pte.A) !== 0;
  }

  /** The kernel uses a page that is present: says so in its entry, as the hart does. */
  touch(at: number): void {
    this.u32[this.table.entry(at)] |= Pte.A;
  }

  /** The page present at `at` is its area's object's, not a private copy. */
  isOfObject(at: number): boolean {
    return (this.entry(at) & OF_OBJECT) !== 0;
  }

  /**
   * Makes the page at `at` present for an access that its area permits. Returns false for a page beyond the end of
   * the file. Throws `OutOfMemory`.
   */
  makePresent(vma: Vma, at: number, access: Access): boolean {
    const low = this.entry(at);
    if (low === 0) return this.bringIn(vma, at, access === "write");
    if (access === "write" && (low & Pte.W) === 0) this.makeWritable(vma, at, low);
    else {
      this.touch(at);
      this.changed(at, PAGE_SIZE);
    }
    return true;
  }

  /** Takes out the pages of a range. */
  drop(start: number, end: number): void {
    this.dropSome(start, end, true);
  }

  /** Takes out the pages of a range that are their object's; `copies`: private ones too. */
  dropSome(start: number, end: number, copies: boolean): void {
    let first = end;
    let last = start;
    this.each(start, end, (at, page, flags, word) => {
      if (!copies && (flags & OF_OBJECT) === 0) return;
      this.u32[word] = 0;
      this.frames.release(page);
      this.count--;
      if (first === end) first = at;
      last = at;
    });
    if (first < end) this.changed(first, last + PAGE_SIZE - first);
  }

  /** Gives the pages of a range, which is in `vma`, the area's new permissions. */
  protect(vma: Vma, start: number, end: number): void {
    this.each(start, end, (_at, page, flags, word) => {
      const mayWrite = vma.shared
        ? !vma.object?.hasFile || (flags & Pte.W) !== 0
        : (flags & OF_OBJECT) === 0 && !this.frames.isShared(page);
      const allowed = pteFlags(mayWrite ? vma.prot : vma.prot & ~Prot.write);
      this.set(word, page, ((flags & Pte.A) === 0 ? untouched(allowed) : allowed) | (flags & OF_OBJECT));
    });
    this.changed(start, end - start);
  }

  /** Makes the next write to each page of a range fault. */
  forbidWrites(start: number, end: number): void {
    this.each(start, end, (_at, _page, _flags, word) => {
      this.u32[word] &= ~(Pte.W | Pte.D);
    });
    this.changed(start, end - start);
  }

  /** Moves the pages of a range to another address. Throws `OutOfMemory`; then all are where they were. */
  move(from: number, to: number, length: number): void {
    const moveAll = (source: number, target: number) =>
      this.each(source, source + length, (at, _page, _flags, word) => {
        const place = this.newEntry(target + (at - source));
        this.u32[place] = this.u32[word];
        this.u32[word] = 0;
      });
    try {
      moveAll(from, to);
    } catch (error) {
      moveAll(to, from);
      throw error;
    } finally {
      this.changed(from, length);
    }
  }

  /**
   * Shows an area's private pages to another address space too, until one side writes to them. What comes from the
   * area's object will come from there again. Throws `OutOfMemory`.
   */
  shareWith(other: ResidentPages, vma: Vma): void {
    if (vma.object && !vma.copied) return;
    const { u32, frames } = this;
    let first = vma.end;
    let last = vma.start;
    this.table.eachTable(vma.start, vma.end, (word, start, count) => {
      const to = other.newEntry(start);
      let shared = 0;
      for (let i = 0; i < 2 * count; i += 2) {
        const low = u32[word + i];
        if ((low & (Pte.V | OF_OBJECT)) !== Pte.V) continue;
        const readOnly = low & ~(Pte.W | Pte.D);
        if (readOnly !== low) {
          u32[word + i] = readOnly;
          last = start + (i / 2) * PAGE_SIZE;
          if (first === vma.end) first = last;
        }
        u32[to + i] = readOnly;
        frames.share(low >>> 10);
        shared++;
      }
      other.add(shared);
    });
    if (first < vma.end) this.changed(first, last + PAGE_SIZE - first);
  }

  /** Calls `visit` for the pages of a range that are present; skips what has no table. */
  each(
    start: number,
    end: number,
    visit: (at: number, page: number, flags: number, word: number) => void,
  ): void {
    const { u32 } = this;
    this.table.eachTable(start, end, (first, from, count) => {
      for (let i = 0; i < count; i++) {
        const word = first + 2 * i;
        const low = u32[word];
        if ((low & Pte.V) !== 0) visit(from + i * PAGE_SIZE, low >>> 10, low & FLAGS, word);
      }
    });
  }

  /** First touch of a page. */
  private bringIn(vma: Vma, at: number, write: boolean): boolean {
    const word = this.newEntry(at);
    const { object } = vma;
    if (!object) {
      const page = this.newFrame(vma, at);
      this.set(word, page, pteFlags(vma.prot));
      this.add(1 + this.mapZerosBehind(vma, at, page));
      return true;
    }
    const offset = vma.offset + (at - vma.start);
    if (!object.holds(offset)) return false;
    const index = offset / PAGE_SIZE;
    const page = object.page(index);
    if (page === -1) throw new OutOfMemory();
    this.frames.share(page);
    if (write && !vma.shared) {
      this.set(word, this.copyOf(page, vma, at), pteFlags(vma.prot));
      this.add(1);
      vma.copied = true;
      return true;
    }
    if (write) object.markDirty(index);
    const writable = vma.shared && (write || !object.hasFile);
    this.set(word, page, pteFlags(writable ? vma.prot : vma.prot & ~Prot.write) | OF_OBJECT);
    this.add(1);
    if (object.hasFile) this.mapKnownAround(vma, object, at, offset);
    return true;
  }

  /** A page's entry does not let it be written, its area does: first write to what is shared in one way or another. */
  private makeWritable(vma: Vma, at: number, low: number): void {
    const page = low >>> 10;
    const word = this.table.entry(at);
    if (vma.shared) {
      vma.object?.markDirty((vma.offset + (at - vma.start)) / PAGE_SIZE);
      this.set(word, page, pteFlags(vma.prot) | (low & OF_OBJECT));
    } else if ((low & OF_OBJECT) !== 0 || this.frames.isShared(page)) {
      // Held once more while a page is looked for, which may take this one out of the table.
      this.frames.share(page);
      const copy = this.copyOf(page, vma, at);
      if ((this.u32[word] & Pte.V) !== 0) this.frames.release(page);
      else this.add(1);
      this.set(word, copy, pteFlags(vma.prot));
      if ((low & OF_OBJECT) !== 0) vma.copied = true;
    } else {
      this.set(word, page, pteFlags(vma.prot));
      this.allowWritesAround(vma, at);
    }
    this.changed(at, PAGE_SIZE);
  }

  /** Whoever shared the page with this space has gone, and shared its neighbours: those are not to fault one by one. */
  private allowWritesAround(vma: Vma, at: number): void {
    const first = Math.max(vma.start, groupOf(at));
    const end = Math.min(vma.end, groupOf(at) + AROUND * PAGE_SIZE);
    const flags = pteFlags(vma.prot);
    let word = this.table.entry(first);
    for (let next = first; next < end; next += PAGE_SIZE, word += 2) {
      const low = this.u32[word];
      const page = low >>> 10;
      if ((low & (Pte.V | Pte.W | OF_OBJECT)) !== Pte.V || this.frames.isShared(page)) continue;
      this.set(word, page, (low & Pte.A) === 0 ? untouched(flags) : flags);
    }
  }

  /** A private copy of a page that is held for the purpose, and let go of. */
  private copyOf(page: number, vma: Vma, at: number): number {
    try {
      const copy = this.newFrame(vma, at, true);
      this.frames.copy(page, copy);
      return copy;
    } finally {
      this.frames.release(page);
    }
  }

  /**
   * Anonymous memory is mostly touched in order, so the rest of an aligned group of pages is mapped with the first: frames
   * of the machine are given out, but no memory of the host until they are touched. The hart says in their entries when they
   * are. Returns how many were mapped.
   */
  private mapZerosBehind(vma: Vma, at: number, page: number): number {
    if (this.frames.allocator.freePages < PLENTY) return 0;
    const end = Math.min(vma.end, groupOf(at) + AROUND * PAGE_SIZE);
    const flags = untouched(pteFlags(vma.prot));
    const word = this.table.entry(at);
    let wanted = (end - at) / PAGE_SIZE - 1;
    for (let i = 1; i <= wanted; i++) if (this.u32[word + 2 * i] !== 0) wanted = i - 1;
    const together = this.frames.allocateFrom(page + 1, wanted);
    for (let i = 1; i <= wanted; i++)
      this.set(word + 2 * i, i <= together ? page + i : this.newFrame(vma, at + i * PAGE_SIZE), flags);
    return wanted;
  }

  /** The pages around that are in memory anyway, as Linux's fault-around does. */
  private mapKnownAround(vma: Vma, object: PageObject, at: number, offset: number): void {
    const first = Math.max(vma.start, groupOf(at));
    const end = Math.min(vma.end, groupOf(at) + AROUND * PAGE_SIZE);
    const flags = pteFlags(vma.prot & ~Prot.write) | OF_OBJECT;
    let word = this.table.entry(first);
    let mapped = 0;
    for (let next = first; next < end; next += PAGE_SIZE, word += 2) {
      if (this.u32[word] !== 0) continue;
      const page = object.known((offset + (next - at)) / PAGE_SIZE);
      if (page === -1) continue;
      this.frames.share(page);
      this.set(word, page, flags);
      mapped++;
    }
    this.add(mapped);
  }

  /** Where the entry for `at` stands; a table is made for it where there is none. */
  private newEntry(at: number): number {
    const word = this.table.entry(at);
    return word === -1 ? this.table.makeEntry(at) : word;
  }

  /** Pages of RAM have numbers of 22 bits (below 16 GiB), so that the entry's high word is always 0. */
  private set(word: number, page: number, flags: number): void {
    this.u32[word] = (page << 10) | flags | Pte.V;
  }

  private add(pages: number): void {
    this.count += pages;
    if (this.count > this.peak) this.peak = this.count;
  }

  private newFrame(vma: Vma, at: number, isCopy = false): number {
    const page = chooseFrame(this.frames, vma, at, isCopy, this.ownPage);
    if (page === -1) throw new OutOfMemory();
    return page;
  }

  /** The page present at `at`, where it is no object's; else -1. */
  private readonly ownPage = (at: number): number => {
    const low = this.entry(at);
    return (low & (Pte.V | OF_OBJECT)) === Pte.V ? low >>> 10 : -1;
  };
}

const groupOf = (at: number): number => at - (at % (AROUND * PAGE_SIZE));

const untouched = (flags: number): number => flags & ~(Pte.A | Pte.D);

/**
 * A page-table entry must be readable to be writable. Accessed and dirty are set here, so the hart need not. A page
 * that permits nothing stays, out of user mode's reach.
 */
function pteFlags(prot: number): number {
  if (prot === Prot.none) return Pte.R | Pte.A;
  let flags = Pte.U | Pte.A;
  if ((prot & (Prot.read | Prot.write)) !== 0) flags |= Pte.R;
  if ((prot & Prot.write) !== 0) flags |= Pte.W | Pte.D;
  if ((prot & Prot.exec) !== 0) flags |= Pte.X;
  return flags;
}
