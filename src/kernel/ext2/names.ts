import { fail } from "../vfs/error.ts";
import type { ByteString } from "../vfs/names.ts";
import {
  type Entry,
  entriesOf,
  entryAt,
  entrySize,
  nameAt,
  point,
  putEntry,
  roomIn,
  setLength,
} from "./entries.ts";
import type { Node } from "./node.ts";

/** Names that one directory may have, as they are kept in memory; and entries that are looked at for them. */
const MOST_NAMES = 1_000_000;
const MOST_ENTRIES = 4 * MOST_NAMES;

/** What a name in a directory leads to, and where it stands: a byte of the directory. */
export interface Found {
  readonly ino: number;
  /** Of `FileType`; 0: not told. */
  readonly type: number;
  readonly at: number;
}

/**
 * The names in a directory. They are read once, into a map; the blocks are changed with it. The caller has begun a
 * change.
 */
export class Names {
  private readonly node: Node;
  private readonly map = new Map<ByteString, Found>();
  /** The block that had room last, and an entry there that may have more; whether it is worth while to look elsewhere. */
  private last = 0;
  private lastEntry: number | undefined;
  private hasGaps = true;
  /** By block: the most bytes that a new entry may have there, or more. */
  private readonly room: number[] = [];

  /** Throws EUCLEAN where the directory is damaged. */
  constructor(node: Node) {
    this.node = node;
    const { blockSize, hasFileType } = node.store.geometry;
    const blocks = node.size / blockSize;
    if (!Number.isInteger(blocks)) fail("EUCLEAN");
    let left = MOST_ENTRIES;
    for (let index = 0; index < blocks; index++) {
      const block = node.map.find(index);
      let room = 0;
      if (block !== 0)
        for (const entry of entriesOf(node.store.cache.read(block), hasFileType)) {
          if (left-- === 0) fail("ENOMEM");
          room = Math.max(room, roomIn(entry));
          if (entry.ino !== 0) this.note(nameAt(node.store.cache.read(block), entry), entry, index);
        }
      this.room.push(room);
      node.store.trim();
    }
  }

  get size(): number {
    return this.map.size;
  }

  get(name: ByteString): Found | undefined {
    return this.map.get(name);
  }

  /** Without `.` and `..`. */
  list(): IterableIterator<[ByteString, Found]> {
    return this.map.entries();
  }

  /** Puts a name in. Throws ENOSPC. */
  add(name: ByteString, to: { readonly ino: number; readonly type: number }): void {
    const { blockSize, hasFileType } = this.node.store.geometry;
    const size = entrySize(name.length);
    if (this.map.size >= MOST_NAMES) fail("ENOSPC");
    for (let index = this.nextWithRoom(0, size); index >= 0; index = this.nextWithRoom(index + 1, size)) {
      const at = this.addTo(index, name, to, size);
      if (at < 0) continue;
      this.last = index;
      this.lastEntry = at;
      this.map.set(name, { ino: to.ino, type: to.type, at: index * blockSize + at });
      return;
    }
    this.hasGaps = false;
    const index = this.room.length;
    const bytes = this.append();
    putEntry(bytes, 0, blockSize, name, to, hasFileType);
    this.room[index] = blockSize - size;
    this.last = index;
    this.lastEntry = 0;
    this.map.set(name, { ino: to.ino, type: to.type, at: index * blockSize });
  }

  remove(name: ByteString): void {
    const found = this.map.get(name) ?? fail("ENOENT");
    const { blockSize, hasFileType } = this.node.store.geometry;
    const index = Math.floor(found.at / blockSize);
    const bytes = this.change(index);
    const entry = entryAt(bytes, found.at % blockSize, hasFileType);
    let before: Entry | undefined;
    for (const other of entriesOf(bytes, hasFileType)) {
      if (other.at >= entry.at) break;
      before = other;
    }
    if (before) {
      setLength(bytes, before.at, before.length + entry.length);
      this.room[index] = Math.max(this.room[index], roomIn(before) + entry.length);
    } else {
      point(bytes, entry.at, { ino: 0, type: 0 }, hasFileType);
      this.room[index] = Math.max(this.room[index], entry.length);
    }
    this.map.delete(name);
    this.hasGaps = true;
    this.lastEntry = undefined;
  }

