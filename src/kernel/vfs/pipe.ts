import type { Location } from "./dentry.ts";
import { Dentry } from "./dentry.ts";
import { fail } from "./error.ts";
import type { Filesystem } from "./filesystem.ts";
import { O, POLL } from "./flags.ts";
import { type AttributeChange, type Attributes, DirectoryInode, FileType, Inode } from "./inode.ts";
import { type IoctlMemory, OpenFile } from "./open-file.ts";
import { WaitQueue } from "./wait-queue.ts";

/** Bytes a pipe holds; writes of at most `PIPE_BUF` are never split (pipe(7)). */
export const PIPE_CAPACITY = 65536;
const PIPE_BUF = 4096;
const FIONREAD = 0x541b;

/** The buffer between the ends of a pipe or fifo. */
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

  get room(): number {
    return PIPE_CAPACITY - this.used;
  }

  take(into: Uint8Array): number {
    const count = Math.min(into.length, this.used);
    const first = Math.min(count, PIPE_CAPACITY - this.start);
    into.set(this.ring.subarray(this.start, this.start + first));
    into.set(this.ring.subarray(0, count - first), first);
    this.start = (this.start + count) % PIPE_CAPACITY;
    this.used -= count;
    if (count > 0) this.waiters.wake();
    return count;
  }

  put(from: Uint8Array): number {
    if (this.ring.length === 0) this.ring = new Uint8Array(PIPE_CAPACITY);
    const count = Math.min(from.length, this.room);
    const end = (this.start + this.used) % PIPE_CAPACITY;
    const first = Math.min(count, PIPE_CAPACITY - end);
    this.ring.set(from.subarray(0, first), end);
    this.ring.set(from.subarray(first, count), 0);
    this.used += count;
    if (count > 0) this.waiters.wake();
    return count;
  }

  /** Nobody has it open: a fifo forgets what nobody read. */
  empty(): void {
    this.ring = new Uint8Array(0);
    this.used = 0;
  }
}

/** One end of a pipe, or both (a fifo opened for reading and writing). */
export class PipeEnd extends OpenFile {
  private readonly pipe: Pipe;
  /** What `everReaders` and `everWriters` were before this end. */
  private readonly before: readonly [number, number];

  constructor(location: Location, flags: number, pipe: Pipe) {
    super(location, flags);
    this.pipe = pipe;
    this.before = [pipe.everReaders, pipe.everWriters];
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
    if (this.pipe.used === 0 && this.pipe.writers > 0 && into.length > 0) fail("EAGAIN");
    return this.pipe.take(into);
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

/** The inode of a pipe: it is in no directory, but `/proc/self/fd` can open it again. */
class PipeInode extends Inode {
  readonly filesystem: Filesystem = pipefs;
  readonly type: number = FileType.fifo;
  readonly ino: number;
  private readonly pipe: Pipe;
  private attribute: Attributes;

  constructor(pipe: Pipe, ino: number, now: bigint) {
    super();
    this.pipe = pipe;
    this.ino = ino;
    this.attribute = {
      ...{ ino, mode: FileType.fifo | 0o600, nlink: 1, uid: 0, gid: 0, rdev: 0, size: 0, blocks: 0 },
      ...{ atime: now, mtime: now, ctime: now },
    };
  }

  attributes(): Attributes {
    return this.attribute;
  }

  setAttributes(change: AttributeChange): void {
    const mode = change.mode === undefined ? this.attribute.mode : FileType.fifo | change.mode;
    this.attribute = { ...this.attribute, ...change, mode };
  }

  open(location: Location, flags: number): OpenFile {
    return new PipeEnd(location, flags, this.pipe);
  }
}

class PipeRoot extends DirectoryInode {
  readonly filesystem: Filesystem;
  constructor(filesystem: Filesystem) {
    super();
    this.filesystem = filesystem;
  }
  attributes(): Attributes {
    return fail("ENOENT");
  }
  setAttributes(): void {
    fail("EPERM");
  }
  open(): OpenFile {
    return fail("ENXIO");
  }
  lookup(): undefined {
    return undefined;
  }
  entries() {
    return [];
  }
}

/** The filesystem that pipes are in; it is mounted nowhere. */
class PipeFilesystem implements Filesystem {
  readonly name = "pipefs";
  readonly source = "pipefs";
  readonly magic = 0x50495045;
  readonly readOnly = false;
  readonly root: DirectoryInode = new PipeRoot(this);
  use() {
    return { blockSize: 4096, blocks: 0, freeBlocks: 0, files: 0, freeFiles: 0 };
  }
}

const pipefs = new PipeFilesystem();
/** Its device number is above those that mounting gives. */
const mount = {
  filesystem: pipefs,
  device: 0xff,
  root: new Dentry("", undefined, pipefs.root),
  at: undefined,
};

/** A new pipe's reading and writing end. `number` tells it from others. */
export function createPipe(flags: number, number: number, now: bigint): [PipeEnd, PipeEnd] {
  const pipe = new Pipe();
  const inode = new PipeInode(pipe, number, now);
  const location = { mount, dentry: new Dentry(`pipe:[${number}]`, undefined, inode) };
  return [new PipeEnd(location, flags | O.RDONLY, pipe), new PipeEnd(location, flags | O.WRONLY, pipe)];
}
