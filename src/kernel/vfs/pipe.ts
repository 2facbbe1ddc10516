import { DEFAULT_LIMITS } from "../limits.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import { anonymousPlace } from "./anonymous.ts";
import type { Location } from "./dentry.ts";
import { fail } from "./error.ts";
import { O, POLL } from "./flags.ts";
import type { Owner } from "./inode.ts";
import { Budget } from "./limits.ts";
import { type IoctlMemory, OpenFile } from "./open-file.ts";

/** Bytes a pipe may be made to hold (fs.pipe-max-size). */
const SMALLEST_PIPE = 4096;
const LARGEST_PIPE = 1 << 20;

/** Bytes a pipe holds unless told otherwise; writes of at most `PIPE_BUF` are never split (pipe(7)). */
export const PIPE_CAPACITY = 65536;
const PIPE_BUF = 4096;
const FIONREAD = 0x541b;

/** Bytes that something may take of the host. */
export interface ByteBudget {
  /** Throws `VfsError` when there are no more. */
  charge(bytes: number): void;
  discharge(bytes: number): void;
}

/** The buffer between the ends of a pipe or fifo. It takes memory from its first byte until both ends are closed. */
export class Pipe {
  readonly waiters = new WaitQueue();
  readers = 0;
  writers = 0;
  /** Ends ever opened, by which an `open` of a fifo sees that its peer came, even if it left at once. */
  everReaders = 0;
  everWriters = 0;
  used = 0;
  private start = 0;
  private ring = new Uint8Array(0);
  private size = PIPE_CAPACITY;
  private readonly budget: ByteBudget;

  constructor(budget: ByteBudget) {
    this.budget = budget;
  }

  get room(): number {
    return this.size - this.used;
  }

  /** Bytes that it holds at most. */
  get capacity(): number {
    return this.size;
  }

  /** F_SETPIPE_SZ: a power of two of pages, at least what was asked. Throws EBUSY where it holds more, and EPERM. */
  resize(wanted: number): void {
    if (wanted > LARGEST_PIPE) fail("EPERM");
    const size = 2 ** Math.ceil(Math.log2(Math.max(wanted, SMALLEST_PIPE)));
    if (size < this.used) fail("EBUSY");
    if (this.ring.length > 0) {
      const held = new Uint8Array(this.used);
      this.peek(held);
      this.budget.charge(size);
      this.budget.discharge(this.ring.length);
      this.ring = new Uint8Array(size);
      this.ring.set(held);
      this.start = 0;
    }
    this.size = size;
    this.waiters.wake(POLL.OUT | POLL.WRNORM);
  }

  /** Copies the first bytes and leaves them. */
  peek(into: Uint8Array): number {
    const count = Math.min(into.length, this.used);
    const first = Math.min(count, this.size - this.start);
    into.set(this.ring.subarray(this.start, this.start + first));
    if (first < count) into.set(this.ring.subarray(0, count - first), first);
    return count;
  }

  /** Takes bytes out that have been looked at. */
  skip(count: number): void {
    this.start = (this.start + count) % this.size;
    this.used -= count;
    if (count > 0) this.waiters.wake(POLL.OUT | POLL.WRNORM);
  }

  put(from: Uint8Array): number {
    if (this.ring.length === 0) {
      this.budget.charge(this.size);
      this.ring = new Uint8Array(this.size);
    }
    const count = Math.min(from.length, this.room);
    const end = (this.start + this.used) % this.size;
    const first = Math.min(count, this.size - end);
    this.ring.set(first === from.length ? from : from.subarray(0, first), end);
    if (first < count) this.ring.set(from.subarray(first, count), 0);
    this.used += count;
    if (count > 0) this.waiters.wake(POLL.IN | POLL.RDNORM);
    return count;
  }

  /** Nobody has it open: a fifo forgets what nobody read. */
  empty(): void {
    this.budget.discharge(this.ring.length);
    this.ring = new Uint8Array(0);
    this.start = 0;
    this.used = 0;
  }
}

/** One end of a pipe, or both (a fifo opened for reading and writing). */
export class PipeEnd extends OpenFile {
  private readonly pipe: Pipe;
  /** What `everReaders` and `everWriters` were before this end. */
  private readonly before: readonly [number, number];

