import type { EthernetPort } from "../../net/cable.ts";
import { bytes, flag, listOf, record, type Shaped } from "../state-shape.ts";
import type { Chain, VirtioDevice, VirtioLink, Virtqueue } from "./device.ts";
import { FILTER_STATE, ReceiveFilter } from "./net-filter.ts";
import { complete, headerOf, MOST_PACKETS, PACKET_STATE, type Packet, packetsFor } from "./net-packet.ts";

/** Feature bits (VIRTIO 1.2, section 5.1.3). */
const Feature = {
  csum: 1n << 0n,
  guestCsum: 1n << 1n,
  mtu: 1n << 3n,
  mac: 1n << 5n,
  guestTso4: 1n << 7n,
  hostTso4: 1n << 11n,
  mergeBuffers: 1n << 15n,
  status: 1n << 16n,
  control: 1n << 17n,
  controlRx: 1n << 18n,
  controlMac: 1n << 23n,
} as const;

const [RECEIVE, TRANSMIT, CONTROL] = [0, 1, 2];
const LINK_UP = 1;
const CLASS_MAC = 1;
const MAC_ADDR_SET = 1;
const [CONTROL_OK, CONTROL_ERROR] = [0, 1];

/** Header and frame: what is longer is not looked at. */
const LONGEST_PACKET = 12 + 65550;
const DEFAULT_MTU = 1500;
/** RFC 791: what every link carries. Lower ones leave no room for headers. */
const LEAST_MTU = 68;

export interface NetworkOptions {
  readonly mac: Uint8Array;
  /** Bytes in an IP packet, 68 to 65535; the driver is told where it is given. 1500 otherwise. */
  readonly mtu?: number;
}

const STATE = record({
  mac: bytes(6),
  isUp: flag,
  hasRefused: flag,
  waiting: listOf(PACKET_STATE, 0, MOST_PACKETS),
  filter: FILTER_STATE,
});
export type NetworkState = Shaped<typeof STATE>;

/**
 * A network card (VIRTIO 1.2, section 5.1) at the end of a cable.
 *
 *     config   0 mac[6]   6 status: 1 link up   8 queue pairs, 0   10 mtu
 *     header   0 flags   1 gso type   2 header length   4 gso size   6 checksum start   8 checksum offset
 *              10 buffers (modern drivers and those with mergeable buffers)
 *
 * Checksums are completed here, so frames on the cable are whole. TCP that the driver leaves to be cut goes to the
 * cable as one large frame; a large frame from there is cut for drivers that do not take it as it is.
 */
export class NetworkDevice implements VirtioDevice<NetworkState> {
  readonly name = "virtio-net";
  readonly type = 1;
  readonly queueSizes = [256, 256, 64];
  readonly features: bigint;
  private readonly port: EthernetPort;
  private readonly permanentMac: Uint8Array;
  private readonly mtu: number;
  private readonly filter = new ReceiveFilter();
  private link!: VirtioLink;
  private mac: Uint8Array;
  private isUp = true;
  /** The rest of a frame that was cut, waiting for buffers. */
  private waiting: Packet[] = [];
  /** The other end has been told that there is no room. */
  private hasRefused = false;

  constructor(port: EthernetPort, { mac, mtu }: NetworkOptions) {
    if (mac.length !== 6 || (mac[0] & 1) !== 0) throw new RangeError("not a station's address");
    if (mtu !== undefined && !(mtu >= LEAST_MTU && mtu <= 0xffff)) throw new RangeError(`MTU ${mtu}`);
    this.port = port;
    this.permanentMac = mac.slice();
    this.mac = mac.slice();
    this.mtu = mtu ?? DEFAULT_MTU;
    const { mtu: told, ...always } = Feature;
    this.features = Object.values(always).reduce((all, bit) => all | bit, mtu === undefined ? 0n : told);
    port.onFrame = (frame) => this.receive(frame);
  }

  /** Plugs the cable in or pulls it out; the driver is told. */
  setLink(up: boolean): void {
    if (this.isUp === up) return;
    this.isUp = up;
    this.waiting = [];
    this.link.configChanged();
    this.giveRoom();
  }

  connect(link: VirtioLink): void {
    this.link = link;
  }

  config(): Uint8Array {
    const bytes = new Uint8Array(12);
    const view = new DataView(bytes.buffer);
    bytes.set(this.mac);
    view.setUint16(6, this.isUp ? LINK_UP : 0, true);
    view.setUint16(10, (this.features & Feature.mtu) !== 0n ? this.mtu : 0, true);
    return bytes;
  }

  /** Legacy drivers set their address here. */
  writeConfig(offset: number, bytes: Uint8Array): void {
    if (this.link.isModern) return;
    for (let i = 0; i < bytes.length && offset + i < 6; i++) this.mac[offset + i] = bytes[i];
  }

  start(): void {
    this.giveRoom();
  }

  reset(): void {
    this.mac = this.permanentMac.slice();
    this.filter.reset();
    this.waiting = [];
    this.giveRoom();
  }

