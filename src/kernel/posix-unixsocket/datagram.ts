import type { Received, SendOptions, SocketCaller } from "../posix-socket/socket.ts";
import { fail } from "../vfs/error.ts";
import { type UnixContext, UnixSocket } from "./unix-socket.ts";

/** Messages that one socket keeps (net.unix.max_dgram_qlen, as systemd sets it). */
const MOST_MESSAGES = 512;
const AF_UNSPEC = 0;

/** Messages to any socket that has a name, or to the one that it is connected to (SOCK_DGRAM). */
export class DatagramSocket extends UnixSocket {
  static pair(context: UnixContext, flags: number, type: number): [DatagramSocket, DatagramSocket] {
    const [one, two] = [new DatagramSocket(context, flags, type), new DatagramSocket(context, flags, type)];
    one.peer = two;
    two.peer = one;
    return [one, two];
  }

  listen(): void {
    fail("EOPNOTSUPP");
  }

  accept(): never {
    return fail("EOPNOTSUPP");
  }

  connect(address: Uint8Array, caller: SocketCaller): void {
    const isNone = address.length >= 2 && (address[0] | (address[1] << 8)) === AF_UNSPEC;
    const to = isNone ? undefined : this.at(address, caller);
    if (to) this.checkMayReach(to);
    this.peer = to;
    this.changed();
  }

  send(bytes: Uint8Array, options: SendOptions): number {
    const { to: destination } = options;
    const to = destination ? this.at(destination.address, destination.caller) : this.peer;
    if (!to) return fail("ENOTCONN");
    if (this.sendingEnded) fail("EPIPE");
    if (bytes.length > this.options.sendBuffer - 32) fail("EMSGSIZE");
    if (to.isClosed) {
      if (this.peer === to) this.peer = undefined;
      fail("ECONNREFUSED");
    }
    this.checkMayReach(to);
    if (to.receivingEnded) fail("EPIPE");
    if (to.messages.length >= MOST_MESSAGES) {
      this.waitFor(to);
      fail("EAGAIN");
    }
    this.post(to, bytes.slice(), options);
    return bytes.length;
  }

  receive(most: number, flags: number): Received {
    if (this.messages.length === 0 && this.receivingEnded) return { bytes: new Uint8Array(0), length: 0 };
    return this.receiveMessage(most, flags);
  }

  override poll(): number {
    return this.pollOf(this.messages.length > 0, false);
  }

  protected gone(): void {
    const { peer } = this;
    if (peer instanceof DatagramSocket && peer.peer === this) peer.changed();
  }

  /** One that is connected hears its peer only. */
  private checkMayReach(to: UnixSocket): void {
    if (to instanceof DatagramSocket && to.peer && to.peer !== this) fail("EPERM");
  }
}
