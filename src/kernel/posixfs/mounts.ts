import { RamFilesystem } from "../ramfs/filesystem.ts";
import { Capability } from "../rkprocess/capabilities.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { time } from "../rktime/time.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import type { Filesystem } from "../vfs/filesystem.ts";
import { DirectoryInode } from "../vfs/inode.ts";
import { type Mount, MountFlag } from "../vfs/mount.ts";
import { type ByteString, toText } from "../vfs/names.ts";
import { May, requireAccess } from "../vfs/permission.ts";
import { type ProcessFiles, processFiles } from "../vfs/process-files.ts";
import { type Vfs, vfs } from "../vfs/vfs.ts";
import { find } from "../vfs/walk.ts";
import { AT_FDCWD, baseOf, call, int, readPath } from "./call.ts";

/** Flags of `mount` (linux/mount.h). */
const MS = { REMOUNT: 32, BIND: 4096, MOVE: 8192 } as const;
/** Those that a mount keeps. */
const KEPT = Object.values(MountFlag).reduce((all, flag) => all | flag, 0);
/** UNBINDABLE, PRIVATE, SLAVE, SHARED: there is one mount namespace, so nothing spreads. */
const PROPAGATION = (1 << 17) | (1 << 18) | (1 << 19) | (1 << 20);
/** Flags of `umount2`. */
const MNT = { FORCE: 1, DETACH: 2, EXPIRE: 4, NOFOLLOW: 8 } as const;

function requireAdministrator({ process }: Thread): void {
  if (!process.credentials.has(Capability.administrate)) fail("EPERM");
}

function place(thread: Thread, files: ProcessFiles, at: number, follow = true): Location {
  const path = readPath(thread, at);
  return find(baseOf(files, AT_FDCWD, path), path, follow);
}

function requireDirectory(location: Location): Location {
  return location.dentry.inode instanceof DirectoryInode ? location : fail("ENOTDIR");
}

const isTop = ({ mount, dentry }: Location) => mount.root === dentry;

function chroot(thread: Thread, files: ProcessFiles, pathAt: number): number {
  const to = requireDirectory(place(thread, files, pathAt));
  requireAccess(files.who, to.dentry.inode, May.execute);
  if (!files.who.has(Capability.changeRoot)) fail("EPERM");
  files.root = to;
  return 0;
}

/** `size=` of tmpfs: bytes, with K, M or G. Half of what all may take is the default. */
function sizeOf(data: string, all: number): number {
  const option = data.split(",").find((one) => one.startsWith("size="));
  if (!option) return Math.floor(all / 2);
  const match = /^size=(\d{1,15})([kmg]?)$/i.exec(option);
  if (!match) return fail("EINVAL");
  const unit = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }[match[2].toLowerCase() as "" | "k" | "m" | "g"];
  return Number(match[1]) * unit;
}

/** A new tmpfs, or one of the filesystems that the machine has already, again. */
function filesystemOf(thread: Thread, tree: Vfs, type: string, data: string): Filesystem {
  if (type === "tmpfs" || type === "ramfs") {
    const limit = sizeOf(data, tree.limits.memoryFiles);
    const now = () => thread.kernel.use(time).realtime();
    return new RamFilesystem({ limit, budget: tree.mountedBytes, now });
  }
  const known = tree.mounts.find(({ filesystem: { name } }) => name === type && SHARED_TYPES.has(name));
  return known?.filesystem ?? fail("ENODEV");
}
const SHARED_TYPES = new Set(["proc", "sysfs", "devtmpfs", "devpts"]);

const optional = (thread: Thread, at: number): ByteString => (at === 0 ? "" : readPath(thread, at));

