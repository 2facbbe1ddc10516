import type { Thread } from "../rkprocess/thread.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { POLL } from "../vfs/flags.ts";
import { type Attributes, FileType } from "../vfs/inode.ts";

interface Message {
  readonly priority: number;
  readonly content: Uint8Array;
}

/** Who is told once that a message has come into an empty queue that nobody waits at. */
export interface Registration {
  readonly owner: object;
  /** Absent: nobody is told, but nobody else can register either (SIGEV_NONE). */
  readonly notify?: (sender: Thread) => void;
  /** What reading the queue tells of it: `sigev_notify`, the signal, and the process. */
  readonly request?: { readonly how: number; readonly signal: number; readonly pid: number };
}

/** How long a queue may get, and a message in it (in bytes). */
export interface QueueSize {
  readonly most: number;
  readonly messageSize: number;
}

/** Bytes that Linux reckons for a message beside its content (`msg_msg`), and for a priority (`posix_msg_tree_node`). */
const OVERHEAD = 48;
/** Priorities are below (linux/mqueue.h). */
export const PRIORITIES = 32768;

/** What a queue of a size counts against RLIMIT_MSGQUEUE (getrlimit(2)). */
export function reckonedBytes({ most, messageSize }: QueueSize): number {
  return most * (messageSize + OVERHEAD) + Math.min(most, PRIORITIES) * OVERHEAD;
}

/** `st_size` of every queue: room for what reading it gives (`FILENT_SIZE`). */
const STATUS_SIZE = 80;

/** A queue of messages (mq_overview(7)): the most urgent ones first, and of those the oldest. */
export class MessageQueue {
  readonly size: QueueSize;
  readonly location: Location;
  /** Permission bits, and whose it is. */
  mode: number;
  uid: number;
  gid: number;
  registration: Registration | undefined;
  /** For who waits to send, to receive, or for either. */
  readonly senders = new WaitQueue();
  readonly receivers = new WaitQueue();
  readonly changes = new WaitQueue();
  /** The last one is the next to be received. */
  private readonly messages: Message[] = [];
  private bytes = 0;

  constructor(size: QueueSize, location: Location, mode: number, owner: { uid: number; gid: number }) {
    this.size = size;
    this.location = location;
    this.mode = mode;
    this.uid = owner.uid;
    this.gid = owner.gid;
  }

  /** What `fstat` of its files tells. */
  attributes(): Attributes {
    const { mode, uid, gid } = this;
    const made = this.location.dentry.inode.attributes();
    return { ...made, mode: FileType.regular | mode, uid, gid, size: STATUS_SIZE };
  }

  /** What reading its files gives (mq_overview(7), "Mounting the message queue filesystem"). */
  status(): string {
    const { how = 0, signal = 0, pid = 0 } = this.registration?.request ?? {};
    const field = (value: number, width: number) => `${value}`.padEnd(width);
    const told = `NOTIFY:${field(how, 5)} SIGNO:${field(signal, 5)} NOTIFY_PID:${field(pid, 6)}`;
    return `QSIZE:${field(this.bytes, 10)} ${told}\n`;
  }

  get length(): number {
    return this.messages.length;
  }

  /** Bytes of all messages. */
  get contentBytes(): number {
    return this.bytes;
  }

  poll(): number {
    const hasRoom = this.messages.length < this.size.most;
    return (this.messages.length > 0 ? POLL.IN | POLL.RDNORM : 0) | (hasRoom ? POLL.OUT | POLL.WRNORM : 0);
  }

  /** Throws EAGAIN when it is full. The content is kept, not copied. */
  send(content: Uint8Array, priority: number, sender: Thread): void {
    if (this.messages.length >= this.size.most) fail("EAGAIN");
    let [low, high] = [0, this.messages.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.messages[middle].priority < priority) low = middle + 1;
      else high = middle;
    }
    this.messages.splice(low, 0, { priority, content });
    this.bytes += content.length;
    if (this.messages.length === 1 && this.receivers.isEmpty) this.tell(sender);
    this.changes.wake(POLL.IN | POLL.RDNORM);
    this.receivers.wake();
  }

  private tell(sender: Thread): void {
    const { registration } = this;
    if (!registration?.notify) return;
    this.registration = undefined;
    registration.notify(sender);
  }

  /** Takes the first message out after `take` has had it; should `take` throw, it stays. Throws EAGAIN when there is none. */
  receive(take: (message: Message) => void): void {
    const message = this.messages.at(-1) ?? fail("EAGAIN");
    take(message);
    this.messages.pop();
    this.bytes -= message.content.length;
    this.changes.wake(POLL.OUT | POLL.WRNORM);
    this.senders.wake();
  }
}
