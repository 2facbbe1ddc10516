import { librarySummary } from "../../messages/libraries.ts";
import { type Api, api, type Library } from "../library.ts";
import { call, int, readPath, waitWith } from "../posixfs/call.ts";
import { Limit } from "../rkprocess/limits.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { WaitQueue } from "../rksched/wait-queue.ts";
import { signals } from "../rksignal/signals.ts";
import { time } from "../rktime/time.ts";
import { readTimespec, readTimespecAfter } from "../rktime/timespec.ts";
import { full, partial } from "../syscalls/row.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { allows, May, requireOwner } from "../vfs/permission.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { vfs } from "../vfs/vfs.ts";
import { PRIORITIES, type QueueSize, type Registration } from "./message-queue.ts";
import { QueueFile } from "./queue-file.ts";
import { DEFAULT_SIZE, MessageQueues } from "./queues.ts";

const messageQueues: Api<MessageQueues> = api("posix-mqueue");

/** `struct mq_attr`: 0 mq_flags, 8 mq_maxmsg, 16 mq_msgsize, 24 mq_curmsgs, and 32 bytes for the future. */
function readSize(thread: Thread, at: number): QueueSize {
  return { most: thread.memory.readWord(at + 8), messageSize: thread.memory.readWord(at + 16) };
}

const open = call((thread, files, nameAt, flags, mode, sizeAt) => {
  const { kernel, process } = thread;
  const queues = kernel.use(messageQueues);
  const size = flags & O.CREAT && sizeAt !== 0 ? readSize(thread, sizeAt) : DEFAULT_SIZE;
  const name = readPath(thread, nameAt);
  let queue = queues.find(name);
  if (queue) {
    if (flags & O.CREAT && flags & O.EXCL) fail("EEXIST");
    if ((flags & O.ACCMODE) === O.ACCMODE) fail("EINVAL");
    const wanted = [May.read, May.write, May.read | May.write][flags & O.ACCMODE];
    if (!allows(files.who, queue.attributes(), wanted)) fail("EACCES");
  } else {
    if (!(flags & O.CREAT)) fail("ENOENT");
    if (!files.fds.hasRoom) fail("EMFILE");
    const limit = Number(process.limits[Limit.messageQueues].soft);
    const permissions = mode & 0o7777 & ~files.umask;
    queue = queues.create(name, size, permissions, files.owner, limit, kernel.use(time).realtime());
  }
  return files.fds.add(queues.open(queue, flags), true);
});

/** Names are in a sticky directory of root's: its owner removes a queue. */
const unlink = call((thread, files, nameAt) => {
  const queues = thread.kernel.use(messageQueues);
  const name = readPath(thread, nameAt);
  requireOwner(files.who, queues.find(name) ?? fail("ENOENT"));
  queues.unlink(name);
  return 0;
});

function queueAt(files: ProcessFiles, fd: number): QueueFile {
  const { file } = files.fds.get(int(fd));
  return file instanceof QueueFile ? file : fail("EBADF");
}

/** Nanoseconds until a time of day; undefined where there is none. */
function timeUntil(thread: Thread, at: number): number | undefined {
  if (at === 0) return undefined;
  if (readTimespec(thread, at) < 0) fail("EINVAL");
  const source = thread.kernel.use(time);
  return (readTimespecAfter(thread, at, source.realtimeOffset) ?? 0) - source.monotonic();
}

/** Does `attempt`, which throws EAGAIN while it must wait, at once or until `timeout` is over. */
function transfer(
  thread: Thread,
  file: QueueFile,
  queue: WaitQueue,
  timeout: number | undefined,
  attempt: () => number,
): number {
  if (file.flags & O.NONBLOCK) return attempt();
  return waitWith(thread, file, attempt, { queues: [queue], exclusive: true, timeout });
}