  /** A pipe without a name has had both ends: whoever opens it again (`/proc/self/fd`) waits for nobody. */
  constructor(location: Location, flags: number, pipe: Pipe, isNamed = true) {
    super(location, flags);
    this.pipe = pipe;
    this.before = isNamed ? [pipe.everReaders, pipe.everWriters] : [-1, -1];
    if (this.readable) {
      pipe.readers++;
      pipe.everReaders++;
    }
    if (this.writable) {
      pipe.writers++;
      pipe.everWriters++;
    }
    pipe.waiters.wake();
  }

  /** Whether `open` of a fifo may return: it waits for the other end (fifo(7)). */
  get connected(): boolean {
    if (this.readable && this.writable) return true;
    if (this.readable) return this.pipe.writers > 0 || this.pipe.everWriters > this.before[1];
    return this.pipe.readers > 0 || this.pipe.everReaders > this.before[0];
  }

  override get waiters(): WaitQueue {
    return this.pipe.waiters;
  }

  override poll(): number {
    const { pipe } = this;
    let events = 0;
    if (this.readable) {
      if (pipe.used > 0) events |= POLL.IN | POLL.RDNORM;
      if (pipe.writers === 0 && pipe.everWriters > this.before[1]) events |= POLL.HUP;
    }
    if (this.writable) {
      if (pipe.room >= PIPE_BUF) events |= POLL.OUT | POLL.WRNORM;
      if (pipe.readers === 0) events |= POLL.ERR;
    }
    return events;
  }

  override read(into: Uint8Array): number {
    const count = this.peek(into);
    this.skip(count);
    return count;
  }

  /** What `read` would give, left where it is. */
  peek(into: Uint8Array): number {
    if (this.pipe.used === 0 && this.pipe.writers > 0 && into.length > 0) fail("EAGAIN");
    return this.pipe.peek(into);
  }

  skip(count: number): void {
    this.pipe.skip(count);
  }

  get capacity(): number {
    return this.pipe.capacity;
  }

  resize(wanted: number): void {
    this.pipe.resize(wanted);
  }

  /** Bytes that can be written now. */
  get room(): number {
    return this.pipe.room;
  }

  /** Whether another file is an end of the same pipe. */
  isSame(other: OpenFile): boolean {
    return other instanceof PipeEnd && other.pipe === this.pipe;
  }

  override write(from: Uint8Array): number {
    const { pipe } = this;
    if (from.length === 0) return 0;
    if (pipe.readers === 0) fail("EPIPE");
    if (pipe.room === 0 || (from.length <= PIPE_BUF && pipe.room < from.length)) fail("EAGAIN");
    return pipe.put(from);
  }

  override ioctl(request: number, memory: IoctlMemory): number {
    if (request !== FIONREAD) fail("ENOTTY");
    memory.write(new Uint8Array(Int32Array.of(this.pipe.used).buffer));
    return 0;
  }

  protected override closed(): void {
    if (this.readable) this.pipe.readers--;
    if (this.writable) this.pipe.writers--;
    if (this.pipe.readers + this.pipe.writers === 0) this.pipe.empty();
    this.pipe.waiters.wake();
  }
}

/** Makes the pipes of one machine. */
export class PipeMaker {
  private made = 0;
  private readonly budget: ByteBudget;

  constructor(budget: ByteBudget = new Budget(DEFAULT_LIMITS.pipeMemory, "ENOMEM")) {
    this.budget = budget;
  }

  /** A new pipe's reading and writing end. `now`: nanoseconds since 1970. */
  create(flags: number, now: bigint, owner?: Owner): [PipeEnd, PipeEnd] {
    const pipe = new Pipe(this.budget);
    const location = this.place(now, (at, how) => new PipeEnd(at, how, pipe, false), owner);
    return [
      new PipeEnd(location, flags | O.RDONLY, pipe, false),
      new PipeEnd(location, flags | O.WRONLY, pipe, false),
    ];
  }

  /** The place of something that is like a pipe; `open` opens it again (through `/proc/self/fd`). */
  place(now: bigint, open: (location: Location, flags: number) => OpenFile, owner?: Owner): Location {
    return anonymousPlace("pipe", ++this.made, now, open, owner);
  }
}
