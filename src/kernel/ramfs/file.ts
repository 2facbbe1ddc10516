import type { AttributeChange, Attributes, ExtendedAttributes } from "../vfs/inode.ts";
import { type FileData, FileInode } from "../vfs/regular-file.ts";
import { PAGE, type RamFilesystem } from "./filesystem.ts";
import { RamNode } from "./node.ts";

/** Bytes that a file starts out with and that are read only when asked for. */
export interface FileSource {
  readonly size: number;
  readAt(into: Uint8Array, position: number): number;
}

/**
 * A file in memory: pages by number, made when first written. A page that is not there is zeros, or the source's
 * bytes where the file has one: so a copy of a big file costs only what is changed in it.
 */
export class RamFile extends FileInode implements FileData {
  readonly filesystem: RamFilesystem;
  readonly node: RamNode;
  size = 0;
  private readonly pages = new Map<number, Uint8Array>();
  private readonly source: FileSource | undefined;
  /** Bytes of the source that still show. */
  private sourceSize = 0;

  constructor(filesystem: RamFilesystem, mode: number, source?: FileSource, like?: Attributes) {
    super();
    this.filesystem = filesystem;
    this.node = new RamNode(filesystem, mode, () => this.shrink(0), like);
    this.source = source;
    this.sourceSize = source?.size ?? 0;
    this.size = this.sourceSize;
  }

  attributes(): Attributes {
    const pages = Math.min(Math.ceil(this.sourceSize / PAGE) + this.pages.size, Math.ceil(this.size / PAGE));
    return this.node.attributes(this.size, pages * (PAGE / 512));
  }

  setAttributes(change: AttributeChange): void {
    this.changing();
    this.node.change(change);
  }

  override get extendedAttributes(): ExtendedAttributes {
    return this.node.extendedAttributes(() => this.changing());
  }

  override accessed(): void {
    this.node.accessed();
  }

  openData(): FileData {
    this.node.opened();
    this.node.retain();
    return this;
  }

  close(): void {
    this.node.release();
  }

  sync(): void {}

  readAt(into: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(into.length, this.size - position));
    for (let done = 0; done < count; ) {
      const at = position + done;
      const length = Math.min(count - done, PAGE - (at % PAGE));
      const page = this.pages.get(Math.floor(at / PAGE));
      const part = into.subarray(done, done + length);
      if (page) part.set(page.subarray(at % PAGE, (at % PAGE) + length));
      else this.readSource(part, at);
      done += length;
    }
    return count;
  }

  writeAt(from: Uint8Array, position: number): number {
    this.changing();
    let done = 0;
    try {
      while (done < from.length) {
        const at = position + done;
        const length = Math.min(from.length - done, PAGE - (at % PAGE));
        this.page(Math.floor(at / PAGE)).set(from.subarray(done, done + length), at % PAGE);
        done += length;
        this.size = Math.max(this.size, at + length);
      }
    } catch (error) {
      if (done === 0) throw error;
    }
    this.node.modified();
    return done;
  }

  resize(size: number): void {
    this.changing();
    if (size < this.size) this.shrink(size);
    this.size = size;
    this.node.modified();
  }

  reserve(from: number, to: number): void {
    this.changing();
    const first = Math.max(Math.floor(from / PAGE), Math.ceil(this.sourceSize / PAGE));
    const end = Math.ceil(to / PAGE);
    let missing = Math.max(0, end - first);
    for (const index of this.pages.keys()) if (index >= first && index < end) missing--;
    // All of it or nothing.
    this.filesystem.charge(missing * PAGE);
    this.filesystem.discharge(missing * PAGE);
    for (let index = first; index < end; index++) this.page(index);
  }

  /** Pages that do not exist are zeros already, so a hole of any size costs what is in it. */
  zero(from: number, to: number): void {
    this.changing();
    const first = Math.floor(from / PAGE);
    const shown = Math.min(Math.ceil(this.sourceSize / PAGE), Math.ceil(to / PAGE));
    for (let index = first; index < shown; index++) this.page(index);
    for (const [index, page] of this.pages) {
      const start = Math.max(from, index * PAGE);
      const end = Math.min(to, (index + 1) * PAGE);
      if (start >= end) continue;
      if (end - start === PAGE && start >= this.sourceSize) this.dropPage(index);
      else page.fill(0, start - index * PAGE, end - index * PAGE);
    }
    this.node.modified();
  }

  /** Data is what has a page, or is the source's. */
  next(position: number, hole: boolean): number {
    const first = Math.floor(position / PAGE);
    const index = hole ? this.holeFrom(first) : this.pageFrom(first);
    return Math.min(this.size, Math.max(position, index * PAGE));
  }

  private isPage(index: number): boolean {
    return index * PAGE < this.sourceSize || this.pages.has(index);
  }

  private holeFrom(first: number): number {
    let index = Math.max(first, Math.ceil(this.sourceSize / PAGE));
    while (this.pages.has(index)) index++;
    return index;
  }

  /** Goes through a gap page by page, or through all pages where those are fewer. */
  private pageFrom(first: number): number {
    const near = Math.min(first + this.pages.size + 1, Math.ceil(this.size / PAGE));
    for (let index = first; index < near; index++) if (this.isPage(index)) return index;
    let found = Number.POSITIVE_INFINITY;
    for (const index of this.pages.keys()) if (index >= near && index < found) found = index;
    return found;
  }

  /** Called before every change. */
  protected changing(): void {}

  /** A page to write to. Throws ENOSPC. */
  private page(index: number): Uint8Array {
    const known = this.pages.get(index);
    if (known) return known;
    this.filesystem.charge(PAGE);
    const page = new Uint8Array(PAGE);
    this.readSource(page, index * PAGE);
    this.pages.set(index, page);
    return page;
  }

  private readSource(into: Uint8Array, position: number): void {
    const count = Math.max(0, Math.min(into.length, this.sourceSize - position));
    const got = count > 0 ? (this.source?.readAt(into.subarray(0, count), position) ?? 0) : 0;
    into.fill(0, got);
  }

  private shrink(size: number): void {
    this.sourceSize = Math.min(this.sourceSize, size);
    const kept = Math.ceil(size / PAGE);
    for (const index of this.pages.keys()) if (index >= kept) this.dropPage(index);
    this.pages.get(kept - 1)?.fill(0, size - (kept - 1) * PAGE);
  }

  private dropPage(index: number): void {
    if (this.pages.delete(index)) this.filesystem.discharge(PAGE);
  }
}
