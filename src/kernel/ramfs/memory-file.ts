import { Dentry } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { FileType, type Owner } from "../vfs/inode.ts";
import type { Mount } from "../vfs/mount.ts";
import type { ByteString } from "../vfs/names.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { RamFile } from "./file.ts";
import { RamFilesystem, type RamFilesystemOptions } from "./filesystem.ts";

/** What may not be done to a file any more (F_ADD_SEALS). */
export const Seal = { seal: 1, shrink: 2, grow: 4, write: 8, futureWrite: 16, exec: 32 } as const;
const ALL_SEALS = 63;

/** A file of memfd_create(2): in no directory, and possibly sealed. */
export class MemoryFile extends RamFile {
  seals: number;

  constructor(filesystem: RamFilesystem, mode: number, seals: number) {
    super(filesystem, FileType.regular | mode);
    this.seals = seals;
    this.node.nlink = 0;
  }

  addSeals(seals: number): void {
    if (seals & ~ALL_SEALS) fail("EINVAL");
    if (this.seals & Seal.seal) fail("EPERM");
    if (seals & Seal.write && !(this.seals & Seal.write) && this.mapping?.cached?.isShared) fail("EBUSY");
    this.seals |= seals;
  }

  /** Whether it may be mapped to be written and shared. */
  get isWritable(): boolean {
    return !(this.seals & (Seal.write | Seal.futureWrite));
  }

  override writeAt(from: Uint8Array, position: number): number {
    if (!this.isWritable) fail("EPERM");
    if (this.seals & Seal.grow && position + from.length > this.size) fail("EPERM");
    return super.writeAt(from, position);
  }

  override resize(size: number): void {
    if (size < this.size && this.seals & Seal.shrink) fail("EPERM");
    if (size > this.size && this.seals & Seal.grow) fail("EPERM");
    super.resize(size);
  }

  override zero(from: number, to: number): void {
    if (!this.isWritable) fail("EPERM");
    super.zero(from, to);
  }
}

/** Makes such files, which together take so much memory at most. */
export class MemoryFiles {
  private readonly filesystem: RamFilesystem;
  private readonly mount: Mount;

  /** `device`: the `st_dev` of them all. */
  constructor(options: RamFilesystemOptions, device: number) {
    const filesystem = new RamFilesystem(options);
    this.filesystem = filesystem;
    this.mount = {
      filesystem,
      device,
      root: new Dentry("", undefined, filesystem.root),
      at: undefined,
      flags: 0,
    };
  }

  /** A new file, opened. `name` is for people. */
  create(name: ByteString, mode: number, seals: number, owner: Owner): OpenFile {
    const inode = new MemoryFile(this.filesystem, mode, seals);
    inode.node.give(owner);
    const dentry = new Dentry(`/memfd:${name} (deleted)`, undefined, inode);
    return inode.open({ mount: this.mount, dentry }, O.RDWR | O.LARGEFILE);
  }
}
