/**
 * Runs a small model of threads under every schedule. A thread is a generator: each `yield` is a point where another thread
 * may run, and says what comes next. Generators cannot be copied, so each schedule is run from the start: the model is
 * made anew for each and has to do the same when it is scheduled the same.
 *
 * Schedules that differ only in the order of steps that do not touch the same things are run once (sleep sets: Godefroid,
 * "Partial-Order Methods for the Verification of Concurrent Systems", chapter 5). That loses no deadlock and no
 * exception, and all such schedules are of the same length.
 */

/** What a thread does next, when it is its turn. */
export interface Step {
  /** For people: "takes the lock". */
  readonly does: string;
  /** The thread cannot go on until this holds. It depends only on what the step touches. */
  readonly when?: () => boolean;
  /** Names of all that the step reads or changes and others may; absent: everything. */
  readonly touches?: readonly string[];
}

/** Up to its first step a thread does nothing that concerns others. */
export type Thread = Generator<Step, void, void>;

/** Threads by their names. Any exception of theirs is a failure, and so is one of `atEnd`. */
export interface Model {
  readonly threads: Readonly<Record<string, Thread>>;
  /** Called when all threads have ended. */
  atEnd?(): void;
}

export interface Failure {
  readonly kind: "deadlock" | "exception" | "endless";
  readonly message: string;
  /** A shortest way there: "thread: what it does". */
  readonly schedule: readonly string[];
}

export interface Exploration {
  /** Runs made. */
  readonly runs: number;
  readonly failure: Failure | undefined;
}

export interface Bounds {
  /** Steps of a schedule; a longer one is a failure. */
  readonly steps?: number;
  /** More runs than this throw `RangeError`: the model is too large. */
  readonly runs?: number;
}

/** A point of the schedule that is being run. */
interface Point {
  /** Threads to try here, and which one's turn it is. */
  readonly choices: readonly string[];
  at: number;
  /** Whose steps were seen, in this place or one that is equal to it. */
  readonly asleep: ReadonlySet<string>;
  /** What each thread's step here would touch. */
  readonly touches: ReadonlyMap<string, readonly string[] | undefined>;
}

export function explore(
  make: () => Model,
  { steps = 200, runs: mostRuns = 100_000 }: Bounds = {},
): Exploration {
  const path: Point[] = [];
  let shortest: Failure | undefined;
  let runs = 0;
  for (;;) {
    if (++runs > mostRuns) throw new RangeError(`more than ${mostRuns} runs`);
    const run = new Run(make());
    for (const { choices, at } of path) run.step(choices[at]);
    while (!run.failure && path.length < (shortest?.schedule.length ?? steps)) {
      const point = nextPoint(path, run);
      if (!point) break;
      path.push(point);
      run.step(point.choices[0]);
    }
    if (!run.failure && path.length >= steps) run.fail("endless", `more than ${steps} steps`);
    const length = shortest?.schedule.length ?? Number.POSITIVE_INFINITY;
    if (run.failure && run.failure.schedule.length < length) shortest = run.failure;
    while (path.length > 0) {
      const last = path[path.length - 1];
      if (++last.at < last.choices.length) break;
      path.pop();
    }
    if (path.length === 0) return { runs, failure: shortest };
  }
}

/** What can be done after `path`; `undefined`: nothing, or nothing that was not seen. */
function nextPoint(path: readonly Point[], run: Run): Point | undefined {
  const enabled = run.enabled();
  const asleep = asleepAfter(path[path.length - 1]);
  // The one that ran goes on first: then the first failure found is one of few switches.
  const choices = enabled.filter((name) => !asleep.has(name));
  choices.sort((a, b) => Number(b === run.last) - Number(a === run.last));
  return choices.length === 0 ? undefined : { choices, at: 0, asleep, touches: run.touches() };
}

function asleepAfter(point: Point | undefined): Set<string> {
  if (!point) return new Set();
  const { choices, at, asleep, touches } = point;
  const taken = touches.get(choices[at]);
  const seen = [...asleep, ...choices.slice(0, at)];
  return new Set(seen.filter((name) => areApart(touches.get(name), taken)));
}

function areApart(a: readonly string[] | undefined, b: readonly string[] | undefined): boolean {
  return a !== undefined && b !== undefined && !a.some((name) => b.includes(name));
}

/** One schedule being run. */
class Run {
  failure: Failure | undefined;
  /** Who has run last. */
  last = "";
  private readonly model: Model;
  private readonly waiting = new Map<string, Step>();
  private readonly schedule: string[] = [];

  constructor(model: Model) {
    this.model = model;
    for (const name of Object.keys(model.threads)) this.advance(name);
  }

  /** Threads that can go on. Where none can and some have not ended, the run has failed. */
  enabled(): string[] {
    const names = [...this.waiting].filter(([, { when }]) => !when || when()).map(([name]) => name);
    if (names.length === 0 && this.waiting.size > 0) {
      const stuck = [...this.waiting].map(([name, { does }]) => `${name} never ${does}`);
      this.fail("deadlock", stuck.join("; "));
    }
    return names;
  }

  touches(): Map<string, readonly string[] | undefined> {
    return new Map([...this.waiting].map(([name, step]) => [name, step.touches]));
  }

  step(name: string): void {
    this.schedule.push(`${name}: ${this.waiting.get(name)?.does}`);
    this.last = name;
    this.advance(name);
  }

  fail(kind: Failure["kind"], message: string): void {
    this.failure = { kind, message, schedule: [...this.schedule] };
  }

  private advance(name: string): void {
    try {
      const { done, value } = this.model.threads[name].next();
      if (!done) this.waiting.set(name, value);
      else {
        this.waiting.delete(name);
        if (this.waiting.size === 0 && this.schedule.length > 0) this.model.atEnd?.();
      }
    } catch (error) {
      this.fail("exception", error instanceof Error ? error.message : String(error));
    }
  }
}
