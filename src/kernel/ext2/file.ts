import { errno } from "../syscalls/errno.ts";
import { fail, VfsError } from "../vfs/error.ts";
import type { AttributeChange, Attributes } from "../vfs/inode.ts";
import { type FileData, FileInode } from "../vfs/regular-file.ts";
import type { Ext2Filesystem } from "./filesystem.ts";
import type { Node } from "./node.ts";

/** Bytes read at once where the file stands together on the disk. */
const READ_AHEAD = 256 << 10;
/** Bytes written between two moments at which a commit may be made. */
const WRITE_PIECE = 4 << 20;

export class Ext2File extends FileInode implements FileData {
  readonly filesystem: Ext2Filesystem;
  readonly node: Node;

  constructor(filesystem: Ext2Filesystem, node: Node) {
    super();
    this.filesystem = filesystem;
    this.node = node;
  }

  get size(): number {
    return this.node.size;
  }

  attributes(): Attributes {
    return this.node.attributes();
  }

  setAttributes(change: AttributeChange): void {
    this.node.change(change);
  }

  openData(): FileData {
    if (this.node.isGone) fail("ENOENT");
    this.node.retain();
    return this;
  }

  close(): void {
    this.node.release();
  }

  sync(): void {
    this.filesystem.sync();
  }

  readAt(into: Uint8Array, position: number): number {
    const { map, store, size } = this.node;
    const { blockSize } = store.geometry;
    const count = Math.max(0, Math.min(into.length, size - position));
    for (let done = 0; done < count; ) {
      const index = Math.floor((position + done) / blockSize);
      const within = (position + done) % blockSize;
      const length = Math.min(count - done, blockSize - within);
      const block = map.find(index);
      if (block === 0) into.fill(0, done, done + length);
      else {
        if (!store.cache.has(block)) this.fetch(index, block);
        into.set(store.cache.read(block).subarray(within, within + length), done);
      }
      done += length;
    }
    store.trim();
    return count;
  }

  writeAt(from: Uint8Array, position: number): number {
    const { store } = this.node;
    let done = 0;
    let isLastTry = false;
    while (done < from.length) {
      const { count, failure } = this.writePiece(from.subarray(done, done + WRITE_PIECE), position + done);
      done += count;
      if (!failure) continue;
      // Blocks that were freed can be had once the disk does not refer to them any more.
      const mayTryAgain = failure.code === errno.ENOSPC && store.pending > 0 && (count > 0 || !isLastTry);
      if (!mayTryAgain) {
        if (done === 0) throw failure;
        break;
      }
      isLastTry = true;
      store.commit(false);
    }
    return done;
  }

  resize(size: number): void {
    const { node } = this;
    if (size > node.map.mostBytes) fail("EFBIG");
    node.store.begin();
    this.zeroTail(Math.min(size, node.size));
    if (size < node.size) {
      node.size = size;
      node.map.truncate(Math.ceil(size / node.store.geometry.blockSize));
    }
    node.size = size;
    node.modified();
  }

  reserve(from: number, to: number): void {
    const { node } = this;
    const { blockSize } = node.store.geometry;
    for (let index = Math.floor(from / blockSize); index * blockSize < to; index++)
      node.store.attempt(() => {
        try {
          const { block, isNew } = node.map.assign(index);
          if (isNew) node.store.cache.create(block);
        } finally {
          node.save();
        }
      });
  }

  zero(from: number, to: number): void {
    if (from >= to) return;
    const { node } = this;
    const { blockSize } = node.store.geometry;
    node.store.begin();
    const first = Math.ceil(from / blockSize);
    const end = Math.floor(to / blockSize);
    if (first > end) this.zeroPart(first - 1, from % blockSize, to % blockSize);
    else {
      if (from % blockSize > 0) this.zeroPart(first - 1, from % blockSize, blockSize);
      if (to % blockSize > 0) this.zeroPart(end, 0, to % blockSize);
    }
    if (first < end) node.map.punch(first, end);
    node.modified();
  }

  /** Writes as much as there is room for. */
  private writePiece(from: Uint8Array, position: number): { count: number; failure?: VfsError } {
    const { node } = this;
    const { store, map } = node;
    const { blockSize } = store.geometry;
    const room = map.mostBytes - position;
    if (room <= 0) fail("EFBIG");
    store.begin();
    let done = 0;
    let failure: VfsError | undefined;
    try {
      if (position > node.size) this.zeroTail(node.size);
      const count = Math.min(from.length, room);
      while (done < count) {
        const index = Math.floor((position + done) / blockSize);
        const within = (position + done) % blockSize;
        const length = Math.min(count - done, blockSize - within);
        this.blockFor(index, length).set(from.subarray(done, done + length), within);
        done += length;
      }
    } catch (error) {
      if (!(error instanceof VfsError)) throw error;
      failure = error;
    }
    if (done > 0) node.size = Math.max(node.size, position + done);
    if (done > 0) node.modified();
    else node.save();
    return { count: done, failure };
  }

  /** The bytes of a block of which `length` are to be written. */
  private blockFor(index: number, length: number): Uint8Array {
    const { map, store } = this.node;
    const { block, isNew } = map.assign(index);
    if (length === store.geometry.blockSize) return store.cache.replace(block);
    return isNew ? store.cache.create(block) : store.cache.change(block);
  }

  /** Reads what is not here of the file's block `index` and those behind it. */
  private fetch(index: number, block: number): void {
    const { map, store, size } = this.node;
    const { blockSize } = store.geometry;
    store.trim();
    const most = Math.min(READ_AHEAD / blockSize, Math.ceil(size / blockSize) - index);
    const run = map.run(index, most);
    let count = 1;
    while (count < run && !store.cache.has(block + count)) count++;
    store.cache.prefetch(block, count);
  }

  /** What stands in the last block behind the end, which may be anything, becomes zeros. */
  private zeroTail(size: number): void {
    const { blockSize } = this.node.store.geometry;
    const within = size % blockSize;
    if (within > 0) this.zeroPart(Math.floor(size / blockSize), within, blockSize);
  }

  private zeroPart(index: number, from: number, to: number): void {
    const { map, store } = this.node;
    if (map.find(index) === 0) return;
    store.cache.change(map.assign(index).block).fill(0, from, to);
  }
}
