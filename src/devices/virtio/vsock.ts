import type { HostWork } from "../host-work.ts";
import { flag, record, type Shaped } from "../state-shape.ts";
import type { Chain, VirtioDevice, VirtioLink, Virtqueue } from "./device.ts";
import type { VsockEvents, VsockHost, VsockStream } from "./vsock-host.ts";
import {
  decodeHeader,
  encodeHeader,
  TYPE_STREAM,
  VSOCK_HEADER_SIZE,
  type VsockHeader,
  VsockOp,
} from "./vsock-packet.ts";
import { GuestStream, type StreamOwner, VSOCK_WINDOW } from "./vsock-stream.ts";

const RECEIVE_QUEUE = 0;
const TRANSMIT_QUEUE = 1;
const EVENT_QUEUE = 2;
const QUEUE_SIZES = [256, 256, 16];
const FEATURE_STREAM = 1n;
/** The host's address. */
const HOST_CID = 2n;
/** Streams at a time. */
export const MAX_STREAMS = 1024;
/** Bytes of payload in a packet to the guest. */
const MAX_PAYLOAD = 64 * 1024;
/** Packets that wait for the guest's buffers before what it sends is left where it is. */
const MAX_REPLIES = 64;
/** Ports of streams that the host begins: from here, this many. */
const HOST_PORTS = 2 ** 30;
/** `virtio_vsock_event`: VIRTIO_VSOCK_EVENT_TRANSPORT_RESET. */
const TRANSPORT_RESET = new Uint8Array(4);

/** A packet without payload that waits to be sent; its credit is that of the moment when it is. */
interface Control {
  readonly hostCid: bigint;
  readonly hostPort: number;
  readonly guestPort: number;
  readonly type: number;
  readonly op: number;
  readonly flags: number;
  readonly stream: GuestStream | undefined;
}

const STATE = record({ owesReset: flag });
export type VsockState = Shaped<typeof STATE>;

/**
 * virtio-vsock (VIRTIO 1.2, section 5.10): streams between guest and host. They are not saved: a restored machine
 * tells its guest that all of them are gone, as after a migration.
 */
export class VsockDevice implements VirtioDevice<VsockState>, StreamOwner {
  readonly name = "virtio-vsock";
  readonly type = 19;
  readonly features = FEATURE_STREAM;
  readonly queueSizes = QUEUE_SIZES;
  private readonly host: VsockHost;
  private readonly work: HostWork;
  private readonly guestCid: bigint;
  private link: VirtioLink | undefined;
  private readonly streams = new Map<string, GuestStream>();
  private readonly controls: Control[] = [];
  /** Streams with data that the guest has room for, in the order of their turns. */
  private readonly sending = new Set<GuestStream>();
  private isPumping = false;
  private owesReset = false;
  private nextPort = 0;

  /** `guestCid`: the guest's address, 3 to 2^32 - 2. Throws a RangeError. */
  constructor(host: VsockHost, work: HostWork, guestCid = 3) {
    if (!Number.isInteger(guestCid) || guestCid < 3 || guestCid > 0xffff_fffe)
      throw new RangeError(`guest CID ${guestCid}`);
    this.host = host;
    this.work = work;
    this.guestCid = BigInt(guestCid);
  }

  connect(link: VirtioLink): void {
    this.link = link;
  }

  config(): Uint8Array {
    return new Uint8Array(BigUint64Array.of(this.guestCid).buffer);
  }

  writeConfig(): void {}

  start(): void {
    this.owesReset = false;
  }

  reset(): void {
    this.owesReset = false;
    for (const stream of [...this.streams.values()]) stream.close("reset");
    this.controls.length = 0;
  }

  notify(queue: number): void {
    if (queue === EVENT_QUEUE) this.sendReset();
    this.pump();
    this.serve();
  }

  /** Begins a stream to a guest's port; undefined where no driver runs or there are too many. */
  open(guestPort: number, events: VsockEvents): VsockStream | undefined {
    const isFull = this.streams.size >= MAX_STREAMS || this.controls.length >= MAX_STREAMS;
    if (isFull || !this.link?.queue(RECEIVE_QUEUE).isReady) return undefined;
    let hostPort: number;
    do hostPort = HOST_PORTS + (this.nextPort++ % HOST_PORTS);
    while (this.streams.has(key(guestPort, hostPort)));
    const stream = new GuestStream(this, guestPort, hostPort, true);
    stream.setEvents(events);
    this.streams.set(key(guestPort, hostPort), stream);
    this.control(stream, VsockOp.request, 0);
    this.pump();
    return stream;
  }

  save(): VsockState {
    return { owesReset: this.owesReset || this.streams.size > 0 || this.controls.length > 0 };
  }

  /** What the guest had sent but was not looked at yet is served, too, once the machine goes on. */
  restore(state: VsockState): void {
    this.owesReset = STATE(state).owesReset;
    if (!this.owesReset) return;
    const goOn = () => this.notify(EVENT_QUEUE);
    this.work.follow(Promise.resolve(), goOn, goOn);
  }

  control(stream: GuestStream, op: number, flags: number): void {
    const { hostPort, guestPort } = stream;
    this.controls.push({ hostCid: HOST_CID, hostPort, guestPort, type: TYPE_STREAM, op, flags, stream });
    this.pump();
  }