  notify(queue: number): void {
    if (queue === RECEIVE) {
      this.deliver();
      this.giveRoom();
    } else if (queue === TRANSMIT) this.transmit();
    else if (queue === CONTROL) this.control();
  }

  save(): NetworkState {
    const { mac, isUp, hasRefused, waiting, filter } = this;
    return { mac: mac.slice(), isUp, hasRefused, waiting: [...waiting], filter: filter.save() };
  }

  restore(saved: NetworkState): void {
    const state = STATE(saved);
    this.mac = state.mac.slice();
    this.isUp = state.isUp;
    this.hasRefused = state.hasRefused;
    this.waiting = [...state.waiting];
    this.filter.restore(state.filter);
  }

  private has(feature: bigint): boolean {
    return (this.link.features & feature) !== 0n;
  }

  private get headerSize(): number {
    return this.link.isModern || this.has(Feature.mergeBuffers) ? 12 : 10;
  }

  private transmit(): void {
    const queue = this.link.queue(TRANSMIT);
    while (!queue.isEmpty) {
      const chain = queue.pop();
      if (!chain) return;
      const frame = this.frameFrom(chain);
      queue.push(chain, 0);
      // What finds no room there is lost, as on any wire.
      if (frame && this.isUp) this.port.send(frame);
    }
  }

  /** The frame of a chain, complete as it goes to the cable; undefined where its header or its size is wrong. */
  private frameFrom(chain: Chain): Uint8Array | undefined {
    const { headerSize } = this;
    if (chain.readable < headerSize || chain.readable > LONGEST_PACKET) return undefined;
    const header = chain.read(0, headerSize);
    const frame = chain.read(headerSize, chain.readable - headerSize);
    const offloads = { mtu: this.mtu, large: this.has(Feature.hostTso4), checksum: this.has(Feature.csum) };
    return complete(header, frame, offloads) ? frame : undefined;
  }

  /** A frame arrives; false where the driver has no buffers for it. */
  private receive(frame: Uint8Array): boolean {
    const queue = this.link.queue(RECEIVE);
    if (!this.isUp || !queue.isReady || !this.filter.wants(frame, this.mac)) return true;
    if (this.waiting.length === 0) {
      const { mtu } = this;
      const large = this.has(Feature.guestTso4);
      const packets = packetsFor(frame, { mtu, large, checksum: this.has(Feature.guestCsum) });
      this.waiting = packets.slice();
      this.deliver();
      if (packets.length === 0 || this.waiting.length < packets.length) return true;
      this.waiting = [];
    }
    this.hasRefused = true;
    return false;
  }

  /** Gives the driver what waits, as far as its buffers go. */
  private deliver(): void {
    while (this.waiting.length > 0 && this.place(this.waiting[0])) this.waiting.shift();
  }

  /** The other end may try again, where it was told not to. */
  private giveRoom(): void {
    if (!this.hasRefused || this.waiting.length > 0) return;
    this.hasRefused = false;
    this.port.hasRoom();
  }

  /** Puts a packet into the driver's buffers; false where there are not enough. */
  private place(packet: Packet): boolean {
    const queue = this.link.queue(RECEIVE);
    const needed = this.headerSize + packet.frame.length;
    const chains: Chain[] = [];
    const merges = this.has(Feature.mergeBuffers);
    for (let room = 0; room < needed; room += chains[chains.length - 1].writable) {
      const chain = queue.isEmpty ? undefined : queue.pop();
      if (chain) chains.push(chain);
      const isTooSmall = chain && chain.writable < (merges ? this.headerSize : needed);
      if (chain && !isTooSmall) continue;
      for (const taken of chains.reverse()) queue.unpop(taken);
      // Without merging, a frame that is larger than the driver's buffers is lost.
      if (isTooSmall && merges) this.link.fail();
      return isTooSmall === true;
    }
    this.fill(queue, chains, packet);
    return true;
  }

  private fill(queue: Virtqueue, chains: readonly Chain[], packet: Packet): void {
    const { frame } = packet;
    let done = 0;
    chains.forEach((chain, i) => {
      const start = i === 0 ? chain.write(0, headerOf(packet, this.headerSize, chains.length)) : 0;
      const count = chain.write(start, frame.subarray(done));
      queue.push(chain, start + count);
      done += count;
    });
  }

  private control(): void {
    const queue = this.link.queue(CONTROL);
    while (!queue.isEmpty) {
      const chain = queue.pop();
      if (!chain) return;
      const answer = this.has(Feature.control) && this.serve(chain) ? CONTROL_OK : CONTROL_ERROR;
      queue.push(chain, chain.write(0, Uint8Array.of(answer)));
    }
  }

  private serve(chain: Chain): boolean {
    const [type, command] = chain.read(0, 2);
    if (type === CLASS_MAC && command === MAC_ADDR_SET) {
      const mac = chain.read(2, 6);
      if (!this.has(Feature.controlMac) || mac.length < 6 || (mac[0] & 1) !== 0) return false;
      this.mac = mac.slice();
      return true;
    }
    return this.has(Feature.controlRx) && this.filter.control(type, command, chain);
  }
}
