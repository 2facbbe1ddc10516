import {
  MSG,
  type Received,
  type SendOptions,
  Socket,
  type SocketCaller,
  type UserCredentials,
} from "../posix-socket/socket.ts";
import { WaitQueue } from "../rksched/wait-queue.ts";
import { errno } from "../syscalls/errno.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail, VfsError } from "../vfs/error.ts";
import { POLL } from "../vfs/flags.ts";
import { FileType, type Inode } from "../vfs/inode.ts";
import type { Budget } from "../vfs/limits.ts";
import type { IoctlMemory, OpenFile } from "../vfs/open-file.ts";
import { mknod } from "../vfs/operations.ts";
import { May, requireAccess } from "../vfs/permission.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { encodeInt } from "../vfs/structs.ts";
import { type Base, find } from "../vfs/walk.ts";
import type { InFlight } from "./in-flight.ts";
import { AF_UNIX, decodeAddress, encodeAddress, isAbstract, type UnixName, type UnixNames } from "./names.ts";

/** What the local sockets of one machine share. */
export interface UnixContext {
  readonly names: UnixNames;
  readonly inFlight: InFlight;
  /** Bytes that wait in all of them. */
  readonly memory: Budget;
  place(): Location;
  /** Who runs: the sender of what is sent. */
  sender(): UserCredentials;
}

/** What bookkeeping counts for each message, against what its sender may have under way. */
const MESSAGE_COST = 512;
const SIOCINQ = 0x541b;
const SIOCOUTQ = 0x5411;

/** What is sent at once, until it is received. */
export interface Message {
  readonly sender: UnixSocket;
  readonly from: UnixName | undefined;
  readonly bytes: Uint8Array;
  readonly files: readonly OpenFile[];
  readonly credentials: UserCredentials;
  /** What it counts against the sender. */
  readonly cost: number;
}

/** A local socket: what streams, sequenced packets and datagrams have in common. */
export abstract class UnixSocket extends Socket {
  /** Received and not yet read. */
  readonly messages: Message[] = [];
  /** Connections that wait to be accepted. */
  readonly waiting: UnixSocket[] = [];
  protected readonly context: UnixContext;
  peer: UnixSocket | undefined;
  name: UnixName | undefined;
  /** No more will be received, or sent. */
  receivingEnded = false;
  sendingEnded = false;
  isClosed = false;
  /** Senders that found no room here, and who wants to connect: told when there is some. */
  private readonly crowd = new Set<UnixSocket>();
  /** Those in whose crowd it is. */
  private readonly crowds = new Set<UnixSocket>();
  private readonly changes = new WaitQueue();
  /** It was bound, to a file or an abstract name, and did not get its name from who accepted it. */
  private isBound = false;
  private file: Inode | undefined;
  /** Cost of what it has sent and others have not received. */
  private underWay = 0;
  private error = 0;

  constructor(context: UnixContext, flags: number, type: number) {
    super(context.place(), flags, AF_UNIX, type, 0);
    this.context = context;
  }

  override get waiters(): WaitQueue {
    return this.changes;
  }

  get localAddress(): Uint8Array {
    return encodeAddress(this.name);
  }

  get peerAddress(): Uint8Array {
    return encodeAddress((this.peer ?? fail("ENOTCONN")).name);
  }

  get listening(): boolean {
    return false;
  }

  bind(address: Uint8Array, { files }: SocketCaller): void {
    const wanted = decodeAddress(address);
    if (this.name !== undefined) {
      if (wanted === "") return;
      fail("EINVAL");
    }
    this.bindTo(wanted, files);
    this.isBound = true;
  }

  private bindTo(wanted: UnixName, files: ProcessFiles): void {
    if (wanted === "") this.name = this.context.names.choose(this);
    else if (isAbstract(wanted)) {
      this.context.names.bindAbstract(wanted, this);
      this.name = wanted;
    } else {
      const mode = FileType.socket | (0o777 & ~files.umask);
      this.file = makeFile(files.base(), wanted, mode);
      this.context.names.bindFile(this.file, this);
      this.name = wanted;
    }
  }

  /** The socket at an address. Throws ECONNREFUSED and what walking a path throws. */
  protected at(address: Uint8Array, { files }: SocketCaller): UnixSocket {
    const name = decodeAddress(address);
    if (name === "") fail("EINVAL");
    const { names } = this.context;
    if (isAbstract(name)) return this.ofMyType(names.findAbstract(name));
    const { inode } = find(files.base(), name, true).dentry;
    requireAccess(files.who, inode, May.write);
    if (inode.type !== FileType.socket) fail("ECONNREFUSED");
    return this.ofMyType(names.findFile(inode));
  }

  /** Room for a message: throws EAGAIN while too much of this sender's is under way. */
  protected post(
    to: UnixSocket,
    bytes: Uint8Array,
    { files = [], credentials = this.context.sender() }: SendOptions,
  ): void {
    if (this.underWay >= this.options.sendBuffer) fail("EAGAIN");
    const { inFlight, memory } = this.context;
    const cost = bytes.length + MESSAGE_COST;
    memory.charge(cost);
    try {
      inFlight.enter(files);
    } catch (error) {
      memory.discharge(cost);
      throw error;
    }
    this.underWay += cost;
    to.messages.push({ sender: this, from: this.name, bytes, files, credentials, cost });
    to.changes.wake(POLL.IN | POLL.RDNORM);
  }

