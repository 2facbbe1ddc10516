import type { PageTable } from "../../cpu/page-table.ts";
import { PAGE_SIZE, Pte } from "../../cpu/sv39.ts";
import type { PageFrames } from "./page-frames.ts";
import { Prot, type Vma } from "./vma.ts";

/** Pages mapped together at a first touch. */
const AROUND = 16;

export type Access = "read" | "write" | "execute";

/** No page left, in the middle of something: the system call fails with ENOMEM, an access ends the process. */
export class OutOfMemory extends Error {}

/**
 * The pages of one address space that are present: entries of its page table, each holding one frame. Decides which
 * frame a page gets and which permissions its entry may have now. `changed` is called for entries that took a
 * permission or a frame away: whoever remembers translations of the range must forget them.
 */
export class ResidentPages {
  count = 0;
  /** The largest `count` so far. */
  peak = 0;
  private readonly table: PageTable;
  private readonly frames: PageFrames;
  private readonly changed: (start: number, length: number) => void;

  constructor(table: PageTable, frames: PageFrames, changed: (start: number, length: number) => void) {
    this.table = table;
    this.frames = frames;
    this.changed = changed;
  }

  /**
   * Makes the page at `at` present for an access that its area permits. Returns false for a page beyond the end of
   * the file. Throws `OutOfMemory`.
   */
  makePresent(vma: Vma, at: number, access: Access): boolean {
    const leaf = this.table.lookup(at);
    if (!leaf) return this.bringIn(vma, at, access);
    if (access === "write" && (leaf.flags & Pte.W) === 0) this.makeWritable(vma, at, leaf.page);
    else this.changed(at, PAGE_SIZE);
    return true;
  }

  /** Takes out the pages of a range. */
  drop(start: number, end: number): void {
    let dropped = 0;
    this.each(start, end, (at, page) => {
      this.table.unmap(at);
      this.frames.release(page);
      dropped++;
    });
    if (dropped === 0) return;
    this.count -= dropped;
    this.changed(start, end - start);
  }

  /** Gives the pages of a range, which is in `vma`, the area's new permissions. */
  protect(vma: Vma, start: number, end: number): void {
    this.each(start, end, (at, page, flags) => {
      const mayWrite = vma.object
        ? !vma.object.backing || (flags & Pte.W) !== 0
        : !this.frames.isShared(page);
      this.table.protect(at, pteFlags(mayWrite ? vma.prot : vma.prot & ~Prot.write));
    });
    this.changed(start, end - start);
  }

  /** Moves the pages of a range to another address. Throws `OutOfMemory`; then all are where they were. */
  move(from: number, to: number, length: number): void {
    const moveAll = (source: number, target: number) =>
      this.each(source, source + length, (at, page, flags) => {
        this.table.map(target + (at - source), page, flags);
        this.table.unmap(at);
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

  /** Shows an area's private pages to another address space too, until one side writes to them. */
  shareWith(other: ResidentPages, vma: Vma): void {
    this.each(vma.start, vma.end, (at, page, flags) => {
      const shared = flags & ~(Pte.W | Pte.D);
      this.frames.share(page);
      this.table.protect(at, shared);
      other.enter(at, page, shared);
    });
    this.changed(vma.start, vma.end - vma.start);
  }

  /** Calls `visit` for the pages of a range that are present; skips what has no table. */
  each(start: number, end: number, visit: (at: number, page: number, flags: number) => void): void {
    for (let at = start; at < end; ) {
      const walk = this.table.walk(at);
      if (walk.end === "leaf") visit(at, walk.page, walk.flags);
      const span = PAGE_SIZE * 512 ** walk.steps[walk.steps.length - 1].level;
      at += span - (at % span);
    }
  }

  /** First touch of a page. */
  private bringIn(vma: Vma, at: number, access: Access): boolean {
    const offset = vma.offset + (at - vma.start);
    const source = vma.object ? vma.object.backing : vma.backing;
    if (source && offset >= Math.ceil(source.size / PAGE_SIZE) * PAGE_SIZE) return false;
    if (vma.object) {
      this.enterShared(vma, at, offset / PAGE_SIZE, access);
      return true;
    }
    const page = this.newFrame();
    vma.backing?.readAt(offset, this.frames.bytes(page));
    this.enter(at, page, pteFlags(vma.prot));
    if (!vma.backing) this.enterAround(vma, at);
    return true;
  }

  /** A page's entry does not let it be written, its area does: first write to what is shared in one way or another. */
  private makeWritable(vma: Vma, at: number, page: number): void {
    if (vma.object) vma.object.markDirty((vma.offset + (at - vma.start)) / PAGE_SIZE);
    else if (this.frames.isShared(page)) {
      const copy = this.newFrame();
      this.frames.bytes(copy).set(this.frames.bytes(page));
      this.table.map(at, copy, pteFlags(vma.prot));
      this.frames.release(page);
      this.changed(at, PAGE_SIZE);
      return;
    }
    this.table.protect(at, pteFlags(vma.prot));
    this.changed(at, PAGE_SIZE);
  }

  /** A shared file's page is read-only until it is written, so that its object knows what to write back. */
  private enterShared(vma: Vma, at: number, index: number, access: Access): void {
    const object = vma.object!;
    const page = object.page(index);
    if (page === -1) throw new OutOfMemory();
    this.frames.share(page);
    if (access === "write") object.markDirty(index);
    const writable = access === "write" || !object.backing;
    this.enter(at, page, pteFlags(writable ? vma.prot : vma.prot & ~Prot.write));
  }

  /**
   * Anonymous memory is mostly touched in order, so the rest of an aligned group of pages is mapped with the first:
   * frames of the machine are given out, but no memory of the host until they are touched.
   */
  private enterAround(vma: Vma, at: number): void {
    if (this.frames.allocator.freePages < 64 * AROUND) return;
    const group = at - (at % (AROUND * PAGE_SIZE));
    const end = Math.min(vma.end, group + AROUND * PAGE_SIZE);
    for (let next = at + PAGE_SIZE; next < end; next += PAGE_SIZE) {
      if (this.table.lookup(next)) return;
      this.enter(next, this.newFrame(), pteFlags(vma.prot));
    }
  }

  /** Lets go of the page where there is no room for a table that it needs. */
  private enter(at: number, page: number, flags: number): void {
    try {
      this.table.map(at, page, flags);
    } catch (error) {
      this.frames.release(page);
      throw error;
    }
    this.count++;
    if (this.count > this.peak) this.peak = this.count;
  }

  private newFrame(): number {
    const page = this.frames.allocate();
    if (page === -1) throw new OutOfMemory();
    return page;
  }
}

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
