import { type Api, api } from "../library.ts";
import { DEFAULT_LIMITS, type KernelLimits } from "../limits.ts";
import type { Location } from "./dentry.ts";
import { Devices } from "./devices.ts";
import { fail } from "./error.ts";
import type { Filesystem } from "./filesystem.ts";
import { DirectoryInode, FileType } from "./inode.ts";
import { Budget } from "./limits.ts";
import { createMount, enterMounts, hangMount, type Mount } from "./mount.ts";
import { type ByteString, toByteString } from "./names.ts";
import { type Lender, PipeMaker } from "./pipe.ts";
import { type Base, find } from "./walk.ts";

/** fs.mount-max is 100,000; each mount is looked at when others come and go. */
const MOST_MOUNTS = 4096;

/** The file tree of a machine: a root filesystem and what is mounted in it. */
export class Vfs {
  /** Brings what mappings have written to their files. */
  flushMapped: () => void = () => {};
  /** In the order they were mounted, the root first. */
  readonly mounts: Mount[] = [];
  root: Location;
  /** What device files lead to. */
  readonly devices = new Devices();
  /** What tmpfs that the guest mounts takes. */
  readonly mountedBytes: Budget;
  readonly limits: KernelLimits;
  /** Descriptors of all processes, and ranges that they have locked. */
  readonly openFiles: Budget;
  readonly fileLocks: Budget;
  readonly pipes: PipeMaker;
  private lastDevice = 0;

  /** `lender`: has the bytes of pipes. */
  constructor(root: Filesystem, limits: KernelLimits = DEFAULT_LIMITS, lender?: Lender) {
    this.limits = limits;
    this.mountedBytes = new Budget(limits.memoryFiles, "ENOSPC");
    this.openFiles = new Budget(limits.openFiles, "ENFILE");
    this.fileLocks = new Budget(limits.fileLocks, "ENOLCK");
    this.pipes = new PipeMaker(new Budget(limits.pipeMemory, "ENOMEM"), lender);
    const mount = createMount(root, this.deviceOf(root), undefined, this.devices);
    this.mounts.push(mount);
    this.root = { mount, dentry: mount.root };
  }

  /**
   * Mounts a filesystem on a directory, which is made where it is missing. `path` is absolute text. Throws ENOTDIR,
   * EROFS and ENOSPC where the directory cannot be made, EBUSY for the root.
   */
  mount(filesystem: Filesystem, path: string): void {
    const at = this.makeDirectory(path);
    if (at.dentry === this.root.dentry) fail("EBUSY");
    this.hang(createMount(filesystem, this.deviceOf(filesystem), at, this.devices));
  }

  /** Mounts a filesystem, or what is at `from` in it, on a place that is there. Throws ENOSPC. */
  mountAt(filesystem: Filesystem, at: Location, from?: Location): Mount {
    const mount = createMount(filesystem, from?.mount.device ?? this.deviceOf(filesystem), at, this.devices);
    return this.hang(from ? { ...mount, root: from.dentry } : mount);
  }

  /** Takes a mount, and what hangs in it, out of the tree. */
  detach(mount: Mount): void {
    for (const other of [...this.mounts]) if (other.at?.mount === mount) this.detach(other);
    hangMount(mount, undefined);
    this.mounts.splice(this.mounts.indexOf(mount), 1);
    mount.filesystem.sync?.();
  }

  /** Makes the mount at `top` the root of the tree, and hangs the old one at `old` (pivot_root(2)). */
  pivot(top: Location, old: Location): void {
    const before = this.root.mount;
    hangMount(top.mount, undefined);
    hangMount(before, old);
    this.root = { mount: top.mount, dentry: top.mount.root };
  }

  private hang(mount: Mount): Mount {
    if (this.mounts.length >= MOST_MOUNTS) fail("ENOSPC");
    if (mount.at) hangMount(mount, mount.at);
    this.mounts.push(mount);
    return mount;
  }

  /** A filesystem has the same number wherever it is mounted: major 0, and minors that nothing anonymous has. */
  private deviceOf(filesystem: Filesystem): number {
    const known = this.mounts.find((mount) => mount.filesystem === filesystem);
    if (known) return known.device;
    const number = ++this.lastDevice;
    return number < 256 ? number : ((number & 0xff) | ((number & ~0xff) << 12)) + 0x20_0000;
  }

  /** The directory at an absolute path of text, made with all above it where missing. */
  makeDirectory(path: string): Location {
    let at = this.root;
    for (const name of namesOf(path)) {
      const directory = at.dentry.inode as DirectoryInode;
      if (!directory.lookup(name)) directory.create(name, { mode: FileType.directory | 0o755, rdev: 0 });
      at = find({ root: this.root, start: at }, name, true);
      if (!(at.dentry.inode instanceof DirectoryInode)) fail("ENOTDIR");
    }
    return enterMounts(at);
  }

  /** From the root of the tree. */
  base(): Base {
    return { root: this.root, start: this.root };
  }

  sync(): void {
    this.flushMapped();
    for (const mount of this.mounts) mount.filesystem.sync?.();
  }

  /** Lets go of all filesystems: nothing is done with them any more. */
  unmount(): void {
    this.sync();
    for (const mount of this.mounts) mount.filesystem.unmount?.();
  }
}

/** The names of an absolute path of text, without `.` and `..`. */
function namesOf(path: string): ByteString[] {
  const names: ByteString[] = [];
  for (const name of toByteString(path).split("/"))
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  return names;
}

export const vfs: Api<Vfs> = api("rkvfs");
