import { WaitQueue } from "../rksched/wait-queue.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { O, POLL } from "../vfs/flags.ts";
import { DirectoryInode, type Inode } from "../vfs/inode.ts";
import type { Budget } from "../vfs/limits.ts";
import { type ByteString, toBytes } from "../vfs/names.ts";
import { Event, type Watcher } from "../vfs/notify.ts";
import { type IoctlMemory, OpenFile } from "../vfs/open-file.ts";
import { encodeInt } from "../vfs/structs.ts";

/** What a mask asks for besides events (linux/inotify.h). */
export const IN = {
  UNMOUNT: 0x2000,
  Q_OVERFLOW: 0x4000,
  IGNORED: 0x8000,
  ONLYDIR: 0x0100_0000,
  DONT_FOLLOW: 0x0200_0000,
  EXCL_UNLINK: 0x0400_0000,
  MASK_CREATE: 0x1000_0000,
  MASK_ADD: 0x2000_0000,
  ONESHOT: 0x8000_0000 | 0,
} as const;
/** Everything that can be asked for. */
export const EVENTS = 0xfff;

/** Events of one instance (fs.inotify.max_queued_events). */
const MOST_EVENTS = 16_384;
/** What an event that waits counts in bytes, its name aside. */
const EVENT_COST = 64;
/** Bytes of a `struct inotify_event` before its name, which is padded to a multiple of them. */
const HEADER = 16;
const FIONREAD = 0x541b;

/** What all instances of a machine share. */
export interface InotifyBudgets {
  readonly instances: Budget;
  readonly watches: Budget;
  /** Bytes of events that nobody has read. */
  readonly events: Budget;
}

interface Watch extends Watcher {
  readonly wd: number;
  readonly inode: Inode;
  mask: number;
}

interface QueuedEvent {
  readonly wd: number;
  readonly mask: number;
  readonly cookie: number;
  readonly name: ByteString;
}

const OVERFLOW: QueuedEvent = { wd: -1, mask: IN.Q_OVERFLOW, cookie: 0, name: "" };

/** An inotify instance (inotify(7)): what it watches, and what has happened there. */
export class Inotify extends OpenFile {
  private readonly changes = new WaitQueue();
  private readonly byInode = new Map<Inode, Watch>();
  private readonly byNumber = new Map<number, Watch>();
  private queue: QueuedEvent[] = [];
  private nextWd = 1;
  private readonly budgets: InotifyBudgets;

  /** Throws EMFILE. */
  constructor(location: Location, flags: number, budgets: InotifyBudgets) {
    super(location, (flags & O.NONBLOCK) | O.RDONLY);
    this.budgets = budgets;
    budgets.instances.charge(1);
  }

  override get waiters(): WaitQueue {
    return this.changes;
  }

  /** Watches an inode, or changes what is asked about it. Returns the watch's number. */
  watch(inode: Inode, mask: number): number {
    if (mask & IN.ONLYDIR && !(inode instanceof DirectoryInode)) fail("ENOTDIR");
    const known = this.byInode.get(inode);
    if (known) {
      if (mask & IN.MASK_CREATE) fail("EEXIST");
      known.mask = mask & IN.MASK_ADD ? known.mask | mask : mask;
      return known.wd;
    }
    this.budgets.watches.charge(1);
    const watch: Watch = {
      ...{ wd: this.nextWd++, inode, mask },
      notify: (event, name, cookie) => this.happened(watch, event, name, cookie),
    };
    this.byInode.set(inode, watch);
    this.byNumber.set(watch.wd, watch);
    inode.watchers ??= new Set();
    inode.watchers.add(watch);
    return watch.wd;
  }

  unwatch(wd: number): void {
    this.drop(this.byNumber.get(wd) ?? fail("EINVAL"));
  }

  /** Allowed, and without effect (Linux's `noop_llseek`). */
  override seek(): number {
    return 0;
  }

  override poll(): number {
    return this.queue.length > 0 ? POLL.IN | POLL.RDNORM : 0;
  }

  override read(into: Uint8Array): number {
    if (this.queue.length === 0) fail("EAGAIN");
    let done = 0;
    let count = 0;
    for (const event of this.queue) {
      const bytes = encode(event);
      if (done + bytes.length > into.length) break;
      into.set(bytes, done);
      done += bytes.length;
      count++;
    }
    if (count === 0) fail("EINVAL");
    for (const event of this.queue.slice(0, count)) this.budgets.events.discharge(costOf(event));
    this.queue = this.queue.slice(count);
    return done;
  }

  override ioctl(request: number, memory: IoctlMemory): number {
    if (request !== FIONREAD) fail("ENOTTY");
    memory.write(encodeInt(this.queue.reduce((sum, event) => sum + encode(event).length, 0)));
    return 0;
  }

  protected override closed(): void {
    for (const watch of [...this.byNumber.values()]) this.forget(watch);
    for (const event of this.queue) this.budgets.events.discharge(costOf(event));
    this.queue = [];
    this.budgets.instances.discharge(1);
  }

  private happened(watch: Watch, event: number, name: ByteString | undefined, cookie: number): void {
    const isEnd = (event & Event.deleteSelf) !== 0;
    if (event & EVENTS & watch.mask) {
      this.add({ wd: watch.wd, mask: event >>> 0, cookie, name: name ?? "" });
      if (watch.mask & IN.ONESHOT && !isEnd) this.drop(watch);
    }
    if (isEnd) this.drop(watch);
  }

  private add(event: QueuedEvent): void {
    const last = this.queue[this.queue.length - 1];
    if (last === OVERFLOW || (last && isSame(last, event))) return;
    this.queue.push(this.hasRoom(event) ? event : OVERFLOW);
    this.changes.wake(POLL.IN | POLL.RDNORM);
  }

  /** Takes what an event costs, if there is room for it. */
  private hasRoom(event: QueuedEvent): boolean {
    if (this.queue.length >= MOST_EVENTS) return false;
    return this.budgets.events.tryCharge(costOf(event));
  }

  private drop(watch: Watch): void {
    this.forget(watch);
    this.add({ wd: watch.wd, mask: IN.IGNORED, cookie: 0, name: "" });
  }

  private forget(watch: Watch): void {
    if (!this.byNumber.delete(watch.wd)) return;
    this.byInode.delete(watch.inode);
    watch.inode.watchers?.delete(watch);
    if (watch.inode.watchers?.size === 0) watch.inode.watchers = undefined;
    this.budgets.watches.discharge(1);
  }
}

function costOf(event: QueuedEvent): number {
  return event === OVERFLOW ? 0 : EVENT_COST + event.name.length;
}

function isSame(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.wd === b.wd && a.mask === b.mask && a.cookie === b.cookie && a.name === b.name;
}

/** `struct inotify_event`: 0 wd, 4 mask, 8 cookie, 12 len, then the name, padded with NULs. */
function encode({ wd, mask, cookie, name }: QueuedEvent): Uint8Array {
  const length = name === "" ? 0 : Math.ceil((name.length + 1) / HEADER) * HEADER;
  const bytes = new Uint8Array(HEADER + length);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, wd, true);
  view.setUint32(4, mask, true);
  view.setUint32(8, cookie, true);
  view.setUint32(12, length, true);
  bytes.set(toBytes(name), HEADER);
  return bytes;
}
