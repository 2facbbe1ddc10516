import type { Thread } from "../rkprocess/thread.ts";
import type { WaitQueue } from "../rksched/wait-queue.ts";
import type { Backing } from "../rkvm/backing.ts";
import type { UserMemory } from "../rkvm/user-memory.ts";
import type { Location } from "./dentry.ts";
import { fail } from "./error.ts";
import { O, POLL, STATUS } from "./flags.ts";
import type { AttributeChange, Attributes, Inode } from "./inode.ts";
import { isReadOnly, MountFlag } from "./mount.ts";
import { Event, tell } from "./notify.ts";

/** `whence` of `lseek`. */
export const Seek = { set: 0, current: 1, end: 2, data: 3, hole: 4 } as const;

/**
 * The biggest file, in bytes. Guest offsets are 64 bits wide; this keeps every offset, and every sum of an offset
 * and a length, exact in a number.
 */
export const MAX_FILE_SIZE = 2 ** 43;

/** `longestTransfer` of consoles: under a second of the host's time. */
export const CONSOLE_TRANSFER = 2 ** 24;

/** What an `ioctl` moves between the file and the caller's memory. May throw `UserFault`. */
export interface IoctlMemory {
  read(length: number): Uint8Array;
  write(bytes: Uint8Array): void;
}

/**
 * An open file description (open(2)): what file descriptors point to. What a kind of file cannot do has its errno
 * here. Operations never wait: where they would have to, they throw EAGAIN and `waiters` tells when to try again.
 */
export abstract class OpenFile {
  readonly location: Location;
  /** Access mode and status flags. */
  flags: number;
  private references = 1;
  private isWriter = false;
  private closeListeners: Set<() => void> | undefined;

  constructor(location: Location, flags: number) {
    this.location = location;
    this.flags = flags & (O.ACCMODE | STATUS);
  }

  get inode(): Inode {
    return this.location.dentry.inode;
  }

  get readable(): boolean {
    return (this.flags & O.ACCMODE) === O.RDONLY || (this.flags & O.ACCMODE) === O.RDWR;
  }

  get writable(): boolean {
    return (this.flags & O.ACCMODE) === O.WRONLY || (this.flags & O.ACCMODE) === O.RDWR;
  }

  /** Set where the file can be unready. */
  get waiters(): WaitQueue | undefined {
    return undefined;
  }

  /** Which of `POLL` hold now. */
  poll(): number {
    return POLL.IN | POLL.RDNORM | POLL.OUT | POLL.WRNORM;
  }

  attributes(): Attributes {
    return this.inode.attributes();
  }

  setAttributes(change: AttributeChange): void {
    if (isReadOnly(this.location.mount)) fail("EROFS");
    this.inode.setAttributes(change);
  }

  /** It was read: the time of access moves, if it is so opened and mounted. */
  accessed(): void {
    if (!(this.flags & O.NOATIME || this.location.mount.flags & MountFlag.noAccessTimes))
      this.inode.accessed();
  }

  /** Reads at the file's position and moves it. 0: the end. */
  read(_into: Uint8Array): number {
    return fail("EINVAL");
  }
  write(_from: Uint8Array): number {
    return fail("EINVAL");
  }
  /**
   * `read` and `write` straight to and from user memory, where a file has both. Undefined where they would have to wait. The
   * caller has made sure that the range is there; where it goes away all the same they throw `UserFault`, and nothing is moved.
   */
  readTo?(memory: UserMemory, address: number, length: number): number | undefined;
  writeFrom?(memory: UserMemory, address: number, length: number): number | undefined;
  /** Most bytes that one call moves: while a device that is slow gives or takes them, nothing else happens. */
  get longestTransfer(): number {
    return Number.POSITIVE_INFINITY;
  }
  /** Most bytes that one `read` or `write` here is given, where a transfer is not divisible. */
  get pieceSize(): number {
    return 65536;
  }
  /** What is written goes nowhere, and is not looked at. */
  get discards(): boolean {
    return false;
  }
  /** Whether one transfer may be done in pieces (not so for a line of a terminal). */
  get divisible(): boolean {
    return false;
  }
  readAt(_into: Uint8Array, _position: number): number {
    return fail("ESPIPE");
  }
  writeAt(_from: Uint8Array, _position: number): number {
    return fail("ESPIPE");
  }
  /** Returns the new position. */
  seek(_offset: number, _whence: number): number {
    return fail("ESPIPE");
  }
  truncate(_size: number): void {
    fail("EINVAL");
  }
  /** `fallocate`; `mode` is 0 or of FALLOC_FL_*. */
  allocate(_mode: number, _offset: number, _length: number): void {
    fail("ENODEV");
  }
  sync(): void {
    fail("EINVAL");
  }
  /** Whether a thread may read or write now: 0, or the negative errno that it gets instead (a terminal's job control). */
  admit(_thread: Thread, _access: "read" | "write"): number {
    return 0;
  }
  ioctl(_request: number, _memory: IoctlMemory, _argument: number, _caller: Thread): number {
    return fail("ENOTTY");
  }
  /** What `mmap` maps. Undefined: anonymous memory. */
  backing(): Backing | undefined {
    return fail("ENODEV");
  }

  /** One more holder (`dup`, `fork`). */
  retain(): this {
    this.references++;
    return this;
  }

  /** Nobody runs the file while it is open here (ETXTBSY). */
  countWriter(): void {
    this.isWriter = true;
    this.inode.writers++;
  }

  /** A holder lets go; the last one closes the file. */
  release(): void {
    if (--this.references > 0) return;
    if (this.isWriter) this.inode.writers--;
    this.inode.locks?.releaseFile(this);
    if (!(this instanceof PathFile))
      tell(this.location.dentry, this.writable ? Event.closeWrite : Event.closeNoWrite);
    for (const listener of this.closeListeners ?? []) listener();
    this.closed();
  }

  /** How many hold it. */
  get holders(): number {
    return this.references;
  }

  /** Calls `listener` when the last holder has let go, unless the function returned is called before. */
  whenClosed(listener: () => void): () => void {
    this.closeListeners ??= new Set();
    this.closeListeners.add(listener);
    return () => this.closeListeners?.delete(listener);
  }

  protected closed(): void {}
}

/** A file opened with O_PATH: a place, not a file. */
export class PathFile extends OpenFile {
  override get readable(): boolean {
    return false;
  }
  override get writable(): boolean {
    return false;
  }
}
