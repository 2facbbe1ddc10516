import type { VsockEvents, VsockStream } from "./vsock-host.ts";
import { ShutdownFlag, type VsockHeader, VsockOp } from "./vsock-packet.ts";

/** What a guest may send of a stream before the host has taken it, in bytes: the `buf_alloc` of our packets. */
export const VSOCK_WINDOW = 64 * 1024;
/** `write` says no above this. */
const ENOUGH_WAITING = 64 * 1024;

/** What a stream asks of its device. */
export interface StreamOwner {
  /** A packet without payload is to be sent. */
  control(stream: GuestStream, op: number, flags: number): void;
  /** The stream may have become able to send data, or unable. */
  changed(stream: GuestStream): void;
  /** The stream is gone. */
  remove(stream: GuestStream): void;
}

/** One stream, with what is known of the guest's end (VIRTIO 1.2, section 5.10.6). Counters are modulo 2^32. */
export class GuestStream implements VsockStream {
  readonly guestPort: number;
  readonly hostPort: number;
  /** Bytes that the host has taken. */
  forwarded = 0;
  private readonly owner: StreamOwner;
  private events: VsockEvents | undefined;
  private state: "opening" | "open" | "gone" = "opening";
  private readonly beganHere: boolean;
  private isReading = true;
  /** Received bytes that the host does not read yet. */
  private held: Uint8Array | undefined;
  private heldLength = 0;
  /** `forwarded` as the guest knows it. */
  private toldForwarded = 0;
  private isUpdateQueued = false;
  private readonly outgoing: Uint8Array[] = [];
  private waiting = 0;
  private owesDrained = false;
  private sent = 0;
  private guestWindow = 0;
  private guestForwarded = 0;
  private hasAskedForCredit = false;
  /** Shutdown flags received and sent. */
  private guestShutdown = 0;
  private hostShutdown = 0;
  private hasEnded = false;
  private isEndTold = false;
  /** The guest's end is gone, but not all that it sent has been read. */
  private isOrphan = false;

  constructor(owner: StreamOwner, guestPort: number, hostPort: number, beganHere: boolean) {
    this.owner = owner;
    this.guestPort = guestPort;
    this.hostPort = hostPort;
    this.beganHere = beganHere;
  }

  setEvents(events: VsockEvents): void {
    this.events = events;
  }

  /** What every packet of the guest says of its room. */
  setGuestCredit({ bufferSize, forwarded }: VsockHeader): void {
    this.guestWindow = bufferSize;
    this.guestForwarded = forwarded;
  }

  accept(): void {
    if (this.state !== "opening" || this.beganHere) return;
    this.state = "open";
    this.owner.control(this, VsockOp.response, 0);
    this.update();
  }

  write(bytes: Uint8Array): boolean {
    if (this.isDeaf || this.hasEnded || bytes.length === 0) return true;
    this.outgoing.push(bytes);
    this.waiting += bytes.length;
    this.owesDrained = this.waiting > ENOUGH_WAITING;
    const isRoom = !this.owesDrained;
    this.update();
    return isRoom;
  }

  end(): void {
    this.hasEnded = true;
    this.update();
  }

  destroy(): void {
    if (this.isGone) return;
    if (!this.isOrphan) this.owner.control(this, VsockOp.rst, 0);
    this.leave();
  }

  setReading(isReading: boolean): void {
    this.isReading = isReading;
    this.deliver();
    this.update();
  }

  /** Data may be sent now. */
  get canSend(): boolean {
    return this.state === "open" && this.waiting > 0 && this.credit > 0;
  }

  /** The next bytes to send, at most `limit` of them. `canSend` is true. */
  take(limit: number): Uint8Array {
    const [first] = this.outgoing;
    const bytes = first.subarray(0, Math.min(first.length, limit, this.credit));
    if (bytes.length === first.length) this.outgoing.shift();
    else this.outgoing[0] = first.subarray(bytes.length);
    this.waiting -= bytes.length;
    this.sent = (this.sent + bytes.length) >>> 0;
    return bytes;
  }

  /** The bytes of `take` have been sent. */
  hasSent(): void {
    if (this.waiting === 0 && this.owesDrained) {
      this.owesDrained = false;
      this.events?.drained();
    }
    this.update();
  }

  /** A packet with the current `forwarded` goes to the guest. */
  tell(): void {
    this.toldForwarded = this.forwarded;
    this.isUpdateQueued = false;
  }

  /** A packet of this stream, with its payload. */
  receive(header: VsockHeader, payload: Uint8Array): void {
    if (this.isGone) return;
    if (this.isOrphan) {
      if (header.op !== VsockOp.rst) this.owner.control(this, VsockOp.rst, 0);
      return;
    }
    if (header.op === VsockOp.rst) {
      this.resetByGuest();
      return;
    }
    this.setGuestCredit(header);
    if (!this.obey(header, payload)) {
      this.owner.control(this, VsockOp.rst, 0);
      this.close(this.isOpeningHere ? "refused" : "reset");
      return;
    }
    this.update();
  }

