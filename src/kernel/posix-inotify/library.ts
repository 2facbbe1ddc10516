import { librarySummary } from "../../messages/libraries.ts";
import { type Api, api, type Library } from "../library.ts";
import { AT_FDCWD, baseOf, call, fileAt, int, readPath } from "../posixfs/call.ts";
import { time } from "../rktime/time.ts";
import { full } from "../syscalls/row.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { Budget } from "../vfs/limits.ts";
import { May, requireAccess } from "../vfs/permission.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { vfs } from "../vfs/vfs.ts";
import { find } from "../vfs/walk.ts";
import { EVENTS, IN, Inotify, type InotifyBudgets } from "./inotify.ts";

const budgets: Api<InotifyBudgets> = api("posix-inotify");

/** Bytes of events that nobody has read, in all instances of a machine. */
const EVENT_BYTES = 16 << 20;
const KNOWN =
  EVENTS | IN.ONLYDIR | IN.DONT_FOLLOW | IN.EXCL_UNLINK | IN.MASK_CREATE | IN.MASK_ADD | IN.ONESHOT;

const init1 = call((thread, files, flags) => {
  if (int(flags) & ~(O.CLOEXEC | O.NONBLOCK)) fail("EINVAL");
  const place = eventPlace("inotify", thread.kernel.use(time).realtime());
  const file = new Inotify(place, flags, thread.kernel.use(budgets));
  return files.fds.add(file, (flags & O.CLOEXEC) !== 0);
});

function inotifyAt(files: ProcessFiles, fd: number): Inotify {
  const file = fileAt(files, fd);
  return file instanceof Inotify ? file : fail("EINVAL");
}

const addWatch = call((thread, files, fd, pathAt, mask) => {
  const wanted = int(mask);
  if ((wanted & EVENTS) === 0 || wanted & ~KNOWN) fail("EINVAL");
  if (wanted & IN.MASK_ADD && wanted & IN.MASK_CREATE) fail("EINVAL");
  const inotify = inotifyAt(files, fd);
  const path = readPath(thread, pathAt);
  const { inode } = find(baseOf(files, AT_FDCWD, path), path, !(wanted & IN.DONT_FOLLOW)).dentry;
  requireAccess(files.who, inode, May.read);
  return inotify.watch(inode, wanted);
});

const removeWatch = call((_thread, files, fd, wd) => {
  inotifyAt(files, fd).unwatch(int(wd));
  return 0;
});

/** News of files and directories: inotify(7). */
export const posixInotify: Library = {
  name: "posix-inotify",
  summary: librarySummary.posixInotify,
  provides: [budgets],
  needs: [vfs, time],
  syscalls: [
    full("inotify_init1", init1),
    full("inotify_add_watch", addWatch),
    full("inotify_rm_watch", removeWatch),
  ],
  start(kernel) {
    const { inotifyInstances, inotifyWatches } = kernel.use(vfs).limits;
    kernel.provide(budgets, {
      instances: new Budget(inotifyInstances, "EMFILE"),
      watches: new Budget(inotifyWatches, "ENOSPC"),
      events: new Budget(EVENT_BYTES, "ENOSPC"),
    });
  },
};
