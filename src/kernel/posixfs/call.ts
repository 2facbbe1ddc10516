import type { Thread } from "../rkprocess/thread.ts";
import { type WaitOptions, waitUntil } from "../rkprocess/wait.ts";
import { ERESTARTSYS, errno } from "../syscalls/errno.ts";
import type { SyscallHandler } from "../syscalls/row.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail, VfsError } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import type { AttributeChange, Attributes, Inode } from "../vfs/inode.ts";
import { isReadOnly } from "../vfs/mount.ts";
import { type ByteString, fromBytes, PATH_MAX } from "../vfs/names.ts";
import { type OpenFile, PathFile } from "../vfs/open-file.ts";
import type { Who } from "../vfs/permission.ts";
import { type ProcessFiles, processFiles } from "../vfs/process-files.ts";
import { type Base, find } from "../vfs/walk.ts";

/** The directory descriptor that stands for the working directory. */
export const AT_FDCWD = -100;
export const AT = {
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  EACCESS: 0x200,
  SYMLINK_FOLLOW: 0x400,
  NO_AUTOMOUNT: 0x800,
  EMPTY_PATH: 0x1000,
} as const;

/** The arguments a0 to a5, as a `SyscallHandler` gets them. */
export type CallArguments = [a0: number, a1: number, a2: number, a3: number, a4: number, a5: number];

/** A file system call in terms of the process's files; `VfsError` becomes its negative errno. */
type FileCall = (thread: Thread, files: ProcessFiles, ...args: CallArguments) => number | Promise<number>;

export function call(run: FileCall): SyscallHandler {
  return (thread, a0, a1, a2, a3, a4, a5) => {
    try {
      return run(thread, thread.process.get(processFiles), a0, a1, a2, a3, a4, a5);
    } catch (error) {
      return toErrno(error);
    }
  };
}

function toErrno(error: unknown): number {
  if (error instanceof VfsError) return -error.code;
  throw error;
}

/** An `int` argument: the register's low 32 bits. */
export function int(register: number): number {
  return register | 0;
}

/** The open file behind a descriptor; EBADF for O_PATH ones, which name a place and no more. */
export function fileAt(files: ProcessFiles, fd: number): OpenFile {
  const { file } = files.fds.get(int(fd));
  if (file instanceof PathFile) fail("EBADF");
  return file;
}

/** A path argument. Throws ENAMETOOLONG, and `UserFault`. */
export function readPath(thread: Thread, address: number): ByteString {
  const bytes = thread.memory.readCString(address, PATH_MAX);
  return bytes ? fromBytes(bytes) : fail("ENAMETOOLONG");
}

/** Where a path given with a directory descriptor starts; the descriptor matters only to relative ones. */
export function baseOf(files: ProcessFiles, dirfd: number, path: ByteString): Base {
  const relative = !path.startsWith("/") && int(dirfd) !== AT_FDCWD;
  const start = relative ? files.fds.get(int(dirfd)).file.location : files.cwd;
  return files.base(start);
}

/** What a call like `fchownat` works on: a place, or an open file given by an empty path. */
export interface Target {
  readonly location: Location;
  readonly inode: Inode;
  attributes(): Attributes;
  setAttributes(change: AttributeChange): void;
}

/** Finds it. `flags`: AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH. `who`: who looks, if not the process as it is. */
export function targetOf(
  thread: Thread,
  files: ProcessFiles,
  dirfd: number,
  pathAddress: number,
  flags: number,
  who?: Who,
): Target {
  const path = readPath(thread, pathAddress);
  if (path === "" && flags & AT.EMPTY_PATH)
    return int(dirfd) === AT_FDCWD ? targetAt(files.cwd) : files.fds.get(int(dirfd)).file;
  const base = baseOf(files, dirfd, path);
  return targetAt(find(who ? { ...base, who } : base, path, !(flags & AT.SYMLINK_NOFOLLOW)));
}

export function targetAt(location: Location): Target {
  const { inode } = location.dentry;
  return {
    location,
    inode,
    attributes: () => inode.attributes(),
    setAttributes: (change) => {
      if (isReadOnly(location.mount)) fail("EROFS");
      inode.setAttributes(change);
    },
  };
}

/**
 * Does `attempt`, again and again while it throws EAGAIN and the file may wait. A signal ends the wait with
 * -ERESTARTSYS, or with what `partial` says is already done. `finished` is called once, when all is over.
 */
export function untilReady(
  thread: Thread,
  file: OpenFile,
  attempt: () => number,
  partial: () => number = () => 0,
  finished: () => void = () => {},
): number {
  return untilDone(thread, file, () => tryOnce(attempt), partial, finished);
}

/** The same for an attempt that returns undefined where it has to wait. */
export function untilDone(
  thread: Thread,
  file: OpenFile,
  attempt: () => number | undefined,
  partial: () => number = () => 0,
  finished: () => void = () => {},
): number {
  const first = attempt();
  if (first === undefined && file.waiters && !(file.flags & O.NONBLOCK)) {
    const interrupted = () => partial() || -ERESTARTSYS;
    return waitWith(thread, file, attempt, { queues: [file.waiters], interrupted, finished, tried: true });
  }
  finished();
  return first ?? (partial() || -errno.EAGAIN);
}

/** Waits with a file in use: `attempt` throws EAGAIN until what the call waits for is there. */
export function waitWith(
  thread: Thread,
  file: OpenFile,
  attempt: () => number | undefined,
  options: Omit<WaitOptions, "attempt">,
): number {
  // The descriptor may be closed by another thread meanwhile.
  file.retain();
  const { queues, exclusive, timeout, timedOut, interrupted, uninterruptible, tried } = options;
  // Written out, because a pipe between two processes comes here all the time, and a spread object costs 3 µs.
  return waitUntil(thread, {
    queues,
    exclusive,
    timeout,
    timedOut,
    interrupted,
    uninterruptible,
    tried,
    attempt: () => tryOnce(attempt),
    finished: () => {
      options.finished?.();
      file.release();
    },
  });
}

/** Undefined for EAGAIN; other errors are results, because a wait goes on outside of `call`. */
function tryOnce(attempt: () => number | undefined): number | undefined {
  try {
    return attempt();
  } catch (error) {
    if (!(error instanceof VfsError)) throw error;
    return error.code === errno.EAGAIN ? undefined : -error.code;
  }
}
