import { WaitQueue } from "../rksched/wait-queue.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { O, POLL } from "../vfs/flags.ts";
import type { Budget } from "../vfs/limits.ts";
import { OpenFile } from "../vfs/open-file.ts";

/** What `events` of a `struct epoll_event` says besides `POLL` (linux/eventpoll.h). */
export const EPOLL = {
  EXCLUSIVE: 1 << 28,
  WAKEUP: 1 << 29,
  ONESHOT: 1 << 30,
  ET: 1 << 31,
} as const;
const SETTINGS = EPOLL.EXCLUSIVE | EPOLL.WAKEUP | EPOLL.ONESHOT | EPOLL.ET;
const ALWAYS = POLL.ERR | POLL.HUP;
/** What may be asked for together with EPOLLEXCLUSIVE (epoll_ctl(2)). */
const WITH_EXCLUSIVE = POLL.IN | POLL.OUT | ALWAYS | EPOLL.WAKEUP | EPOLL.ET | EPOLL.EXCLUSIVE;

/** Epolls in each other, from the innermost on (EP_MAX_NESTS). */
const DEEPEST = 5;

/** The caller's word for a watch: 64 bits in two halves. */
export interface EpollData {
  readonly low: number;
  readonly high: number;
}

/** One descriptor in the interest list. */
interface Watch {
  readonly file: OpenFile;
  readonly fd: number;
  events: number;
  data: EpollData;
  readonly stops: (() => void)[];
}

/** Epolls that have told theirs in the wake-up under way: each does so once, however many ways lead to it. */
let told: Set<Epoll> | undefined;

/**
 * An epoll instance (epoll(7)). Files say when something may have changed, which puts their watches into `ready`; only
 * those are asked, so waiting takes time by what is ready, not by what is watched.
 */
export class Epoll extends OpenFile {
  private readonly changes = new WaitQueue();
  private readonly watches = new Map<OpenFile, Map<number, Watch>>();
  /** Watches that may have something to tell, first come first. */
  private readonly ready = new Set<Watch>();
  /** Epolls that watch this one. */
  private readonly outer = new Set<Epoll>();
  private readonly budget: Budget;

  constructor(location: Location, budget: Budget) {
    super(location, O.RDWR);
    this.budget = budget;
  }

  override get waiters(): WaitQueue {
    return this.changes;
  }

  add(fd: number, file: OpenFile, events: number, data: EpollData): void {
    if (!file.waiters) fail("EPERM");
    if (file === this) fail("EINVAL");
    if (events & EPOLL.EXCLUSIVE && (file instanceof Epoll || events & ~WITH_EXCLUSIVE)) fail("EINVAL");
    if (this.watches.get(file)?.has(fd)) fail("EEXIST");
    if (file instanceof Epoll) this.checkNesting(file);
    this.budget.charge(1);
    const watch: Watch = { file, fd, events: events | ALWAYS, data, stops: [] };
    if (file instanceof Epoll) file.outer.add(this);
    watch.stops.push(
      events & EPOLL.EXCLUSIVE
        ? file.waiters.addExclusive((what) => this.changed(watch, what) && !this.waiters.isEmpty)
        : file.waiters.add((what) => this.changed(watch, what)),
      file.whenClosed(() => this.drop(watch)),
    );
    const ofFile = this.watches.get(file) ?? new Map<number, Watch>();
    this.watches.set(file, ofFile.set(fd, watch));
    this.look(watch);
  }

  modify(fd: number, file: OpenFile, events: number, data: EpollData): void {
    const watch = this.find(fd, file);
    if ((watch.events | events) & EPOLL.EXCLUSIVE) fail("EINVAL");
    watch.events = events | ALWAYS;
    watch.data = data;
    this.look(watch);
  }

  remove(fd: number, file: OpenFile): void {
    this.drop(this.find(fd, file));
  }

  /** Hands at most `most` events to `report`; how many there were. What `report` throws leaves the rest as it was. */
  take(most: number, report: (index: number, events: number, data: EpollData) => void): number {
    let count = 0;
    const again: Watch[] = [];
    try {
      for (const watch of this.ready) {
        if (count === most) break;
        const events = pending(watch);
        if (events !== 0) report(count++, events, watch.data);
        this.ready.delete(watch);
        if (events === 0) continue;
        if (watch.events & EPOLL.ONESHOT) watch.events &= SETTINGS;
        else if (!(watch.events & EPOLL.ET)) again.push(watch);
      }
    } finally {
      // Behind the others, so that all have their turn.
      for (const watch of again) this.ready.add(watch);
    }
    return count;
  }

  /** Allowed, and without effect (Linux's `noop_llseek`). */
  override seek(): number {
    return 0;
  }

  override poll(): number {
    for (const watch of this.ready) {
      if (pending(watch) !== 0) return POLL.IN | POLL.RDNORM;
      this.ready.delete(watch);
    }
    return 0;
  }

  protected override closed(): void {
    for (const ofFile of [...this.watches.values()])
      for (const watch of [...ofFile.values()]) this.drop(watch);
  }

  /** The file may be ready. True: for something that the watch waits for. */
  private changed(watch: Watch, what: number): boolean {
    if ((what & watch.events & ~SETTINGS) === 0) return false;
    this.ready.add(watch);
    const first = told === undefined;
    told ??= new Set();
    try {
      if (told.has(this)) return true;
      told.add(this);
      this.waiters.wake(POLL.IN | POLL.RDNORM);
    } finally {
      if (first) told = undefined;
    }
    return true;
  }

  /** Takes up a watch that is new, or asks for something else. */
  private look(watch: Watch): void {
    if (pending(watch) !== 0) this.changed(watch, -1);
  }

  private find(fd: number, file: OpenFile): Watch {
    return this.watches.get(file)?.get(fd) ?? fail("ENOENT");
  }

  private drop(watch: Watch): void {
    const ofFile = this.watches.get(watch.file);
    if (!ofFile?.delete(watch.fd)) return;
    if (ofFile.size === 0) {
      this.watches.delete(watch.file);
      if (watch.file instanceof Epoll) watch.file.outer.delete(this);
    }
    this.ready.delete(watch);
    for (const stop of watch.stops) stop();
    this.budget.discharge(1);
  }

  /** No epoll may contain itself, nor too many each other (ELOOP). */
  private checkNesting(inner: Epoll): void {
    if (inner.contains(this, new Set())) fail("ELOOP");
    const below = longest(inner, (one) => one.inner());
    const above = longest(this, (one) => one.outer);
    if (below + above > DEEPEST) fail("ELOOP");
  }

  private *inner(): Iterable<Epoll> {
    for (const file of this.watches.keys()) if (file instanceof Epoll) yield file;
  }

  private contains(other: Epoll, seen: Set<Epoll>): boolean {
    if (this === other) return true;
    if (seen.has(this)) return false;
    seen.add(this);
    for (const inner of this.inner()) if (inner.contains(other, seen)) return true;
    return false;
  }
}

/** Epolls on the longest way from one on, itself included. */
function longest(
  from: Epoll,
  next: (epoll: Epoll) => Iterable<Epoll>,
  known = new Map<Epoll, number>(),
): number {
  const before = known.get(from);
  if (before !== undefined) return before;
  let most = 0;
  for (const one of next(from)) most = Math.max(most, longest(one, next, known));
  known.set(from, most + 1);
  return most + 1;
}

/** What holds now of what a watch waits for. */
function pending({ file, events }: Watch): number {
  const wanted = events & ~SETTINGS;
  return wanted === 0 ? 0 : file.poll() & wanted;
}