const send = call((thread, files, fd, at, length, priority, untilAt) => {
  const timeout = timeUntil(thread, untilAt);
  const urgency = int(priority) >>> 0;
  if (urgency >= PRIORITIES) fail("EINVAL");
  const file = queueAt(files, fd);
  if (!file.writable) fail("EBADF");
  const { queue } = file;
  if (length < 0 || length > queue.size.messageSize) fail("EMSGSIZE");
  const content = thread.memory.read(at, length);
  return transfer(thread, file, queue.senders, timeout, () => {
    queue.send(content, urgency, thread);
    return 0;
  });
});

const receive = call((thread, files, fd, at, length, priorityAt, untilAt) => {
  const timeout = timeUntil(thread, untilAt);
  const file = queueAt(files, fd);
  if (!file.readable) fail("EBADF");
  const { queue } = file;
  if (length >= 0 && length < queue.size.messageSize) fail("EMSGSIZE");
  return transfer(thread, file, queue.receivers, timeout, () => {
    let count = 0;
    queue.receive(({ content, priority }) => {
      count = content.length;
      thread.memory.write(at, content);
      if (priorityAt !== 0) thread.memory.writeU32(priorityAt, priority);
    });
    return count;
  });
});

const SIGEV = { signal: 0, none: 1 } as const;
const SI_MESGQ = -3;
const LAST_SIGNAL = 64;

/** `struct sigevent`: 0 sigev_value, 8 sigev_signo, 12 sigev_notify. */
function readRegistration(thread: Thread, at: number): Registration {
  const { process, kernel, memory } = thread;
  const value = BigInt.asIntN(64, memory.readU64(at));
  const number = memory.readI32(at + 8);
  const how = memory.readI32(at + 12);
  const request = { how, signal: how === SIGEV.signal ? number : 0, pid: process.pid };
  if (how === SIGEV.none) return { owner: process, request };
  if (how !== SIGEV.signal || number < 0 || number > LAST_SIGNAL) fail("EINVAL");
  return {
    owner: process,
    request,
    notify(sender) {
      const { pid, credentials } = sender.process;
      const info = { signal: number, code: SI_MESGQ, pid, uid: credentials.uid, value };
      if (number > 0) kernel.use(signals).toProcess(process, info);
    },
  };
}

const notify = call((thread, files, fd, at) => {
  const registration = at === 0 ? undefined : readRegistration(thread, at);
  const file = queueAt(files, fd);
  const { queue } = file;
  if (registration) {
    if (queue.registration) fail("EBUSY");
    queue.registration = registration;
    file.registration = registration;
  } else if (queue.registration?.owner === thread.process) queue.registration = undefined;
  return 0;
});

const getSetAttributes = call((thread, files, fd, newAt, oldAt) => {
  const wanted = newAt === 0 ? undefined : thread.memory.readWord(newAt);
  if (wanted !== undefined && wanted & ~O.NONBLOCK) fail("EINVAL");
  const file = queueAt(files, fd);
  const { most, messageSize } = file.queue.size;
  const before = [file.flags & O.NONBLOCK, most, messageSize, file.queue.length, 0, 0, 0, 0];
  if (wanted !== undefined) file.flags = (file.flags & ~O.NONBLOCK) | wanted;
  if (oldAt !== 0) before.forEach((word, i) => void thread.memory.writeWord(oldAt + i * 8, word));
  return 0;
});

/** Queues of messages with priorities: mq_overview(7). */
export const posixMqueue: Library = {
  name: "posix-mqueue",
  summary: librarySummary.posixMqueue,
  provides: [messageQueues],
  needs: [vfs, time, signals, processTable],
  syscalls: [
    partial("mq_open", "all queues count against one RLIMIT_MSGQUEUE", open),
    full("mq_unlink", unlink),
    full("mq_timedsend", send),
    full("mq_timedreceive", receive),
    partial("mq_notify", "no SIGEV_THREAD, which wants a netlink socket", notify),
    full("mq_getsetattr", getSetAttributes),
  ],
  start(kernel) {
    const queues = new MessageQueues();
    kernel.provide(messageQueues, queues);
    kernel.use(processTable).onExit.push((process) => queues.forget(process));
  },
};
