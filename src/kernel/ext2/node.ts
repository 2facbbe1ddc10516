import { fail } from "../vfs/error.ts";
import { type AttributeChange, type Attributes, FileType } from "../vfs/inode.ts";
import { BlockMap } from "./block-map.ts";
import type { Store } from "./store.ts";

/** Offsets in an inode (Linux, Documentation/filesystems/ext4/inodes.rst, with Linux's use of `i_osd2`). */
const Field = {
  mode: 0,
  uid: 2,
  size: 4,
  atime: 8,
  ctime: 12,
  mtime: 16,
  dtime: 20,
  gid: 24,
  links: 26,
  sectors: 28,
  flags: 32,
  blocks: 40,
  acl: 104,
  sizeHigh: 108,
  uidHigh: 120,
  gidHigh: 122,
  extraSize: 128,
  ctimeExtra: 132,
  mtimeExtra: 136,
  atimeExtra: 140,
  birth: 144,
  birthExtra: 148,
} as const;

export const POINTERS = 15;
/** `i_flags`: the directory has a hash tree; kinds of contents that ext2 does not have. */
const INDEXED = 0x1000;
const FOREIGN = 0x8_0000 | 0x1000_0000;
/** Most names of one inode. */
export const LINK_MAX = 32000;
const SECTOR = 512;
/** In nanoseconds. */
const SECOND = 1_000_000_000n;

/** An inode: what stands in the inode table, and how long it lives. Changes are kept by `save`. */
export class Node {
  readonly store: Store;
  readonly ino: number;
  readonly type: number;
  /** Permission bits. */
  permissions: number;
  uid: number;
  gid: number;
  size: number;
  links: number;
  /** Of 512 bytes, those of indirect blocks and attributes too. */
  sectors: number;
  /** Block pointers; a short symbolic link's target; a device's number. */
  readonly pointers = new Uint32Array(POINTERS);
  readonly map: BlockMap;
  /** On the disk it is free already, here it is in use until it is closed. */
  isHeld = false;
  /** It is no more: the number may be another inode's. */
  isGone = false;
  private readonly isPrecise: boolean;
  private flags: number;
  private acl: number;
  private atime: bigint;
  private mtime: bigint;
  private ctime: bigint;
  private holders = 0;

  /** Throws EUCLEAN where there is no inode of that number that can be used. */
  constructor(store: Store, ino: number) {
    this.store = store;
    this.ino = ino;
    const { view, at } = store.table.read(ino);
    const u16 = (field: number) => view.getUint16(at + field, true);
    const u32 = (field: number) => view.getUint32(at + field, true);
    this.type = u16(Field.mode) & FileType.mask;
    this.permissions = u16(Field.mode) & 0o7777;
    this.uid = u16(Field.uid) | (u16(Field.uidHigh) << 16);
    this.gid = u16(Field.gid) | (u16(Field.gidHigh) << 16);
    this.links = u16(Field.links);
    this.sectors = u32(Field.sectors);
    this.flags = u32(Field.flags);
    this.acl = u32(Field.acl);
    this.size = u32(Field.size) + (this.type === FileType.regular ? u32(Field.sizeHigh) * 2 ** 32 : 0);
    for (let i = 0; i < POINTERS; i++) this.pointers[i] = u32(Field.blocks + 4 * i);
    this.map = new BlockMap(this);
    const extra = store.geometry.inodeSize > 128 ? u16(Field.extraSize) : 0;
    this.isPrecise = extra >= Field.atimeExtra + 4 - Field.extraSize;
    const time = (field: number, extraField: number) => {
      const more = extra >= extraField + 4 - Field.extraSize ? u32(extraField) : 0;
      const seconds = view.getInt32(at + field, true) + (more & 3) * 2 ** 32;
      return BigInt(seconds) * SECOND + BigInt(more >>> 2);
    };
    this.atime = time(Field.atime, Field.atimeExtra);
    this.mtime = time(Field.mtime, Field.mtimeExtra);
    this.ctime = time(Field.ctime, Field.ctimeExtra);
    if (this.links === 0 || this.flags & FOREIGN || this.size > this.map.mostBytes) fail("EUCLEAN");
    if (this.type === FileType.directory && this.size > store.geometry.blocks * store.geometry.blockSize)
      fail("EUCLEAN");
  }

  /** A new inode in a free place of the table, which is near group `near`. Throws ENOSPC. */
  static create(store: Store, near: number, mode: number, links: number): Node {
    const isDirectory = (mode & FileType.mask) === FileType.directory;
    const ino = store.table.allocate(near, isDirectory);
    const { view, at } = store.table.change(ino);
    const { inodeSize, extraInodeSize } = store.geometry;
    for (let i = 0; i < inodeSize; i++) view.setUint8(at + i, 0);
    view.setUint16(at + Field.mode, mode, true);
    view.setUint16(at + Field.links, links, true);
    if (inodeSize > 128) view.setUint16(at + Field.extraSize, extraInodeSize, true);
    const node = new Node(store, ino);
    node.atime = node.stamp(store.now());
    if (extraInodeSize >= Field.birthExtra + 4 - Field.extraSize)
      writeTime(view, at, Field.birth, Field.birthExtra, node.atime);
    node.modified();
    return node;
  }

  attributes(rdev = 0): Attributes {
    const { ino, type, permissions, uid, gid, size, sectors, atime, mtime, ctime } = this;
    const nlink = this.isHeld ? 0 : this.links;
    return {
      ino,
      mode: type | permissions,
      nlink,
      uid,
      gid,
      rdev,
      size,
      blocks: sectors,
      atime,
      mtime,
      ctime,
    };
  }

