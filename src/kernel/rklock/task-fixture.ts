import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import type { WaitFor } from "../rksched/wait-queue.ts";
import { WAITING } from "../syscalls/result.ts";

/** Threads that wait as those of guests do, and go on in the order in which they were woken. */
export class Tasks {
  readonly ready: Task[] = [];
  private now = 0;
  private timers: { readonly due: number; readonly run: () => void }[] = [];

  /** One for each letter. */
  make(names: string): Task[] {
    return [...names].map((name) => new Task(name, this));
  }

  /** All that were woken run. Tells who has got what it waited for. */
  run(): string {
    let got = "";
    for (let task = this.ready.shift(); task; task = this.ready.shift()) {
      task.goOn();
      if (task.result === 0) got += task.name;
    }
    return got;
  }

  pass(nanoseconds: number): void {
    this.now += nanoseconds;
    for (const timer of this.timers.filter(({ due }) => due <= this.now)) timer.run();
  }

  /** Timers that somebody has left behind. */
  get armed(): number {
    return this.timers.length;
  }

  after(nanoseconds: number, run: () => void): () => void {
    const timer = { due: this.now + nanoseconds, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  }
}

/** A thread that is in one call at a time. */
export class Task {
  readonly name: string;
  /** Of the last call; undefined while it waits. */
  result: number | undefined;
  private readonly thread: Thread;

  constructor(name: string, tasks: Tasks) {
    this.name = name;
    const thread = {
      state: "running",
      kernel: { use: () => tasks },
      wait: undefined,
      wake: () => {
        if (thread.state !== "blocked") return;
        thread.state = "ready";
        tasks.ready.push(this);
      },
    };
    this.thread = thread as unknown as Thread;
  }

  get isWaiting(): boolean {
    return this.result === undefined;
  }

  call(handler: (wait: WaitFor) => number): this {
    this.settle(handler((request) => waitUntil(this.thread, request)));
    return this;
  }

  goOn(): void {
    this.thread.state = "running";
    this.settle(this.thread.wait?.resume() ?? 0);
  }

  private settle(result: number): void {
    this.result = result === WAITING ? undefined : result;
    if (result === WAITING) this.thread.state = "blocked";
  }
}
