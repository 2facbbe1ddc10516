import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { call, fileAt, int } from "../posixfs/call.ts";
import { signals } from "../rksignal/signals.ts";
import { readSignalSet, SIGSET_SIZE } from "../rksignal/user-set.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { full } from "../syscalls/row.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { vfs } from "../vfs/vfs.ts";
import { SignalFile } from "./signalfd.ts";

const NEW = -1;

const signalfd4 = call((thread, files, fd, maskAt, size, flags) => {
  if (size !== SIGSET_SIZE || int(flags) & ~(O.CLOEXEC | O.NONBLOCK)) fail("EINVAL");
  const mask = readSignalSet(thread, maskAt);
  const { kernel } = thread;
  if (int(fd) !== NEW) {
    const file = fileAt(files, fd);
    if (!(file instanceof SignalFile)) return fail("EINVAL");
    file.mask = mask;
    // What waits for it may have come already.
    file.waiters?.wake();
    return int(fd);
  }
  const place = eventPlace("[signalfd]", kernel.use(time).realtime());
  const file = new SignalFile(place, flags, mask, () => kernel.use(dispatcher).current);
  return files.fds.add(file, (flags & O.CLOEXEC) !== 0);
});

/** Pending signals as files: signalfd(2). */
export const posixSignalfd: Library = {
  name: "posix-signalfd",
  summary: librarySummary.posixSignalfd,
  provides: [],
  needs: [vfs, time, signals, dispatcher],
  syscalls: [full("signalfd4", signalfd4)],
};
