import type { Thread } from "../rkprocess/thread.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import { errno } from "../syscalls/errno.ts";
import type { Budget } from "../vfs/limits.ts";
import { IpcObject, now } from "./object.ts";

/** MSGMNB: bytes that a queue holds, unless it was set otherwise; MSGMAX: of one message. */
export const QUEUE_BYTES = 16384;
export const MESSAGE_BYTES = 8192;

export interface Message {
  /** Positive. */
  readonly type: bigint;
  readonly content: Uint8Array;
}

/** What a message takes of the host. */
const costOf = ({ content }: Message): number => content.length + 128;

/** Who waits for a message. */
export interface Receiver {
  readonly thread: Thread;
  readonly accepts: Selection;
  /** Most bytes that he takes, and whether he takes the beginning of a longer message. */
  readonly room: number;
  readonly cuts: boolean;
  /** Set when it is over: a message, or a negative errno. */
  result: Message | number | undefined;
  readonly done: WaitQueue;
}

/** Which message is wanted: the first for which it holds, or of all those the one of the lowest type. */
export interface Selection {
  readonly matches: (type: bigint) => boolean;
  readonly lowest: boolean;
}

/** A queue of messages (sysvipc(7)). */
export class Queue extends IpcObject {
  /** The oldest first. */
  readonly messages: Message[] = [];
  bytes = 0;
  mostBytes = QUEUE_BYTES;
  sentAt = 0;
  receivedAt = 0;
  lastSender = 0;
  lastReceiver = 0;
  isGone = false;
  /** For who waits to send. */
  readonly senders = new WaitQueue();
  readonly weight = 1;
  private readonly receivers = new Set<Receiver>();
  private readonly budget: Budget;

  /** `budget`: of the bytes that all queues hold. */
  constructor(thread: Thread, key: number, flags: number, budget: Budget) {
    super(thread, key, flags);
    this.budget = budget;
  }

  hasRoom(bytes: number): boolean {
    return bytes + this.bytes <= this.mostBytes && this.messages.length < this.mostBytes;
  }

  /** Gives a message to who waits for it, or keeps it. Throws ENOMEM. */
  send(thread: Thread, message: Message): void {
    if (!this.giveAway(message)) {
      this.budget.charge(costOf(message));
      this.messages.push(message);
      this.bytes += message.content.length;
    }
    this.lastSender = thread.process.pid;
    this.sentAt = now(thread);
  }

  /** The place of the message that is wanted, or -1. */
  indexOf({ matches, lowest }: Selection): number {
    let found = -1;
    for (let i = 0; i < this.messages.length; i++) {
      if (!matches(this.messages[i].type)) continue;
      if (!lowest) return i;
      if (found === -1 || this.messages[i].type < this.messages[found].type) found = i;
    }
    return found;
  }

  take(thread: Thread, index: number): Message {
    const [message] = this.messages.splice(index, 1);
    this.bytes -= message.content.length;
    this.budget.discharge(costOf(message));
    this.received(thread);
    this.senders.wake();
    return message;
  }

  add(receiver: Receiver): void {
    this.receivers.add(receiver);
  }

  delete(receiver: Receiver): void {
    this.receivers.delete(receiver);
  }

  /** Permissions have changed: all who wait look again. */
  lookAgain(): void {
    for (const receiver of [...this.receivers]) this.finish(receiver, -errno.EAGAIN);
    this.senders.wake();
  }

  removed(): void {
    this.isGone = true;
    for (const message of this.messages) this.budget.discharge(costOf(message));
    for (const receiver of [...this.receivers]) this.finish(receiver, -errno.EIDRM);
    this.senders.wake();
  }

  private giveAway(message: Message): boolean {
    for (const receiver of [...this.receivers]) {
      if (!receiver.accepts.matches(message.type)) continue;
      if (receiver.room < message.content.length && !receiver.cuts) this.finish(receiver, -errno.E2BIG);
      else {
        this.received(receiver.thread);
        this.finish(receiver, message);
        return true;
      }
    }
    return false;
  }

  private received(thread: Thread): void {
    this.lastReceiver = thread.process.pid;
    this.receivedAt = now(thread);
  }

  private finish(receiver: Receiver, result: Message | number): void {
    this.receivers.delete(receiver);
    receiver.result = result;
    receiver.done.wake();
  }
}