  changed(stream: GuestStream): void {
    if (!stream.canSend) this.sending.delete(stream);
    else if (!this.sending.has(stream)) {
      this.sending.add(stream);
      this.pump();
    }
  }

  remove(stream: GuestStream): void {
    this.sending.delete(stream);
    this.streams.delete(key(stream.guestPort, stream.hostPort));
  }

  private sendReset(): void {
    const queue = this.link?.queue(EVENT_QUEUE);
    const chain = this.owesReset ? queue?.pop() : undefined;
    if (!queue || !chain) return;
    this.owesReset = false;
    queue.push(chain, chain.write(0, TRANSPORT_RESET));
  }

  /**
   * Takes what the guest sends, as long as it fetches the answers. No hart runs meanwhile: more packets than the ring
   * has entries mean that it lies where it is written to.
   */
  private serve(): void {
    const queue = this.link?.queue(TRANSMIT_QUEUE);
    for (let left = QUEUE_SIZES[TRANSMIT_QUEUE]; queue && this.controls.length < MAX_REPLIES; left--) {
      const chain = queue.pop();
      if (!chain) return;
      if (left === 0 || chain.readable < VSOCK_HEADER_SIZE) {
        this.link?.fail();
        return;
      }
      const header = decodeHeader(chain.read(0, VSOCK_HEADER_SIZE));
      const payload = this.payload(header, chain);
      queue.push(chain, 0);
      this.receive(header, payload);
    }
  }

  /** Undefined where there is less, or more, than the guest may send. */
  private payload({ op, length }: VsockHeader, chain: Chain): Uint8Array | undefined {
    if (op !== VsockOp.rw) return new Uint8Array(0);
    if (length > VSOCK_WINDOW || length > chain.readable - VSOCK_HEADER_SIZE) return undefined;
    return chain.read(VSOCK_HEADER_SIZE, length);
  }

  private receive(header: VsockHeader, payload: Uint8Array | undefined): void {
    if (header.sourceCid !== this.guestCid) return;
    const isForHost = header.destinationCid === HOST_CID && header.type === TYPE_STREAM;
    const stream = isForHost ? this.streams.get(key(header.sourcePort, header.destinationPort)) : undefined;
    if (stream && payload) stream.receive(header, payload);
    else if (stream) {
      this.control(stream, VsockOp.rst, 0);
      stream.close("reset");
    } else if (isForHost && header.op === VsockOp.request && this.streams.size < MAX_STREAMS)
      this.offer(header);
    else if (header.op !== VsockOp.rst) this.refuse(header);
  }

  /** The guest begins a stream. */
  private offer(header: VsockHeader): void {
    const stream = new GuestStream(this, header.sourcePort, header.destinationPort, false);
    this.streams.set(key(stream.guestPort, stream.hostPort), stream);
    stream.setGuestCredit(header);
    const events = this.host.connect(stream);
    if (events) stream.setEvents(events);
    else stream.destroy();
  }

  private refuse({ destinationCid, destinationPort, sourcePort, type }: VsockHeader): void {
    this.controls.push({
      hostCid: destinationCid,
      hostPort: destinationPort,
      guestPort: sourcePort,
      type,
      op: VsockOp.rst,
      flags: 0,
      stream: undefined,
    });
    this.pump();
  }

  /** Sends what there is, as far as the guest has buffers. What is called meanwhile may add to it. */
  private pump(): void {
    const queue = this.link?.queue(RECEIVE_QUEUE);
    if (!queue || this.isPumping) return;
    this.isPumping = true;
    while (this.sendNext(queue)) {}
    this.isPumping = false;
  }

  private sendNext(queue: Virtqueue): boolean {
    const [control] = this.controls;
    const [stream] = control ? [] : this.sending;
    if (!control && !stream) return false;
    const chain = queue.pop();
    if (!chain) return false;
    const room = chain.writable - VSOCK_HEADER_SIZE;
    if (room < (control ? 0 : 1)) {
      this.link?.fail();
      return false;
    }
    if (control) {
      this.controls.shift();
      queue.push(chain, chain.write(0, this.header(control, 0)));
    } else this.sendData(queue, chain, stream, Math.min(room, MAX_PAYLOAD));
    return true;
  }

  private sendData(queue: Virtqueue, chain: Chain, stream: GuestStream, limit: number): void {
    const { hostPort, guestPort } = stream;
    const bytes = stream.take(limit);
    const about = { hostCid: HOST_CID, hostPort, guestPort, type: TYPE_STREAM, flags: 0, stream };
    const header = this.header({ ...about, op: VsockOp.rw }, bytes.length);
    queue.push(chain, chain.write(0, header) + chain.write(VSOCK_HEADER_SIZE, bytes));
    this.sending.delete(stream);
    stream.hasSent();
  }

  private header(
    { hostCid, hostPort, guestPort, type, op, flags, stream }: Control,
    length: number,
  ): Uint8Array {
    stream?.tell();
    return encodeHeader({
      sourceCid: hostCid,
      destinationCid: this.guestCid,
      sourcePort: hostPort,
      destinationPort: guestPort,
      length,
      type,
      op,
      flags,
      bufferSize: stream ? VSOCK_WINDOW : 0,
      forwarded: stream?.forwarded ?? 0,
    });
  }
}

const key = (guestPort: number, hostPort: number) => `${guestPort}:${hostPort}`;
