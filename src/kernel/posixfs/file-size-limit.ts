import { Limit, RLIM_INFINITY } from "../rkprocess/limits.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { fromSelf, signal, signals } from "../rksignal/signals.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { FileType } from "../vfs/inode.ts";
import { type OpenFile, Seek } from "../vfs/open-file.ts";

/** RLIMIT_FSIZE: EFBIG, and SIGXFSZ to the thread. */
function refuse(thread: Thread): never {
  thread.kernel.use(signals).toThread(thread, fromSelf(thread.process, signal.SIGXFSZ));
  return fail("EFBIG");
}

/**
 * How many bytes may be written to a file at `position` (undefined: where it stands). Throws EFBIG where that is none;
 * files other than regular ones have no limit.
 */
export function roomForWrite(thread: Thread, file: OpenFile, position: number | undefined): number {
  const { soft } = thread.process.limits[Limit.fileSize];
  if (soft === RLIM_INFINITY || file.inode.type !== FileType.regular) return Number.POSITIVE_INFINITY;
  const at = file.flags & O.APPEND ? file.attributes().size : (position ?? file.seek(0, Seek.current));
  const room = Number(soft) - at;
  return room > 0 ? room : refuse(thread);
}

/** Throws EFBIG where a file of `before` bytes must not become one of `after` bytes. */
export function requireAllowedSize(thread: Thread, before: number, after: number): void {
  if (after > before && after > Number(thread.process.limits[Limit.fileSize].soft)) refuse(thread);
}
