import type { Thread } from "../../src/kernel/rkprocess/thread.ts";
import { waitUntil } from "../../src/kernel/rkprocess/wait.ts";
import type { WaitFor, WaitRequest } from "../../src/kernel/rksched/wait-queue.ts";
import { WAITING } from "../../src/kernel/syscalls/result.ts";
import type { Step } from "./explorer.ts";

/** How a thread waits; tests put broken ones in its place. */
export type WaitFunction = (thread: Thread, request: WaitRequest) => number;

/** A guest's thread that makes system calls: nobody else runs during one, but between its parts when it waits. */
export class Caller {
  private readonly thread: Thread;
  private readonly waitFor: WaitFunction;
  private readonly timers = new Set<() => void>();
  /** It can go on although it is blocked. */
  private isReady = false;

  constructor(waitFor: WaitFunction = waitUntil) {
    this.waitFor = waitFor;
    const clock = {
      after: (_nanoseconds: number, callback: () => void) => {
        this.timers.add(callback);
        return () => this.timers.delete(callback);
      },
    };
    const thread = {
      state: "running",
      signalPending: false,
      wait: undefined,
      interrupt: undefined,
      kernel: { use: () => clock },
      wake: () => {
        if (thread.state !== "blocked") return;
        thread.state = "ready";
        this.isReady = true;
      },
    };
    this.thread = thread as unknown as Thread;
  }

  private get isDead(): boolean {
    return this.thread.state === "dead";
  }

  /** Makes a call; its result, `undefined` when the thread was killed while it waited. */
  *call(does: string, handler: (wait: WaitFor) => number): Generator<Step, number | undefined, void> {
    yield { does };
    if (this.isDead) return undefined;
    let result = handler((request) => this.waitFor(this.thread, request));
    while (result === WAITING) {
      this.isReady = false;
      this.thread.state = "blocked";
      yield { does: `${does}, again`, when: () => this.isReady || this.isDead };
      if (this.isDead) return undefined;
      this.thread.state = "running";
      result = this.thread.wait?.resume() ?? 0;
    }
    return result;
  }

  /** Whatever it waits for has not come in time. */
  timeOut(): void {
    for (const timer of [...this.timers]) timer();
    this.timers.clear();
  }

  /** As a signal's arrival does. */
  interrupt(): void {
    Object.assign(this.thread, { signalPending: true });
    this.thread.interrupt?.();
  }

  /** As the end of its process does. */
  kill(): void {
    this.thread.wait?.abandon();
    this.thread.state = "dead";
  }
}
