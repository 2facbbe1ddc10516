import { BROADCAST, type Ipv4Address, samePrefix } from "./address.ts";
import type { Arp } from "./arp.ts";
import { getU16, getU32, putU16, putU32 } from "./bytes.ts";
import { checksum } from "./checksum.ts";
import { BROADCAST_MAC, ETHERNET_HEADER, type Ethernet, EtherType, newFrame } from "./ethernet.ts";
import { Reassembly } from "./reassembly.ts";
import type { Timers } from "./timers.ts";

export const Protocol = { icmp: 1, tcp: 6, udp: 17 } as const;

/** Without options: we send none. */
export const IPV4_HEADER = 20;
/** Where a frame's payload begins that `newPacket` has made. */
export const PACKET_HEADERS = ETHERNET_HEADER + IPV4_HEADER;
/** The largest packet that is sent in one piece where fragmentation is allowed. */
const MTU = 1500;
export const MAX_PACKET = 65_535;
const TTL = 64;
const DONT_FRAGMENT = 0x4000;
const MORE_FRAGMENTS = 0x2000;

/** A packet that arrived whole, or was put together again. Its bytes belong to nobody and stay as they are. */
export interface Ipv4Packet {
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  readonly protocol: number;
  /** With its options: of the first fragment. */
  readonly header: Uint8Array;
  readonly payload: Uint8Array;
}

/** A frame with room for the headers and `length` bytes from `PACKET_HEADERS` on. */
export const newPacket = (length: number): Uint8Array => newFrame(IPV4_HEADER + length);

/** Which packets a node takes, and where it sends those that it makes. */
export interface Ipv4Options {
  readonly link: Ethernet;
  readonly arp: Arp;
  readonly timers: Timers;
  /** Whether a packet for this address is for us. */
  readonly accepts: (destination: Ipv4Address) => boolean;
  /** The neighbour by which an address is reached; undefined: by none. */
  readonly route: (destination: Ipv4Address) => Ipv4Address | undefined;
}

/** The Internet Protocol, version 4 (RFC 791): whole packets in and out. Options are skipped, and sent never. */
export class Ipv4 {
  private readonly options: Ipv4Options;
  private readonly handlers = new Map<number, (packet: Ipv4Packet) => void>();
  private readonly reassembly: Reassembly;
  private identification = 0;

  constructor(options: Ipv4Options) {
    this.options = options;
    this.reassembly = new Reassembly(options.timers);
    options.link.handle(EtherType.ipv4, (frame) => this.receive(frame));
  }

  handle(protocol: number, handler: (packet: Ipv4Packet) => void): void {
    this.handlers.set(protocol, handler);
  }

  /**
   * Sends a packet made by `newPacket`. One that is larger than the link's 1,500 bytes is fragmented, or, where that is
   * not allowed, left whole: whoever makes such packets knows that the other end takes them.
   */
  send(
    frame: Uint8Array,
    source: Ipv4Address,
    destination: Ipv4Address,
    protocol: number,
    mayFragment: boolean,
  ): void {
    const length = frame.length - PACKET_HEADERS;
    if (IPV4_HEADER + length > MAX_PACKET) return;
    const header = { source, destination, protocol, identification: this.nextIdentification() };
    if (!mayFragment || IPV4_HEADER + length <= MTU) {
      this.transmit(frame, header, mayFragment ? 0 : DONT_FRAGMENT);
      return;
    }
    const most = (MTU - IPV4_HEADER) & ~7;
    for (let offset = 0; offset < length; offset += most) {
      const size = Math.min(most, length - offset);
      const fragment = newPacket(size);
      const from = PACKET_HEADERS + offset;
      fragment.set(frame.subarray(from, from + size), PACKET_HEADERS);
      this.transmit(fragment, header, (offset >> 3) | (offset + size < length ? MORE_FRAGMENTS : 0));
    }
  }

  close(): void {
    this.reassembly.close();
  }

  private nextIdentification(): number {
    this.identification = (this.identification + 1) & 0xffff;
    return this.identification;
  }

  private transmit(
    frame: Uint8Array,
    header: {
      readonly source: Ipv4Address;
      readonly destination: Ipv4Address;
      readonly protocol: number;
      readonly identification: number;
    },
    fragment: number,
  ): void {
    const at = ETHERNET_HEADER;
    frame[at] = 0x45;
    putU16(frame, at + 2, frame.length - at);
    putU16(frame, at + 4, header.identification);
    putU16(frame, at + 6, fragment);
    frame[at + 8] = TTL;
    frame[at + 9] = header.protocol;
    putU32(frame, at + 12, header.source);
    putU32(frame, at + 16, header.destination);
    putU16(frame, at + 10, checksum(frame, at, IPV4_HEADER));
    if (header.destination === BROADCAST) {
      this.options.link.send(frame, BROADCAST_MAC, EtherType.ipv4);
      return;
    }
    const neighbour = this.options.route(header.destination);
    if (neighbour !== undefined) this.options.arp.send(frame, neighbour);
  }

  private receive(frame: Uint8Array): void {
    const at = ETHERNET_HEADER;
    if (frame.length < at + IPV4_HEADER || frame[at] >> 4 !== 4) return;
    const headerLength = (frame[at] & 0xf) * 4;
    const total = getU16(frame, at + 2);
    // A frame may be longer than its packet: Ethernet pads to 60 bytes.
    if (headerLength < IPV4_HEADER || total < headerLength || at + total > frame.length) return;
    if (checksum(frame, at, headerLength) !== 0) return;
    const source = getU32(frame, at + 12);
    const destination = getU32(frame, at + 16);
    if (samePrefix(source, 0xe0000000, 3) || !this.options.accepts(destination)) return;
    const packet: Ipv4Packet = {
      source,
      destination,
      protocol: frame[at + 9],
      header: frame.subarray(at, at + headerLength),
      payload: frame.subarray(at + headerLength, at + total),
    };
    const fragment = getU16(frame, at + 6);
    const whole =
      (fragment & 0x3fff) === 0
        ? packet
        : this.reassembly.add(packet, {
            identification: getU16(frame, at + 4),
            offset: (fragment & 0x1fff) * 8,
            more: (fragment & MORE_FRAGMENTS) !== 0,
          });
    if (whole !== undefined) this.handlers.get(whole.protocol)?.(whole);
  }
}
