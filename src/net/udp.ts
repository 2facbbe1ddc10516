import type { Endpoint } from "./address.ts";
import { getU16, putU16 } from "./bytes.ts";
import { checksum, pseudoHeaderSum } from "./checksum.ts";
import { type Ipv4, type Ipv4Packet, newPacket, PACKET_HEADERS, Protocol } from "./ipv4.ts";

const HEADER = 8;
/** The most bytes that fit into a datagram. */
export const UDP_LIMIT = 65_507;

export interface Datagram {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly bytes: Uint8Array;
  /** What it came in. */
  readonly packet: Ipv4Packet;
}

/** The User Datagram Protocol (RFC 768). Who listens at which port is the business of `onDatagram`. */
export class Udp {
  onDatagram: (datagram: Datagram) => void = () => {};
  private readonly ip: Ipv4;

  constructor(ip: Ipv4) {
    this.ip = ip;
    ip.handle(Protocol.udp, (packet) => this.receive(packet));
  }

  /** Bytes over `UDP_LIMIT` are not sent. */
  send(source: Endpoint, destination: Endpoint, bytes: Uint8Array): void {
    if (bytes.length > UDP_LIMIT) return;
    const length = HEADER + bytes.length;
    const frame = newPacket(length);
    const at = PACKET_HEADERS;
    putU16(frame, at, source.port);
    putU16(frame, at + 2, destination.port);
    putU16(frame, at + 4, length);
    frame.set(bytes, at + HEADER);
    const pseudo = pseudoHeaderSum(source.address, destination.address, Protocol.udp, length);
    // Zero would say that there is no checksum.
    putU16(frame, at + 6, checksum(frame, at, length, pseudo) || 0xffff);
    this.ip.send(frame, source.address, destination.address, Protocol.udp, true);
  }

  private receive(packet: Ipv4Packet): void {
    const { payload } = packet;
    if (payload.length < HEADER) return;
    const length = getU16(payload, 4);
    if (length < HEADER || length > payload.length) return;
    const pseudo = pseudoHeaderSum(packet.source, packet.destination, Protocol.udp, length);
    if (getU16(payload, 6) !== 0 && checksum(payload, 0, length, pseudo) !== 0) return;
    this.onDatagram({
      source: { address: packet.source, port: getU16(payload, 0) },
      destination: { address: packet.destination, port: getU16(payload, 2) },
      bytes: payload.subarray(HEADER, length),
      packet,
    });
  }
}
