import { call, int } from "../posixfs/call.ts";
import { Capability } from "../rkprocess/capabilities.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import { ERESTARTNOHAND, errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";
import { fail, VfsError } from "../vfs/error.ts";
import {
  beginReport,
  CHANGE,
  IPC,
  IPC_NOWAIT,
  IpcTable,
  PERM_SIZE,
  READ,
  requireOwner,
  requirePermission,
  setOwner,
  setWords,
} from "./object.ts";
import { MESSAGE_BYTES, type Message, QUEUE_BYTES, Queue, type Receiver, type Selection } from "./queue.ts";
import { sysvIpc } from "./state.ts";

/** MSGMNI; bytes of all queues together, which take memory of the host. */
const MOST_QUEUES = 32000;
export const MOST_BYTES = 64 << 20;
/** Flags of `msgrcv` (linux/msg.h), and commands beside those of all kinds. */
const MSG = { NOERROR: 0o10000, EXCEPT: 0o20000, COPY: 0o40000, STAT: 11, INFO: 12, STAT_ANY: 13 } as const;
const LONG_MIN = -(2n ** 63n);

export const newQueues = () => new IpcTable<Queue>(MOST_QUEUES);

const queuesOf = (thread: Thread) => thread.kernel.use(sysvIpc).queues;

function msgget(thread: Thread, key: number, flags: number): number {
  const { queues, messageBytes } = thread.kernel.use(sysvIpc);
  const make = () => new Queue(thread, int(key), int(flags), messageBytes);
  return queues.get(thread, int(key), int(flags), () => {}, make);
}

/** `struct msgbuf`: 0 mtype, 8 mtext. */
function msgsnd(thread: Thread, id: number, at: number, length: number, flags: number): number {
  const type = BigInt.asIntN(64, thread.memory.readU64(at));
  if (length < 0 || length > MESSAGE_BYTES || int(id) < 0 || type < 1n) fail("EINVAL");
  const message: Message = { type, content: thread.memory.read(at + 8, length) };
  const queue = queuesOf(thread).find(int(id));
  const attempt = (): number | undefined => {
    if (queue.isGone) return -errno.EIDRM;
    requirePermission(thread, queue, CHANGE);
    if (!queue.hasRoom(length)) return flags & IPC_NOWAIT ? -errno.EAGAIN : undefined;
    queue.send(thread, message);
    return 0;
  };
  return waitUntil(thread, {
    attempt: () => asResult(attempt),
    queues: [queue.senders],
    interrupted: () => -ERESTARTNOHAND,
  });
}

/** What is thrown while a call waits is its result too. */
function asResult(attempt: () => number | undefined): number | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof VfsError) return -error.code;
    throw error;
  }
}

/** msgrcv(2), `msgtyp`. */
function selection(type: bigint, flags: number): Selection {
  if (type === 0n) return { matches: () => true, lowest: false };
  if (type < 0n) {
    const most = type === LONG_MIN ? -LONG_MIN - 1n : -type;
    return { matches: (other) => other <= most, lowest: true };
  }
  if (flags & MSG.EXCEPT) return { matches: (other) => other !== type, lowest: false };
  return { matches: (other) => other === type, lowest: false };
}

function store({ memory }: Thread, at: number, { type, content }: Message, room: number): number {
  const part = content.subarray(0, room);
  memory.writeU64(at, BigInt.asUintN(64, type));
  memory.write(at + 8, part);
  return part.length;
}

function msgrcv(thread: Thread, id: number, at: number, room: number, type: bigint, flags: number): number {
  if (int(id) < 0 || room < 0) fail("EINVAL");
  if (flags & MSG.COPY && (flags & MSG.EXCEPT || !(flags & IPC_NOWAIT))) fail("EINVAL");
  const queue = queuesOf(thread).find(int(id));
  const cuts = (flags & MSG.NOERROR) !== 0;
  const accepts = selection(type, flags);
  const done = new WaitQueue();
  let receiver: Receiver | undefined;
  const look = (): number | undefined => {
    if (queue.isGone) return -errno.EIDRM;
    requirePermission(thread, queue, READ);
    const isCopy = (flags & MSG.COPY) !== 0;
    const index = isCopy ? copied(queue, type) : queue.indexOf(accepts);
    if (index === -1 && flags & IPC_NOWAIT) return -errno.ENOMSG;
    if (index === -1) {
      receiver = { thread, accepts, room, cuts, result: undefined, done };
      queue.add(receiver);
      return undefined;
    }
    if (room < queue.messages[index].content.length && !cuts) return -errno.E2BIG;
    return store(thread, at, isCopy ? queue.messages[index] : queue.take(thread, index), room);
  };
  const attempt = (): number | undefined => {
    const result = receiver?.result;
    if (receiver && result === undefined) return undefined;
    if (result === undefined || result === -errno.EAGAIN) return look();
    return typeof result === "number" ? result : store(thread, at, result, room);
  };
  return waitUntil(thread, {
    attempt: () => asResult(attempt),
    queues: [done],
    interrupted: () => -ERESTARTNOHAND,
    finished: () => receiver && queue.delete(receiver),
  });
}