  /** Lets a name lead to another inode. */
  replace(name: ByteString, to: { readonly ino: number; readonly type: number }): void {
    const { at } = this.map.get(name) ?? fail("ENOENT");
    this.point(at, to);
    this.map.set(name, { ino: to.ino, type: to.type, at });
  }

  /** Lets `..` lead to another directory. */
  setParent(to: { readonly ino: number; readonly type: number }): void {
    const { hasFileType } = this.node.store.geometry;
    const bytes = this.change(0);
    for (const entry of entriesOf(bytes, hasFileType))
      if (entry.ino !== 0 && nameAt(bytes, entry) === "..") {
        this.point(entry.at, to);
        return;
      }
  }

  /** The first block of a new directory. Throws ENOSPC. */
  static begin(node: Node, parent: { readonly ino: number; readonly type: number }): void {
    const { blockSize, hasFileType } = node.store.geometry;
    const bytes = node.map.change(0);
    putEntry(bytes, 0, 12, ".", node, hasFileType);
    putEntry(bytes, 12, blockSize - 12, "..", parent, hasFileType);
    node.size = blockSize;
  }

  private note(name: ByteString, { ino, type, at }: Entry, index: number): void {
    if (name === "." || name === ".." || name.includes("/") || name.includes("\0")) return;
    if (this.map.size >= MOST_NAMES) fail("ENOMEM");
    this.map.set(name, { ino, type, at: index * this.node.store.geometry.blockSize + at });
  }

  /** Puts an entry into a block with room. Returns where, or -1 where the block is too full after all. */
  private addTo(
    index: number,
    name: ByteString,
    to: { readonly ino: number; readonly type: number },
    size: number,
  ): number {
    const { hasFileType } = this.node.store.geometry;
    const best = this.entryWithRoom(index, size);
    if (!best) return -1;
    const bytes = this.change(index);
    const used = best.ino === 0 ? 0 : best.length - roomIn(best);
    if (used > 0) setLength(bytes, best.at, used);
    putEntry(bytes, best.at + used, best.length - used, name, to, hasFileType);
    return best.at + used;
  }

  /** Where there is none, it is known from then on how much room there is at most. */
  private entryWithRoom(index: number, size: number): Entry | undefined {
    const { hasFileType } = this.node.store.geometry;
    const bytes = this.node.store.cache.read(this.node.map.find(index));
    if (index === this.last && this.lastEntry !== undefined) {
      const entry = entryAt(bytes, this.lastEntry, hasFileType);
      if (roomIn(entry) >= size) return entry;
    }
    let most = 0;
    for (const entry of entriesOf(bytes, hasFileType)) {
      const room = roomIn(entry);
      if (room >= size) return entry;
      most = Math.max(most, room);
    }
    this.room[index] = most;
    return undefined;
  }

  /** A block with enough room from block `from` on; -1 for none. */
  private nextWithRoom(from: number, size: number): number {
    if (from === 0 && this.room[this.last] >= size) return this.last;
    return this.hasGaps ? this.room.findIndex((room, index) => index >= from && room >= size) : -1;
  }

  private append(): Uint8Array {
    const { node } = this;
    const { blockSize } = node.store.geometry;
    const bytes = this.change(this.room.length);
    node.size += blockSize;
    return bytes;
  }

  private point(at: number, to: { readonly ino: number; readonly type: number }): void {
    const { blockSize, hasFileType } = this.node.store.geometry;
    point(this.change(Math.floor(at / blockSize)), at % blockSize, to, hasFileType);
  }

  private change(index: number): Uint8Array {
    this.node.dropIndex();
    this.node.store.isStructural = true;
    return this.node.map.change(index);
  }
}
