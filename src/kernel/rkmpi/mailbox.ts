import { type Api, api } from "../library.ts";
import type { WaitQueue } from "../rksched/wait-queue.ts";

/**
 * A box for a fixed number of messages, first in, first out: Unikraft's ukmpi, and `Mbox` of the original Runikraft,
 * whose error number it has (ENOBUFS, whether there is no room, no message, or none in time).
 */
export interface Mailbox<T> {
  readonly capacity: number;
  readonly count: number;
  /** Woken when there is a message. */
  readonly filled: WaitQueue;
  /** Woken when there is room. */
  readonly emptied: WaitQueue;
  /** Posts at once: 0 or -ENOBUFS. */
  postTry(message: T): number;
  /**
   * Receives at once: what `deliver` makes of the oldest message, or -ENOBUFS. A message whose delivery throws (the
   * guest's buffer is bad) stays the oldest.
   */
  recvTry(deliver: (message: T) => number): number;
  /** Posts when there is room, within `timeout` nanoseconds where that is given. */
  post(message: T, wait: Wait, timeout?: number): number;
  /** Receives when there is a message, within `timeout` nanoseconds where that is given. */
  recv(deliver: (message: T) => number, wait: Wait, timeout?: number): number;
}

/**
 * How whoever calls waits: calls `attempt` at once and again after each waking of `queues` until it returns a number, which
 * is the result, or until time is up. For a guest's thread `(options) => waitUntil(thread, options)`, which adds what
 * signals do.
 */
export type Wait = (options: {
  readonly attempt: () => number | undefined;
  readonly queues: Iterable<WaitQueue>;
  readonly timeout?: number | undefined;
  readonly timedOut: () => number;
}) => number;

export interface Mailboxes {
  /** An empty box for `capacity` messages, 1 to 65536; `undefined` for any other. */
  create<T>(capacity: number): Mailbox<T> | undefined;
}

export const mailboxes: Api<Mailboxes> = api("rkmpi");
