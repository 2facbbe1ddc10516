import type { Backing } from "../rkvm/backing.ts";
import { CoherentData } from "./coherent-data.ts";
import type { Location } from "./dentry.ts";
import { fail } from "./error.ts";
import { FileBacking } from "./file-backing.ts";
import { O } from "./flags.ts";
import { type AttributeChange, type Attributes, FileType, Inode } from "./inode.ts";
import { describe } from "./mount.ts";
import { toText } from "./names.ts";
import { type IoctlMemory, MAX_FILE_SIZE, OpenFile, Seek } from "./open-file.ts";

/** The bytes of an open regular file. Positions are at most `MAX_FILE_SIZE`. */
export interface FileData {
  readonly size: number;
  attributes(): Attributes;
  setAttributes(change: AttributeChange): void;
  /** Returns the bytes read: fewer at the end of the file. */
  readAt(into: Uint8Array, position: number): number;
  /** Fills a gap before `position` with zeros. Returns the bytes written: fewer where room ran out. */
  writeAt(from: Uint8Array, position: number): number;
  resize(size: number): void;
  /** Reserves room. */
  reserve(from: number, to: number): void;
  /** Makes a range zeros without changing the size. */
  zero(from: number, to: number): void;
  /**
   * The first byte from `position` on, which is in the file, that is data, or with `hole` that is none: the size where there is
   * no other. Absent: all is data.
   */
  next?(position: number, hole: boolean): number;
  sync(): void;
  close(): void;
}

/** An inode with bytes. */
export abstract class FileInode extends Inode {
  readonly type: number = FileType.regular;
  /** What was mapped of it. */
  mapping: Backing | undefined;

  /** Opens the bytes; `write` where the file is opened for writing. */
  abstract openData(write: boolean): FileData;

  /** What a mapping maps: one object for an inode. `name` is for reports. */
  backing(name: string): Backing {
    this.mapping ??= new FileBacking(name, this);
    return this.mapping;
  }

  /** Changes when somebody outside may have changed the bytes; `undefined` where nobody could. */
  version(): string | undefined {
    return undefined;
  }

  open(location: Location, flags: number): OpenFile {
    return new RegularFile(
      location,
      flags,
      new CoherentData(this, this.openData((flags & O.ACCMODE) !== O.RDONLY)),
    );
  }
}

/** Modes of `fallocate` (linux/falloc.h). */
const KEEP_SIZE = 1;
const PUNCH_HOLE = 2;
const ZERO_RANGE = 16;

/** ioctl(2) requests for any regular file (asm-generic/ioctls.h, linux/fs.h). */
const FIONREAD = 0x541b;
const FICLONE = 0x40049409;
const FICLONERANGE = 0x4020940d;

class RegularFile extends OpenFile {
  private position = 0;
  private readonly data: CoherentData;

  constructor(location: Location, flags: number, data: CoherentData) {
    super(location, flags);
    this.data = data;
  }

  override attributes(): Attributes {
    return this.data.attributes();
  }

  override setAttributes(change: AttributeChange): void {
    if (this.location.mount.filesystem.readOnly) fail("EROFS");
    this.data.setAttributes(change);
  }

  override get divisible(): boolean {
    return true;
  }

  override read(into: Uint8Array): number {
    const count = this.data.readAt(into, this.position);
    this.position += count;
    this.accessed();
    return count;
  }

  override write(from: Uint8Array): number {
    if (this.flags & O.APPEND) this.position = this.data.size;
    const count = this.writeAt(from, this.position);
    this.position += count;
    return count;
  }

  override readAt(into: Uint8Array, position: number): number {
    this.accessed();
    return position >= MAX_FILE_SIZE ? 0 : this.data.readAt(into, position);
  }

  /** With O_APPEND the position is the end of the file, as on Linux (pwrite(2), bugs). */
  override writeAt(from: Uint8Array, position: number): number {
    if (from.length === 0) return 0;
    const at = this.flags & O.APPEND ? this.data.size : position;
    if (at >= MAX_FILE_SIZE) fail("EFBIG");
    const count = this.data.writeAt(from.subarray(0, MAX_FILE_SIZE - at), at);
    if (this.flags & O.DSYNC) this.data.sync();
    return count;
  }

  override seek(offset: number, whence: number): number {
    const size = this.data.size;
    let target = offset;
    if (whence === Seek.current) target += this.position;
    else if (whence === Seek.end) target += size;
    else if (whence === Seek.data || whence === Seek.hole) {
      if (offset < 0 || offset >= size) fail("ENXIO");
      target = this.data.next(offset, whence === Seek.hole);
      // Behind the last byte is a hole, but no data (lseek(2)).
      if (target === size && whence === Seek.data) fail("ENXIO");
    } else if (whence !== Seek.set) fail("EINVAL");
    if (target < 0 || target > MAX_FILE_SIZE) fail("EINVAL");
    this.position = target;
    return target;
  }

  override truncate(size: number): void {
    if (size > MAX_FILE_SIZE) fail("EFBIG");
    this.data.resize(size);
  }

  override allocate(mode: number, offset: number, length: number): void {
    const end = offset + length;
    if (end > MAX_FILE_SIZE) fail("EFBIG");
    const grow = !(mode & KEEP_SIZE) && end > this.data.size;
    if (mode === 0 || mode === KEEP_SIZE) {
      if (grow) this.data.resize(end);
      this.data.reserve(offset, Math.min(end, this.data.size));
    } else if (
      mode === (PUNCH_HOLE | KEEP_SIZE) ||
      mode === ZERO_RANGE ||
      mode === (ZERO_RANGE | KEEP_SIZE)
    ) {
      this.data.zero(offset, Math.min(end, this.data.size));
      if (grow) this.data.resize(end);
    } else fail("EOPNOTSUPP");
  }

  override ioctl(request: number, memory: IoctlMemory): number {
    // No filesystem here shares parts of files.
    if (request === FICLONE || request === FICLONERANGE) fail("EOPNOTSUPP");
    if (request !== FIONREAD) fail("ENOTTY");
    memory.write(new Uint8Array(Int32Array.of(this.data.size - this.position).buffer));
    return 0;
  }

  override sync(): void {
    this.data.sync();
  }

  override backing(): Backing {
    this.accessed();
    return (this.inode as FileInode).backing(toText(describe(this.location)));
  }

  protected override closed(): void {
    this.data.close();
  }
}