function mount(
  thread: Thread,
  files: ProcessFiles,
  sourceAt: number,
  targetAt: number,
  typeAt: number,
  flags: number,
  dataAt: number,
): number {
  const how = int(flags);
  const type = optional(thread, typeAt);
  const at = place(thread, files, targetAt);
  requireAdministrator(thread);
  const tree = thread.kernel.use(vfs);
  if (how & MS.REMOUNT) {
    if (!isTop(at)) fail("EINVAL");
    at.mount.flags = how & KEPT;
    return 0;
  }
  if (how & PROPAGATION) return isTop(at) ? 0 : fail("EINVAL");
  if (how & MS.MOVE) fail("EINVAL");
  let made: Mount;
  if (how & MS.BIND) {
    const from = place(thread, files, sourceAt);
    const isDirectory = ({ dentry }: Location) => dentry.inode instanceof DirectoryInode;
    if (isDirectory(from) !== isDirectory(at)) fail("ENOTDIR");
    made = tree.mountAt(from.mount.filesystem, at, from);
    made.flags = from.mount.flags;
  } else {
    if (type === "") fail("EINVAL");
    requireDirectory(at);
    const data = dataAt === 0 ? "" : toText(readPath(thread, dataAt));
    made = tree.mountAt(filesystemOf(thread, tree, toText(type), data), at);
    made.flags = how & KEPT;
  }
  return 0;
}

function umount2(thread: Thread, files: ProcessFiles, pathAt: number, flags: number): number {
  if (int(flags) & ~(MNT.FORCE | MNT.DETACH | MNT.EXPIRE | MNT.NOFOLLOW)) fail("EINVAL");
  const at = place(thread, files, pathAt, !(flags & MNT.NOFOLLOW));
  requireAdministrator(thread);
  if (!isTop(at)) fail("EINVAL");
  const tree = thread.kernel.use(vfs);
  if (!at.mount.at) fail("EBUSY");
  if (!(flags & MNT.DETACH) && isBusy(thread, tree, at.mount)) fail("EBUSY");
  tree.detach(at.mount);
  return 0;
}

/** Whether something hangs in a mount, or some process stands or has a file open there. */
function isBusy(thread: Thread, tree: Vfs, mounted: Mount): boolean {
  if (tree.mounts.some(({ at }) => at?.mount === mounted)) return true;
  for (const process of thread.kernel.use(processTable).all()) {
    if (process.exitStatus) continue;
    const { cwd, root, fds } = process.get(processFiles);
    if (cwd.mount === mounted || root.mount === mounted) return true;
    if (fds.numbers().some((fd) => fds.get(fd).file.location.mount === mounted)) return true;
  }
  return false;
}

function pivotRoot(thread: Thread, files: ProcessFiles, newAt: number, oldAt: number): number {
  const top = requireDirectory(place(thread, files, newAt));
  const old = requireDirectory(place(thread, files, oldAt));
  requireAdministrator(thread);
  const tree = thread.kernel.use(vfs);
  const before = tree.root;
  if (!isTop(top) || files.root.dentry !== before.dentry) fail("EINVAL");
  if (top.mount === before.mount || old.mount === before.mount) fail("EBUSY");
  if (old.mount !== top.mount || old.dentry === top.dentry) fail("EINVAL");
  tree.pivot(top, old);
  const isBefore = ({ mount: other, dentry }: Location) => other === before.mount && dentry === before.dentry;
  for (const process of thread.kernel.use(processTable).all()) {
    const place = process.get(processFiles);
    if (isBefore(place.root)) place.root = tree.root;
    if (isBefore(place.cwd)) place.cwd = tree.root;
  }
  return 0;
}

/** No descriptor is one of a namespace. */
function setns(_thread: Thread, files: ProcessFiles, fd: number): number {
  files.fds.get(int(fd));
  return fail("EINVAL");
}

export const mountCalls: readonly SyscallRow[] = [
  partial("setns", "there are no namespaces", call(setns)),
  full("chroot", call(chroot)),
  partial("mount", "tmpfs, bind mounts, remounting, and proc, sysfs and devtmpfs again", call(mount)),
  full("umount2", call(umount2)),
  partial("pivot_root", "the old root needs a directory of its own below the new one", call(pivotRoot)),
];