  /** Takes the first message out of the queue: what came with it is the caller's. */
  protected consume(): void {
    const message = this.messages.shift();
    if (!message) return;
    this.settle(message);
    this.context.inFlight.leave(message.files);
    this.tellCrowd();
  }

  /** Takes the first bytes of the first message, with the files that came with it. */
  protected consumePart(length: number): void {
    const [message] = this.messages;
    this.context.inFlight.leave(message.files);
    this.messages[0] = { ...message, bytes: message.bytes.subarray(length), files: [] };
  }

  /** Throws all messages away. */
  discardMessages(): void {
    for (const message of this.messages.splice(0)) {
      this.settle(message);
      this.context.inFlight.drop(message.files);
    }
    for (const one of this.waiting) one.discardMessages();
    this.tellCrowd();
  }

  private settle({ sender, cost }: Message): void {
    this.context.memory.discharge(cost);
    sender.underWay -= cost;
    sender.changes.wake(POLL.OUT | POLL.WRNORM);
  }

  /** What is received of `message`, its files held for the receiver. */
  protected received(
    message: Message,
    bytes: Uint8Array,
    length: number,
    files: readonly OpenFile[],
  ): Received {
    const from = message.from === undefined ? undefined : encodeAddress(message.from);
    const credentials = this.options.passCredentials ? message.credentials : undefined;
    return { bytes, length, from, files, credentials };
  }

  /** The first message whole, or cut to `most` bytes; EAGAIN where there is none. */
  protected receiveMessage(most: number, flags: number): Received {
    const message = this.messages[0];
    if (!message) fail("EAGAIN");
    const { bytes, files } = message;
    if (flags & MSG.PEEK) for (const file of files) file.retain();
    else this.consume();
    return this.received(message, bytes.subarray(0, most), bytes.length, files);
  }

  override write(from: Uint8Array): number {
    return this.send(from, {});
  }

  override takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  /** Throws the error that the connection has met, once. */
  protected checkError(): void {
    if (this.takeError() !== 0) fail("ECONNRESET");
  }

  /** The other end has gone, and has not read all. */
  reset(): void {
    this.error = errno.ECONNRESET;
  }

  shutdown(receiving: boolean, sending: boolean): void {
    if (!this.peer) fail("ENOTCONN");
    this.receivingEnded ||= receiving;
    this.sendingEnded ||= sending;
    this.changed();
  }

  changed(): void {
    this.changes.wake();
  }

  /** Writable is where three quarters of the room are free (unix_writable, net/unix/af_unix.c). */
  protected get hasRoom(): boolean {
    return this.underWay * 4 <= this.options.sendBuffer;
  }

  protected pollOf(readable: boolean, hungUp: boolean): number {
    return (
      (readable ? POLL.IN | POLL.RDNORM : 0) |
      (this.hasRoom ? POLL.OUT | POLL.WRNORM : 0) |
      (this.receivingEnded ? POLL.RDHUP | POLL.IN | POLL.RDNORM : 0) |
      (hungUp || (this.receivingEnded && this.sendingEnded) ? POLL.HUP : 0) |
      (this.error ? POLL.ERR : 0)
    );
  }

  override ioctl(request: number, memory: IoctlMemory): number {
    if (request === SIOCINQ) memory.write(encodeInt(this.bytesToRead));
    else if (request === SIOCOUTQ) memory.write(encodeInt(this.underWay));
    else fail("ENOTTY");
    return 0;
  }

  protected get bytesToRead(): number {
    return this.messages[0]?.bytes.length ?? 0;
  }

  protected tellCrowd(): void {
    for (const sender of [...this.crowd]) {
      this.crowd.delete(sender);
      sender.crowds.delete(this);
      sender.changes.wake(POLL.OUT | POLL.WRNORM);
    }
  }

  /** There is no room in `other` for it: it is told when there is. */
  protected waitFor(other: UnixSocket): void {
    other.crowd.add(this);
    this.crowds.add(other);
  }

  private ofMyType(socket: UnixSocket): UnixSocket {
    return socket.type === this.type ? socket : fail("EPROTOTYPE");
  }

  protected override closed(): void {
    this.isClosed = true;
    if (this.name !== undefined && this.isBound) this.context.names.release(this.name, this.file);
    this.gone();
    // Others may still point here: no chain of closed sockets grows from that.
    this.peer = undefined;
    for (const other of this.crowds) other.crowd.delete(this);
    this.discardMessages();
    this.context.inFlight.collect();
  }

  /** It is being closed: tells its peer. */
  protected abstract gone(): void;
}

/** A socket file; one that exists is in use. */
function makeFile(base: Base, path: UnixName, mode: number): Inode {
  try {
    return mknod(base, path, { mode, rdev: 0 }).dentry.inode;
  } catch (error) {
    if (error instanceof VfsError && error.code === errno.EEXIST) fail("EADDRINUSE");
    throw error;
  }
}
