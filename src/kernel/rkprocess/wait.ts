import type { WaitQueue } from "../rksched/wait-queue.ts";
import { time } from "../rktime/time.ts";
import { ERESTARTSYS, errno } from "../syscalls/errno.ts";
import { WAITING } from "../syscalls/result.ts";
import type { Thread } from "./thread.ts";

/** What a system call waits for. */
export interface WaitOptions {
  /**
   * Tries to finish the call: its result, or `undefined` while there is nothing yet. It is called at once, and after
   * each wake-up when the thread's turn has come. It may throw what a system call may throw.
   */
  readonly attempt: () => number | undefined;
  /** What wakes the thread. */
  readonly queues: Iterable<WaitQueue>;
  /** Nanoseconds to wait at most. */
  readonly timeout?: number | undefined;
  /** The result when the time is up; default -ETIMEDOUT. */
  readonly timedOut?: () => number;
  /** The result when a signal has come; default -ERESTARTSYS. */
  readonly interrupted?: () => number;
  /** Only the end of its process ends the wait early. */
  readonly uninterruptible?: boolean;
  /** Called once when the wait is over, also when the thread ends in it. */
  readonly finished?: () => void;
}

/** A thread's wait inside a system call. */
export interface Wait {
  /** The call's result, or WAITING to wait on. */
  resume(): number;
  /** The thread has ended: lets go of everything. */
  abandon(): void;
}

/**
 * Finishes a system call now or waits until it can be: returns its result, or WAITING for the handler to return.
 * Nothing is lost between a failed attempt and the wait, because nobody else runs in between.
 */
export function waitUntil(thread: Thread, options: WaitOptions): number {
  const { attempt, queues, timeout, uninterruptible = false, finished } = options;
  const done = (result: number) => {
    finished?.();
    return result;
  };
  let result: number | undefined;
  try {
    result = attempt();
  } catch (error) {
    finished?.();
    throw error;
  }
  if (result !== undefined) return done(result);
  const timedOut = options.timedOut ?? (() => -errno.ETIMEDOUT);
  const interrupted = options.interrupted ?? (() => -ERESTARTSYS);
  if (timeout !== undefined && timeout <= 0) return done(timedOut());
  if (!uninterruptible && thread.signalPending) return done(interrupted());

  let late = false;
  const wake = () => thread.wake();
  const stops: (() => void)[] = [];
  for (const queue of queues) stops.push(queue.add(wake));
  if (timeout !== undefined && timeout !== Number.POSITIVE_INFINITY)
    stops.push(
      thread.kernel.use(time).after(timeout, () => {
        late = true;
        wake();
      }),
    );
  const abandon = () => {
    thread.wait = undefined;
    thread.interrupt = undefined;
    for (const stop of stops) stop();
    finished?.();
  };
  const over = (value: number) => {
    abandon();
    return value;
  };
  const await_ = () => {
    if (!uninterruptible) thread.interrupt = wake;
    return WAITING;
  };
  thread.wait = {
    resume() {
      try {
        const now = attempt();
        if (now !== undefined) return over(now);
      } catch (error) {
        abandon();
        throw error;
      }
      if (!uninterruptible && thread.signalPending) return over(interrupted());
      return late ? over(timedOut()) : await_();
    },
    abandon,
  };
  return await_();
}