  /** Without a word to the guest. */
  close(reason: "done" | "reset" | "refused"): void {
    if (this.isGone) return;
    this.leave();
    this.events?.closed(reason);
  }

  private get isGone(): boolean {
    return this.state === "gone";
  }

  private get isOpeningHere(): boolean {
    return this.state === "opening" && this.beganHere;
  }

  private get isDeaf(): boolean {
    return this.isGone || this.isOrphan || (this.guestShutdown & ShutdownFlag.receive) !== 0;
  }

  /** Bytes that the guest has room for. Whoever claims to have taken more than was sent has none. */
  private get credit(): number {
    return Math.max(0, this.guestWindow - ((this.sent - this.guestForwarded) >>> 0));
  }

  /** False where the guest may not send that now. */
  private obey({ op, flags }: VsockHeader, payload: Uint8Array): boolean {
    if (this.state === "opening" && this.beganHere) return op === VsockOp.response && this.open();
    if (this.state === "opening") return op === VsockOp.shutdown && this.shutdown(flags);
    switch (op) {
      case VsockOp.rw:
        return this.receiveData(payload);
      case VsockOp.creditUpdate:
        return true;
      case VsockOp.creditRequest:
        this.queueUpdate();
        return true;
      case VsockOp.shutdown:
        return this.shutdown(flags);
    }
    return false;
  }

  private open(): boolean {
    this.state = "open";
    this.events?.connected();
    return true;
  }

  private shutdown(flags: number): boolean {
    this.guestShutdown |= flags & ShutdownFlag.both;
    if (this.isDeaf) this.dropOutgoing();
    return true;
  }

  private receiveData(bytes: Uint8Array): boolean {
    const isTooMuch = this.heldLength + bytes.length > VSOCK_WINDOW;
    if (isTooMuch || (this.guestShutdown & ShutdownFlag.send) !== 0) return false;
    if (bytes.length === 0) return true;
    if (this.isReading) {
      this.forwarded = (this.forwarded + bytes.length) >>> 0;
      this.events?.received(bytes);
    } else {
      this.held ??= new Uint8Array(VSOCK_WINDOW);
      this.held.set(bytes, this.heldLength);
      this.heldLength += bytes.length;
    }
    return true;
  }

  private deliver(): void {
    const { held, heldLength } = this;
    if (!held || !this.isReading || this.isGone) return;
    this.held = undefined;
    this.heldLength = 0;
    this.forwarded = (this.forwarded + heldLength) >>> 0;
    this.events?.received(held.subarray(0, heldLength));
  }

  /** Does what has become due. Whatever it calls may change the stream. */
  private update(): void {
    if (this.isGone) return;
    if (this.state === "open") this.flow();
    if (this.heldLength === 0 && !this.isOpeningHere) this.wind();
    if (this.isGone) return;
    this.shutDownHere();
    this.owner.changed(this);
  }

  /** Tells of room when half of the window has been taken since it was told, asks for room once where there is none. */
  private flow(): void {
    const unsaid = (this.forwarded - this.toldForwarded) >>> 0;
    if (unsaid >= VSOCK_WINDOW / 2) this.queueUpdate();
    const isStuck = this.waiting > 0 && this.credit === 0;
    if (isStuck && !this.hasAskedForCredit) this.owner.control(this, VsockOp.creditRequest, 0);
    this.hasAskedForCredit = isStuck;
  }

  private queueUpdate(): void {
    if (this.isUpdateQueued) return;
    this.isUpdateQueued = true;
    this.owner.control(this, VsockOp.creditUpdate, 0);
  }

  /** All that the guest sent has been read: its end may be told, and a stream that it closed be gone. */
  private wind(): void {
    const { send, both } = ShutdownFlag;
    if ((this.guestShutdown & send) !== 0 && !this.isEndTold) {
      this.isEndTold = true;
      this.events?.ended();
    }
    if (this.isOrphan) this.close("done");
    if (this.guestShutdown === both && !this.isGone) {
      this.owner.control(this, VsockOp.rst, 0);
      this.close("done");
    }
  }

  private shutDownHere(): void {
    if (this.state !== "open" || !this.hasEnded || this.waiting > 0 || this.isOrphan) return;
    const flags = this.isEndTold ? ShutdownFlag.both : ShutdownFlag.send;
    if (flags === this.hostShutdown) return;
    this.hostShutdown = flags;
    this.owner.control(this, VsockOp.shutdown, flags);
  }

  private resetByGuest(): void {
    if ((this.guestShutdown & ShutdownFlag.send) === 0) {
      this.close(this.isOpeningHere ? "refused" : "reset");
      return;
    }
    this.isOrphan = true;
    this.dropOutgoing();
    this.update();
  }

  private dropOutgoing(): void {
    this.outgoing.length = 0;
    this.waiting = 0;
  }

  private leave(): void {
    this.state = "gone";
    this.held = undefined;
    this.dropOutgoing();
    this.owner.remove(this);
  }
}
