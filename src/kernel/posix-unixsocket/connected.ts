import {
  MSG,
  type Received,
  type SendOptions,
  type SocketCaller,
  SocketType,
  type UserCredentials,
} from "../posix-socket/socket.ts";
import { fail } from "../vfs/error.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { encodeAddress } from "./names.ts";
import { type UnixContext, UnixSocket } from "./unix-socket.ts";

/** Most connections that wait to be accepted (net.core.somaxconn). */
const MOST_WAITING = 4096;

/** A stream of bytes (SOCK_STREAM), or of messages (SOCK_SEQPACKET), between two ends. */
export class ConnectedSocket extends UnixSocket {
  private state: "new" | "listening" | "connected" = "new";
  private backlog = 0;
  /** Of the other end, when it connected or began to listen. */
  private other: UserCredentials | undefined;
  private own: UserCredentials | undefined;

  /** Two ends of one connection. */
  static pair(context: UnixContext, flags: number, type: number): [ConnectedSocket, ConnectedSocket] {
    const [one, two] = [new ConnectedSocket(context, flags, type), new ConnectedSocket(context, flags, type)];
    one.join(two, context.sender());
    two.join(one, context.sender());
    return [one, two];
  }

  override get listening(): boolean {
    return this.state === "listening";
  }

  override get peerCredentials(): UserCredentials {
    return this.other ?? super.peerCredentials;
  }

  override get peerAddress(): Uint8Array {
    // The address of one that has gone is still known.
    return this.state === "connected" && this.peer ? encodeAddress(this.peer.name) : fail("ENOTCONN");
  }

  listen(backlog: number): void {
    if (this.name === undefined || this.state === "connected") fail("EINVAL");
    this.state = "listening";
    this.own = this.context.sender();
    this.backlog = Math.min(backlog < 0 ? MOST_WAITING : backlog, MOST_WAITING);
    this.changed();
  }

  connect(address: Uint8Array, caller: SocketCaller): void {
    const to = this.at(address, caller) as ConnectedSocket;
    if (this.state === "connected") fail("EISCONN");
    if (this.state === "listening") fail("EINVAL");
    if (!to.listening || to.receivingEnded) fail("ECONNREFUSED");
    if (to.waiting.length > to.backlog) {
      this.waitFor(to);
      fail("EAGAIN");
    }
    const end = new ConnectedSocket(this.context, 0, this.type);
    end.name = to.name;
    end.options.passCredentials = to.options.passCredentials;
    end.join(this, this.context.sender());
    this.join(end, to.own ?? this.context.sender());
    to.waiting.push(end);
    to.changed();
  }

  accept(flags: number): ConnectedSocket {
    if (!this.listening) fail("EINVAL");
    const next = this.waiting.shift() as ConnectedSocket | undefined;
    if (!next) return fail(this.receivingEnded ? "EINVAL" : "EAGAIN");
    next.flags |= flags;
    this.tellCrowd();
    return next;
  }

  send(bytes: Uint8Array, options: SendOptions): number {
    if (options.to) fail(this.state === "connected" ? "EISCONN" : "EOPNOTSUPP");
    this.checkError();
    const { peer } = this;
    if (this.state !== "connected" || !peer) return fail("ENOTCONN");
    if (this.sendingEnded || peer.isClosed || peer.receivingEnded) fail("EPIPE");
    if (!this.isStream) {
      if (bytes.length > this.options.sendBuffer - 32) fail("EMSGSIZE");
      this.post(peer, bytes.slice(), options);
      return bytes.length;
    }
    if (bytes.length === 0) return 0;
    const part = bytes.slice(0, this.options.sendBuffer >> 1);
    this.post(peer, part, options);
    return part.length;
  }

  receive(most: number, flags: number): Received {
    if (this.state !== "connected") fail(this.isStream ? "EINVAL" : "ENOTCONN");
    if (this.messages.length === 0) {
      this.checkError();
      if (this.receivingEnded) return { bytes: new Uint8Array(0), length: 0 };
      fail("EAGAIN");
    }
    return this.isStream ? this.receiveBytes(most, flags) : this.receiveMessage(most, flags);
  }

  /** Bytes of as many messages as there is room for; no further than the first that brings files. */
  private receiveBytes(most: number, flags: number): Received {
    const peek = (flags & MSG.PEEK) !== 0;
    const [first] = this.messages;
    const parts: Uint8Array[] = [];
    let length = 0;
    let files: readonly OpenFile[] = [];
    for (let i = 0; i < this.messages.length && length < most && files.length === 0; i += peek ? 1 : 0) {
      const message = this.messages[i];
      // Who asks for credentials gets no bytes of two senders at once.
      if (this.options.passCredentials && !sameSender(message.credentials, first.credentials)) break;
      const part = message.bytes.subarray(0, most - length);
      parts.push(part);
      length += part.length;
      files = message.files;
      const isWhole = part.length === message.bytes.length;
      if (peek) for (const file of files) file.retain();
      else if (isWhole) this.consume();
      else this.consumePart(part.length);
    }
    return this.received(first, concatenate(parts, length), length, files);
  }

  override poll(): number {
    const readable = this.messages.length > 0 || this.waiting.length > 0;
    return this.pollOf(readable, this.state === "new");
  }

  override shutdown(receiving: boolean, sending: boolean): void {
    if (this.state === "listening") {
      this.receivingEnded ||= receiving;
      this.changed();
      return;
    }
    super.shutdown(receiving, sending);
    const { peer } = this;
    if (!(peer instanceof ConnectedSocket)) return;
    peer.receivingEnded ||= sending;
    peer.sendingEnded ||= receiving;
    peer.changed();
  }

  protected override get bytesToRead(): number {
    if (this.listening) fail("EINVAL");
    if (!this.isStream) return super.bytesToRead;
    return this.messages.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  protected gone(): void {
    for (const one of this.waiting.splice(0)) one.release();
    this.tellCrowd();
    const { peer } = this;
    if (!(peer instanceof ConnectedSocket) || peer.isClosed) return;
    if (this.messages.length > 0) peer.reset();
    peer.receivingEnded = true;
    peer.sendingEnded = true;
    peer.changed();
  }

  private join(peer: ConnectedSocket, other: UserCredentials): void {
    this.peer = peer;
    this.other = other;
    this.state = "connected";
    this.changed();
  }
}

function sameSender(a: UserCredentials, b: UserCredentials): boolean {
  return a.pid === b.pid && a.uid === b.uid && a.gid === b.gid;
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array {
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Sockets that are connected one to one. */
export const isConnectedType = (type: number): boolean =>
  type === SocketType.stream || type === SocketType.sequenced;
