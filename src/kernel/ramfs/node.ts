import type { AttributeChange, Attributes, ExtendedAttributes, Owner } from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import type { RamFilesystem } from "./filesystem.ts";

/** What an extended attribute counts against the limit. */
function costOf(name: ByteString, value: Uint8Array): number {
  return name.length + value.length + ATTRIBUTE_COST;
}
const ATTRIBUTE_COST = 128;

/** Nanoseconds. */
const DAY = 86_400_000_000_000n;

/** What every inode of a ramfs keeps besides its contents, and how long it lives. */
export class RamNode {
  readonly filesystem: RamFilesystem;
  readonly ino: number;
  /** Names that lead here (a directory counts its own `.` and its children's `..` too). */
  nlink: number;
  private readonly type: number;
  private mode: number;
  private uid: number;
  private gid: number;
  private atime: bigint;
  private mtime: bigint;
  private ctime: bigint;
  private readonly btime: bigint | undefined;
  /** The time of access is as recent as reading makes it. */
  private isAccessNoted = false;
  /** Open files and mappings. */
  private holders = 0;
  private charged: boolean;
  /** Gives the contents back: no name and no holder is left. */
  private readonly free: () => void;
  /** Extended attributes, once there are any. */
  private extended: Map<ByteString, Uint8Array> | undefined;

  /**
   * `like`: an object of another filesystem that this one stands for. Its attributes are taken, and nothing counts
   * against the limit until `charge`.
   */
  constructor(filesystem: RamFilesystem, mode: number, free: () => void, like?: Attributes) {
    this.filesystem = filesystem;
    this.free = free;
    this.charged = like === undefined;
    this.ino = like?.ino ?? filesystem.newInode();
    this.type = mode & ~0o7777;
    this.mode = mode & 0o7777;
    this.nlink = like?.nlink ?? 1;
    this.uid = like?.uid ?? 0;
    this.gid = like?.gid ?? 0;
    this.btime = like ? like.btime : filesystem.now();
    this.atime = like?.atime ?? (this.btime as bigint);
    this.mtime = like?.mtime ?? this.atime;
    this.ctime = like?.ctime ?? this.atime;
  }

  attributes(size: number, blocks: number, rdev = 0): Attributes {
    const { ino, nlink, uid, gid, atime, mtime, ctime, btime } = this;
    const mode = this.type | this.mode;
    return { ino, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime, btime };
  }

  change(change: AttributeChange): void {
    if (change.mode !== undefined) this.mode = change.mode & 0o7777;
    this.uid = change.uid ?? this.uid;
    this.gid = change.gid ?? this.gid;
    this.atime = change.atime ?? this.atime;
    this.mtime = change.mtime ?? this.mtime;
    this.changed();
  }

  /**
   * It was read. The time of access moves where it is not after the last change, or a day old (mount(8), `relatime`): so
   * the first time after it was opened or changed.
   */
  accessed(): void {
    if (this.isAccessNoted) return;
    this.isAccessNoted = true;
    const now = this.filesystem.now();
    if (this.atime <= this.mtime || this.atime <= this.ctime || now - this.atime >= DAY) this.atime = now;
  }

  /** The time of access is to be looked at again. */
  opened(): void {
    this.isAccessNoted = false;
  }

  /** A new inode belongs to somebody else than root. */
  give({ uid, gid }: Owner): void {
    this.uid = uid;
    this.gid = gid;
  }

  /** The extended attributes; `changing` is called before a change. */
  extendedAttributes(changing: () => void): ExtendedAttributes {
    const { filesystem } = this;
    const giveBack = (name: ByteString) => {
      const old = this.extended?.get(name);
      if (old) filesystem.discharge(costOf(name, old));
    };
    return {
      get: (name) => this.extended?.get(name),
      set: (name, value) => {
        changing();
        filesystem.charge(costOf(name, value));
        giveBack(name);
        this.extended ??= new Map();
        this.extended.set(name, value);
        this.changed();
      },
      delete: (name) => {
        changing();
        giveBack(name);
        this.extended?.delete(name);
        this.changed();
      },
      names: () => [...(this.extended?.keys() ?? [])],
    };
  }

  /** The contents changed. */
  modified(): void {
    this.changed();
    this.mtime = this.ctime;
  }

  private changed(): void {
    this.ctime = this.filesystem.now();
    this.isAccessNoted = false;
  }

  /** Counts it against the limit from now on. Throws ENOSPC. */
  charge(): void {
    if (this.charged) return;
    this.filesystem.chargeInode();
    this.charged = true;
  }

  retain(): void {
    this.holders++;
  }

  release(): void {
    this.holders--;
    this.freeUnused();
  }

  linked(by: number): void {
    this.nlink += by;
    this.changed();
    this.freeUnused();
  }

  private freeUnused(): void {
    if (this.nlink > 0 || this.holders > 0) return;
    this.free();
    for (const [name, value] of this.extended ?? []) this.filesystem.discharge(costOf(name, value));
    this.extended = undefined;
    if (this.charged) this.filesystem.dropInode();
    this.charged = false;
  }
}
