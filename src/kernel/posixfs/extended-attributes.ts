import { Capability } from "../rkprocess/capabilities.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";
import { fail } from "../vfs/error.ts";
import { type ExtendedAttributes, FileType, type Inode } from "../vfs/inode.ts";
import { type ByteString, fromBytes, NAME_MAX, toBytes } from "../vfs/names.ts";
import { requireWritable } from "../vfs/operations.ts";
import { May, requireAccess, requireOwner } from "../vfs/permission.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { AT, AT_FDCWD, call, fileAt, int, type Target, targetOf } from "./call.ts";

/** XATTR_SIZE_MAX, XATTR_LIST_MAX (linux/limits.h). */
const LONGEST_VALUE = 65536;
const LONGEST_LIST = 65536;
/** Flags of `setxattr`. */
const CREATE = 1;
const REPLACE = 2;

function storeOf(inode: Inode): ExtendedAttributes {
  return inode.extendedAttributes ?? fail("EOPNOTSUPP");
}

function readName(thread: Thread, at: number): ByteString {
  const bytes = thread.memory.readCString(at, NAME_MAX + 1);
  return bytes && bytes.length > 0 ? fromBytes(bytes) : fail("ERANGE");
}

const SPACES = ["user", "trusted", "security"];
const STICKY = 0o1000;

/** What may be done with an attribute of that name (xattr(7)). Throws EPERM or ENODATA, as it is to be written or read. */
function checkSpace({ who }: ProcessFiles, inode: Inode, name: ByteString, wanted: number): void {
  const [space] = name.split(".", 1);
  if (!SPACES.includes(space) || name.length === space.length) fail("EOPNOTSUPP");
  if (name.length === space.length + 1) fail("EINVAL");
  const isWrite = wanted === May.write;
  const refused = isWrite ? "EPERM" : "ENODATA";
  if (space === "security") {
    const needed = name === FILE_CAPABILITIES ? Capability.setFileCapabilities : Capability.administrate;
    if (isWrite && !who.has(needed)) fail("EPERM");
  } else if (space === "trusted") {
    if (!who.has(Capability.administrate)) fail(refused);
  } else {
    const isDirectory = inode.type === FileType.directory;
    if (inode.type !== FileType.regular && !isDirectory) fail(refused);
    if (isWrite && isDirectory && inode.attributes().mode & STICKY) requireOwner(who, inode);
    requireAccess(who, inode, wanted);
  }
}

const FILE_CAPABILITIES = "security.capability";

function set(
  thread: Thread,
  files: ProcessFiles,
  { location }: Target,
  nameAt: number,
  at: number,
  size: number,
  flags: number,
) {
  const name = readName(thread, nameAt);
  if (int(flags) & ~(CREATE | REPLACE)) fail("EINVAL");
  if (size < 0 || size > LONGEST_VALUE) fail("E2BIG");
  const value = thread.memory.read(at, size);
  const { inode } = location.dentry;
  requireWritable(location);
  checkSpace(files, inode, name, May.write);
  const store = storeOf(inode);
  const has = store.get(name) !== undefined;
  if (has && flags & CREATE) fail("EEXIST");
  if (!has && flags & REPLACE) fail("ENODATA");
  const length = store.names().reduce((sum, other) => sum + other.length + 1, name.length + 1);
  if (!has && length > LONGEST_LIST) fail("ENOSPC");
  store.set(name, value);
  return 0;
}

function get(
  thread: Thread,
  files: ProcessFiles,
  { location }: Target,
  nameAt: number,
  at: number,
  size: number,
): number {
  const name = readName(thread, nameAt);
  const { inode } = location.dentry;
  checkSpace(files, inode, name, May.read);
  return give(thread, storeOf(inode).get(name) ?? fail("ENODATA"), at, size);
}

/** With a size of 0 only the length is asked for. */
function give(thread: Thread, bytes: Uint8Array, at: number, size: number): number {
  if (size === 0) return bytes.length;
  if (size > 0 && size < bytes.length) fail("ERANGE");
  thread.memory.write(at, bytes);
  return bytes.length;
}

function list(thread: Thread, { who }: ProcessFiles, { location }: Target, at: number, size: number): number {
  const all = location.dentry.inode.extendedAttributes?.names() ?? [];
  const seesTrusted = who.has(Capability.administrate);
  const names = all.filter((name) => seesTrusted || !name.startsWith("trusted."));
  return give(thread, toBytes(names.map((name) => `${name}\0`).join("")), at, size);
}

function remove(thread: Thread, files: ProcessFiles, { location }: Target, nameAt: number): number {
  const name = readName(thread, nameAt);
  const { inode } = location.dentry;
  requireWritable(location);
  checkSpace(files, inode, name, May.write);
  const store = storeOf(inode);
  if (store.get(name) === undefined) fail("ENODATA");
  store.delete(name);
  return 0;
}

type Finder = (thread: Thread, files: ProcessFiles, first: number) => Target;

const followed: Finder = (thread, files, path) => targetOf(thread, files, AT_FDCWD, path, 0);
const notFollowed: Finder = (thread, files, path) =>
  targetOf(thread, files, AT_FDCWD, path, AT.SYMLINK_NOFOLLOW);
const opened: Finder = (_thread, files, fd) => fileAt(files, fd);

/** The four calls, each by path, by path without following a link, and by descriptor. */
export const extendedAttributeCalls: readonly SyscallRow[] = (
  [
    ["", followed],
    ["l", notFollowed],
    ["f", opened],
  ] as const
).flatMap(([kind, target]) => [
  full(
    `${kind}setxattr`,
    call((thread, files, on, name, at, size, flags) =>
      set(thread, files, target(thread, files, on), name, at, size, flags),
    ),
  ),
  full(
    `${kind}getxattr`,
    call((thread, files, on, name, at, size) =>
      get(thread, files, target(thread, files, on), name, at, size),
    ),
  ),
  full(
    `${kind}listxattr`,
    call((thread, files, on, at, size) => list(thread, files, target(thread, files, on), at, size)),
  ),
  full(
    `${kind}removexattr`,
    call((thread, files, on, name) => remove(thread, files, target(thread, files, on), name)),
  ),
]);
