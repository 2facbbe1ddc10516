import type { CachedPages } from "../rkvm/backing.ts";
import type { AttributeChange, Attributes } from "./inode.ts";
import type { FileData, FileInode } from "./regular-file.ts";

/** The bytes of an open file as mappings of it see them: what one writes, the other reads at once. */
export class CoherentData implements FileData {
  private readonly inode: FileInode;
  private readonly data: FileData;

  constructor(inode: FileInode, data: FileData) {
    this.inode = inode;
    this.data = data;
  }

  get size(): number {
    return this.data.size;
  }

  attributes(): Attributes {
    return this.data.attributes();
  }

  setAttributes(change: AttributeChange): void {
    this.data.setAttributes(change);
  }

  readAt(into: Uint8Array, position: number): number {
    const count = this.data.readAt(into, position);
    this.cached?.read(into.subarray(0, count), position);
    return count;
  }

  writeAt(from: Uint8Array, position: number): number {
    const { cached } = this;
    const before = cached ? this.data.size : 0;
    const count = this.data.writeAt(from, position);
    if (cached && position > before) cached.resized(before, position);
    cached?.written(from.subarray(0, count), position);
    return count;
  }

  resize(size: number): void {
    const before = this.data.size;
    this.data.resize(size);
    this.cached?.resized(before, size);
  }

  reserve(from: number, to: number): void {
    this.data.reserve(from, to);
  }

  zero(from: number, to: number): void {
    this.data.zero(from, to);
    this.cached?.zeroed(from, to);
  }

  /** Without known holes: all data, and one hole at its end. What mappings have written is data. */
  next(position: number, hole: boolean): number {
    if (!this.data.next) return hole ? this.size : position;
    this.cached?.flush();
    return this.data.next(position, hole);
  }

  sync(): void {
    this.cached?.flush();
    this.data.sync();
  }

  close(): void {
    this.cached?.flush();
    this.data.close();
  }

  private get cached(): CachedPages | undefined {
    return this.inode.mapping?.cached;
  }
}
