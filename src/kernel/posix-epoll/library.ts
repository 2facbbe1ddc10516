import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { type Api, api } from "../library.ts";
import { call, fileAt, int } from "../posixfs/call.ts";
import { readTimeout, useMask } from "../posixfs/poll.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { signals } from "../rksignal/signals.ts";
import { time } from "../rktime/time.ts";
import { errno } from "../syscalls/errno.ts";
import { full } from "../syscalls/row.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { Budget } from "../vfs/limits.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { vfs } from "../vfs/vfs.ts";
import { Epoll } from "./epoll.ts";

/** What all epolls of a machine may watch. */
const epollWatches: Api<Budget> = api("posix-epoll");

/** Operations of `epoll_ctl`. */
const ADD = 1;
const DEL = 2;
const MOD = 3;
/** Bytes of a `struct epoll_event`: 0 events, 8 data. */
const EVENT_SIZE = 16;
/** EP_MAX_EVENTS */
const MOST_EVENTS = Math.floor(0x7fff_ffff / EVENT_SIZE);

const create1 = call((thread, files, flags) => {
  if (int(flags) & ~O.CLOEXEC) fail("EINVAL");
  const place = eventPlace("[eventpoll]", thread.kernel.use(time).realtime());
  return files.fds.add(new Epoll(place, thread.kernel.use(epollWatches)), (flags & O.CLOEXEC) !== 0);
});

function epollAt(files: ProcessFiles, fd: number): Epoll {
  const file = fileAt(files, fd);
  return file instanceof Epoll ? file : fail("EINVAL");
}

const control = call((thread, files, epfd, operation, fd, at) => {
  const { memory } = thread;
  const op = int(operation);
  const events = op === DEL ? 0 : memory.readI32(at);
  const data =
    op === DEL ? { low: 0, high: 0 } : { low: memory.readU32(at + 8), high: memory.readU32(at + 12) };
  const outer = fileAt(files, epfd);
  const file = fileAt(files, fd);
  if (!file.waiters) fail("EPERM");
  if (!(outer instanceof Epoll) || outer === file) return fail("EINVAL");
  if (op === ADD) outer.add(int(fd), file, events, data);
  else if (op === DEL) outer.remove(int(fd), file);
  else if (op === MOD) outer.modify(int(fd), file, events, data);
  else fail("EINVAL");
  return 0;
});

/** `timeout` in nanoseconds; undefined for no limit. */
function wait(
  thread: Thread,
  files: ProcessFiles,
  fd: number,
  at: number,
  count: number,
  timeout: number | undefined,
) {
  const most = int(count);
  if (most <= 0 || most > MOST_EVENTS) fail("EINVAL");
  const epoll = epollAt(files, fd).retain();
  const { memory } = thread;
  return waitUntil(thread, {
    attempt: () =>
      epoll.take(most, (index, events, data) => {
        memory.writeU32(at + index * EVENT_SIZE, events);
        memory.writeU32(at + index * EVENT_SIZE + 8, data.low);
        memory.writeU32(at + index * EVENT_SIZE + 12, data.high);
      }) || undefined,
    queues: [epoll.waiters],
    timeout,
    timedOut: () => 0,
    interrupted: () => -errno.EINTR,
    finished: () => epoll.release(),
  });
}

const pwait = call((thread, files, fd, at, count, milliseconds, mask, maskSize) => {
  useMask(thread, mask, maskSize);
  const timeout = int(milliseconds) < 0 ? undefined : int(milliseconds) * 1e6;
  return wait(thread, files, fd, at, count, timeout);
});

const pwait2 = call((thread, files, fd, at, count, timeoutAt, mask, maskSize) => {
  const timeout = readTimeout(thread, timeoutAt);
  useMask(thread, mask, maskSize);
  return wait(thread, files, fd, at, count, timeout);
});

/** Waiting for many files: epoll(7). */
export const posixEpoll: Library = {
  name: "posix-epoll",
  summary: librarySummary.posixEpoll,
  provides: [epollWatches],
  needs: [vfs, time, signals],
  syscalls: [
    full("epoll_create1", create1),
    full("epoll_ctl", control),
    full("epoll_pwait", pwait),
    full("epoll_pwait2", pwait2),
  ],
  start(kernel) {
    kernel.provide(epollWatches, new Budget(kernel.use(vfs).limits.epollWatches, "ENOSPC"));
  },
};
