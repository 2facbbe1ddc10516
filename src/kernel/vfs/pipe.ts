import { type Arena, bufferOf } from "../../memory/arena.ts";
import { DEFAULT_LIMITS } from "../limits.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import type { UserMemory } from "../rkvm/user-memory.ts";
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

const NO_BYTES = bufferOf(new Uint8Array(0));

/** What a pipe's bytes stand in: memory of the machine's arena, or else of the host. */
export type Lender = Pick<Arena, "lend" | "takeBack">;

const HOST: Lender = { lend: (length) => bufferOf(new Uint8Array(length)), takeBack() {} };

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
  private ring = NO_BYTES;
  private size = PIPE_CAPACITY;
  private readonly budget: ByteBudget;
  private readonly lender: Lender;

  constructor(budget: ByteBudget, lender = HOST) {
    this.budget = budget;
    this.lender = lender;
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
    if (this.ring.bytes.length > 0) {
      const held = new Uint8Array(this.used);
      this.peek(held);
      this.budget.charge(size);
      this.dropRing();
      this.ring = this.lender.lend(size);
      this.ring.bytes.set(held);
      this.start = 0;
    }
    this.size = size;
    this.waiters.wake(POLL.OUT | POLL.WRNORM);
  }

  /** Copies the first bytes and leaves them. */
  peek(into: Uint8Array): number {
    const count = Math.min(into.length, this.used);
    const first = Math.min(count, this.size - this.start);
    into.set(this.ring.bytes.subarray(this.start, this.start + first));
    if (first < count) into.set(this.ring.bytes.subarray(0, count - first), first);
    return count;
  }

  /** Takes bytes out that have been looked at. */
  skip(count: number): void {
    this.start = (this.start + count) % this.size;
    this.used -= count;
    if (count > 0) this.waiters.wake(POLL.OUT | POLL.WRNORM);
  }

  put(from: Uint8Array): number {
    const end = this.makeRing();
    const count = Math.min(from.length, this.room);
    const first = Math.min(count, this.size - end);
    this.ring.bytes.set(first === from.length ? from : from.subarray(0, first), end);
    if (first < count) this.ring.bytes.set(from.subarray(first, count), 0);
    this.added(count);
    return count;
  }

  /** Moves the first bytes to user memory. Throws `UserFault`, and has moved nothing then. */
  give(memory: UserMemory, address: number, most: number): number {
    const count = Math.min(most, this.used);
    const first = Math.min(count, this.size - this.start);
    memory.copyIn(address, first, this.ring, this.start);
    if (first < count) memory.copyIn(address + first, count - first, this.ring, 0);
    this.skip(count);
    return count;
  }

  /** Takes bytes from user memory. Throws `UserFault`, and has taken none then. */
  take(memory: UserMemory, address: number, most: number): number {
    const end = this.makeRing();
    const count = Math.min(most, this.room);
    const first = Math.min(count, this.size - end);
    memory.copyOut(address, first, this.ring, end);
    if (first < count) memory.copyOut(address + first, count - first, this.ring, 0);
    this.added(count);
    return count;
  }

  /** Where the next byte goes. */
  private makeRing(): number {
    if (this.ring.bytes.length === 0) {
      this.budget.charge(this.size);
      this.ring = this.lender.lend(this.size);
    }
    return (this.start + this.used) % this.size;
  }

  private added(count: number): void {
    this.used += count;
    if (count > 0) this.waiters.wake(POLL.IN | POLL.RDNORM);
  }

  /** Nobody has it open: a fifo forgets what nobody read. */
  empty(): void {
    if (this.ring.bytes.length > 0) this.dropRing();
    this.start = 0;
    this.used = 0;
  }

  private dropRing(): void {
    this.budget.discharge(this.ring.bytes.length);
    this.lender.takeBack(this.ring);
    this.ring = NO_BYTES;
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

  override readTo(memory: UserMemory, address: number, length: number): number | undefined {
    return this.isDry(length) ? undefined : this.pipe.give(memory, address, length);
  }

  /** What `read` would give, left where it is. */
  peek(into: Uint8Array): number {
    if (this.isDry(into.length)) fail("EAGAIN");
    return this.pipe.peek(into);
  }

  /** Who wants bytes has to wait for them. */
  private isDry(wanted: number): boolean {
    return this.pipe.used === 0 && this.pipe.writers > 0 && wanted > 0;
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
    if (from.length === 0) return 0;
    if (this.isFull(from.length)) fail("EAGAIN");
    return this.pipe.put(from);
  }

  override writeFrom(memory: UserMemory, address: number, length: number): number | undefined {
    if (length === 0) return 0;
    return this.isFull(length) ? undefined : this.pipe.take(memory, address, length);
  }

  /** Who writes so much has to wait for room. Throws EPIPE. */
  private isFull(wanted: number): boolean {
    const { readers, room } = this.pipe;
    if (readers === 0) fail("EPIPE");
    return room === 0 || (wanted <= PIPE_BUF && room < wanted);
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
  private readonly lender: Lender | undefined;

  constructor(budget: ByteBudget = new Budget(DEFAULT_LIMITS.pipeMemory, "ENOMEM"), lender?: Lender) {
    this.budget = budget;
    this.lender = lender;
  }

  /** A new pipe's reading and writing end. `now`: nanoseconds since 1970. */
  create(flags: number, now: bigint, owner?: Owner): [PipeEnd, PipeEnd] {
    const pipe = new Pipe(this.budget, this.lender);
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
