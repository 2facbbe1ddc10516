import type { AttributeChange, Attributes, ExtendedAttributes, Owner } from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import type { RamFilesystem } from "./filesystem.ts";

/** What an extended attribute counts against the limit. */
function costOf(name: ByteString, value: Uint8Array): number {
  return name.length + value.length + ATTRIBUTE_COST;
}
const ATTRIBUTE_COST = 128;

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
    this.atime = like?.atime ?? filesystem.now();
    this.mtime = like?.mtime ?? this.atime;
    this.ctime = like?.ctime ?? this.atime;
  }

  attributes(size: number, blocks: number, rdev = 0): Attributes {
    const { ino, nlink, uid, gid, atime, mtime, ctime } = this;
    return { ino, mode: this.type | this.mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime };
  }

  change(change: AttributeChange): void {
    if (change.mode !== undefined) this.mode = change.mode & 0o7777;
    this.uid = change.uid ?? this.uid;
    this.gid = change.gid ?? this.gid;
    this.atime = change.atime ?? this.atime;
    this.mtime = change.mtime ?? this.mtime;
    this.ctime = this.filesystem.now();
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
        this.ctime = filesystem.now();
      },
      delete: (name) => {
        changing();
        giveBack(name);
        this.extended?.delete(name);
        this.ctime = filesystem.now();
      },
      names: () => [...(this.extended?.keys() ?? [])],
    };
  }

  /** The contents changed. */
  modified(): void {
    this.mtime = this.filesystem.now();
    this.ctime = this.mtime;
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
    this.ctime = this.filesystem.now();
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
