import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { call, int } from "../posixfs/call.ts";
import { time } from "../rktime/time.ts";
import { full } from "../syscalls/row.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { vfs } from "../vfs/vfs.ts";
import { EventFile } from "./eventfd.ts";

const EFD_SEMAPHORE = 1;

const eventfd2 = call((thread, files, initial, flags) => {
  if (int(flags) & ~(EFD_SEMAPHORE | O.CLOEXEC | O.NONBLOCK)) fail("EINVAL");
  const place = eventPlace("[eventfd]", thread.kernel.use(time).realtime());
  const file = new EventFile(place, flags, int(initial) >>> 0, (flags & EFD_SEMAPHORE) !== 0);
  return files.fds.add(file, (flags & O.CLOEXEC) !== 0);
});

/** Counters as files: eventfd(2). */
export const posixEventfd: Library = {
  name: "posix-eventfd",
  summary: librarySummary.posixEventfd,
  provides: [],
  needs: [vfs, time],
  syscalls: [full("eventfd2", eventfd2)],
};