  change(change: AttributeChange): void {
    this.store.begin();
    if (change.mode !== undefined) this.permissions = change.mode & 0o7777;
    this.uid = change.uid ?? this.uid;
    this.gid = change.gid ?? this.gid;
    this.atime = this.stamp(change.atime ?? this.atime);
    this.mtime = this.stamp(change.mtime ?? this.mtime);
    this.touched();
  }

  /** The contents changed. */
  modified(): void {
    this.mtime = this.stamp(this.store.now());
    this.touched();
  }

  /** Something else about it did. */
  touched(): void {
    this.ctime = this.stamp(this.store.now());
    this.save();
  }

  /** The contents change without the directory's hash tree, which is none from now on. */
  dropIndex(): void {
    this.flags &= ~INDEXED;
  }

  /** Where blocks of the file had best be. */
  get goal(): number {
    const { firstBlock, blocksPerGroup } = this.store.geometry;
    return firstBlock + this.store.table.groupOf(this.ino) * blocksPerGroup;
  }

  retain(): void {
    this.holders++;
  }

  release(): void {
    this.holders--;
    if (this.holders === 0 && this.isHeld) this.drop();
  }

  /** `by` names more or less. Throws EMLINK. */
  linked(by: number): void {
    if (this.links + by > LINK_MAX) fail("EMLINK");
    this.links = Math.max(0, this.links + by);
    this.store.isStructural = true;
    if (this.links > 0) this.touched();
    else this.unlinked();
  }

  /** The last name is gone: on the disk it is free, here once nobody has it open. */
  private unlinked(): void {
    const { store } = this;
    this.links = 0;
    this.ctime = store.now();
    if (this.holders === 0) {
      this.drop();
      return;
    }
    this.isHeld = true;
    this.save();
    this.map.each((block) => store.hold(block));
    store.table.hold(this.ino);
  }

  private drop(): void {
    const { store } = this;
    this.links = 0;
    this.map.truncate(0);
    this.size = 0;
    if (this.acl !== 0) this.dropAttributes();
    this.save();
    store.table.free(this.ino, this.type === FileType.directory);
    this.isHeld = false;
    this.isGone = true;
  }

  /** The block of extended attributes; several inodes may share it: its count of them stands at byte 4. */
  private dropAttributes(): void {
    const { store, acl } = this;
    this.acl = 0;
    if (!store.isBlock(acl)) return;
    const bytes = store.cache.read(acl);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const users = view.getUint32(4, true);
    if (users <= 1) store.free(acl);
    else {
      store.cache.change(acl);
      view.setUint32(4, users - 1, true);
    }
  }

  save(): void {
    if (this.isGone) return;
    const { view, at } = this.store.table.change(this.ino);
    const u16 = (field: number, value: number) => view.setUint16(at + field, value, true);
    const u32 = (field: number, value: number) => view.setUint32(at + field, value, true);
    u16(Field.mode, this.type | this.permissions);
    u16(Field.uid, this.uid);
    u16(Field.uidHigh, this.uid >>> 16);
    u16(Field.gid, this.gid);
    u16(Field.gidHigh, this.gid >>> 16);
    u16(Field.links, this.links);
    u32(Field.sectors, this.sectors);
    u32(Field.flags, this.flags);
    u32(Field.acl, this.acl);
    u32(Field.size, this.size % 2 ** 32);
    if (this.type === FileType.regular) {
      u32(Field.sizeHigh, Math.floor(this.size / 2 ** 32));
      if (this.size >= 2 ** 31) this.store.setLargeFile();
    }
    for (let i = 0; i < POINTERS; i++) u32(Field.blocks + 4 * i, this.pointers[i]);
    u32(Field.dtime, this.links === 0 ? this.store.seconds : 0);
    const extra = this.store.geometry.inodeSize > 128 ? view.getUint16(at + Field.extraSize, true) : 0;
    const time = (field: number, extraField: number, value: bigint) =>
      writeTime(view, at, field, extra >= extraField + 4 - Field.extraSize ? extraField : 0, value);
    time(Field.atime, Field.atimeExtra, this.atime);
    time(Field.mtime, Field.mtimeExtra, this.mtime);
    time(Field.ctime, Field.ctimeExtra, this.ctime);
  }

  /** A time as the inode can hold it: without room for more, in whole seconds. */
  private stamp(time: bigint): bigint {
    return this.isPrecise ? time : time - (((time % SECOND) + SECOND) % SECOND);
  }

  /** `blocks` more of them, or less. */
  counted(blocks: number): void {
    this.sectors = Math.max(0, this.sectors + blocks * (this.store.geometry.blockSize / SECTOR));
  }
}

/** Seconds, and above them 2 bits of the seconds and the nanoseconds, where there is room for those. */
function writeTime(view: DataView, at: number, field: number, extraField: number, time: bigint): void {
  let seconds = Number(time / SECOND);
  let nanoseconds = Number(time % SECOND);
  if (nanoseconds < 0) {
    seconds--;
    nanoseconds += 1_000_000_000;
  }
  const last = extraField === 0 ? 2 ** 31 - 1 : 2 ** 31 - 1 + 3 * 2 ** 32;
  seconds = Math.max(-(2 ** 31), Math.min(last, seconds));
  view.setInt32(at + field, seconds | 0, true);
  if (extraField === 0) return;
  const epoch = (seconds - (seconds | 0)) / 2 ** 32;
  view.setUint32(at + extraField, ((nanoseconds << 2) | epoch) >>> 0, true);
}
