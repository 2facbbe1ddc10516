import type { WaitQueue, WaitRequest } from "../rksched/wait-queue.ts";
import { time } from "../rktime/time.ts";
import { ERESTARTSYS, errno } from "../syscalls/errno.ts";
import { WAITING } from "../syscalls/result.ts";
import type { Thread } from "./thread.ts";

/** What a system call waits for: `attempt` may throw what a system call may throw; a signal's result is -ERESTARTSYS by default. */
export interface WaitOptions extends WaitRequest {
  /** Only the end of its process ends the wait early. */
  readonly uninterruptible?: boolean | undefined;
  /** `attempt` has just been made, in vain. */
  readonly tried?: boolean | undefined;
}

/** A thread's wait inside a system call. */
export interface Wait {
  /** The call's result, or WAITING to wait on. */
  resume(): number;
  /** The thread has ended: lets go of everything. */
  abandon(): void;
}

/**
 * When a call that waits for `nanoseconds` is to be over: of one that is made again after a stop, when its first try was.
 * A call that uses it leaves the moment in `thread.deadline` when it answers -ERESTARTNOHAND.
 */
export function takeDeadline(thread: Thread, nanoseconds: number): number {
  const end = thread.deadline ?? thread.kernel.use(time).monotonic() + nanoseconds;
  thread.deadline = undefined;
  return end;
}

/**
 * Finishes a system call now or waits until it can be: returns its result, or WAITING for the handler to return.
 * Nothing is lost between a failed attempt and the wait, because nobody else runs in between.
 */
export function waitUntil(thread: Thread, options: WaitOptions): number {
  const { attempt, queues, timeout, uninterruptible = false, exclusive = false, tried, finished } = options;
  const done = (result: number) => {
    finished?.();
    return result;
  };
  let result: number | undefined;
  try {
    if (!tried) result = attempt();
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
  // Of exclusive wake-ups: whose it was given, until it has tried. Should it end before that, another one is to have it.
  let owed: WaitQueue | undefined;
  const wakeAlone = (queue: WaitQueue) => () => {
    if (thread.state !== "blocked") return false;
    owed = queue;
    wake();
    return true;
  };
  for (const queue of queues) stops.push(exclusive ? queue.addExclusive(wakeAlone(queue)) : queue.add(wake));
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
    owed?.wake();
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
        owed = undefined;
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