/** MSG_COPY: the type counts messages instead. */
function copied(queue: Queue, place: bigint): number {
  return place >= 0n && place < BigInt(queue.messages.length) ? Number(place) : -1;
}

/** `struct msqid64_ds`: perm, 48 sent, 56 received, 64 changed, 72 bytes, 80 messages, 88 most bytes, 96 sender, 100 receiver. */
const REPORT = 120;

function report(thread: Thread, queue: Queue, at: number): void {
  const view = beginReport(queue, REPORT);
  const { sentAt, receivedAt, changedAt, bytes, messages, mostBytes } = queue;
  setWords(view, PERM_SIZE, [sentAt, receivedAt, changedAt, bytes, messages.length, mostBytes]);
  view.setInt32(96, queue.lastSender, true);
  view.setInt32(100, queue.lastReceiver, true);
  thread.memory.write(at, new Uint8Array(view.buffer));
}

/**
 * `struct msginfo`, integers: msgpool, msgmap, msgmax, msgmnb, msgmni, msgssz, msgtql, and a short one, msgseg. MSG_INFO has
 * queues, messages and bytes in place of msgpool, msgmap and msgtql.
 */
function info(thread: Thread, at: number, isUsage: boolean): number {
  const queues = queuesOf(thread);
  const all = queues.all();
  const sum = (of: (queue: Queue) => number) => all.reduce((total, queue) => total + of(queue), 0);
  const [pool, map, total] = isUsage
    ? [queues.count, sum(({ messages }) => messages.length), sum(({ bytes }) => bytes)]
    : [(MOST_QUEUES * QUEUE_BYTES) / 1024, QUEUE_BYTES, QUEUE_BYTES];
  const words = [pool, map, MESSAGE_BYTES, QUEUE_BYTES, MOST_QUEUES, 16, total, 0xffff];
  thread.memory.write(at, new Uint8Array(Int32Array.from(words).buffer));
  return queues.highest;
}

function msgctl(thread: Thread, idGiven: number, commandGiven: number, at: number): number {
  const [id, command] = [int(idGiven), int(commandGiven)];
  const queues = queuesOf(thread);
  if (id < 0 || command < 0) fail("EINVAL");
  switch (command) {
    case IPC.INFO:
    case MSG.INFO:
      return info(thread, at, command === MSG.INFO);
    case IPC.STAT:
    case MSG.STAT:
    case MSG.STAT_ANY: {
      const queue = command === IPC.STAT ? queues.find(id) : queues.at(id);
      if (command !== MSG.STAT_ANY) requirePermission(thread, queue, READ);
      report(thread, queue, at);
      return command === IPC.STAT ? 0 : queue.id;
    }
    case IPC.SET: {
      thread.memory.read(at, REPORT);
      const most = thread.memory.readWord(at + 88);
      const queue = queues.find(id);
      requireOwner(thread, queue);
      const isMore = most < 0 || most > QUEUE_BYTES;
      if (isMore && !thread.process.credentials.has(Capability.raiseLimits)) fail("EPERM");
      setOwner(thread, queue, at);
      queue.mostBytes = most < 0 ? Number.MAX_SAFE_INTEGER : most;
      queue.lookAgain();
      return 0;
    }
    case IPC.RMID: {
      const queue = queues.find(id);
      requireOwner(thread, queue);
      queues.remove(queue);
      return 0;
    }
    default:
      return fail("EINVAL");
  }
}

/** A long type is not exact as a number. */
const typeArgument = ({ kernel }: Thread) => kernel.hart.x(13);

export const queueCalls: readonly SyscallRow[] = [
  full(
    "msgget",
    call((thread, _files, key, flags) => msgget(thread, key, flags)),
  ),
  full(
    "msgsnd",
    call((thread, _files, id, at, length, flags) => msgsnd(thread, id, at, length, int(flags))),
  ),
  full(
    "msgrcv",
    call((thread, _files, id, at, room, _type, flags) =>
      msgrcv(thread, id, at, room, typeArgument(thread), int(flags)),
    ),
  ),
  full(
    "msgctl",
    call((thread, _files, id, command, at) => msgctl(thread, id, command, at)),
  ),
];
