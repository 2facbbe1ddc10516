import { type Ipv4Address, isUnicast } from "./address.ts";
import { getU16, putU16 } from "./bytes.ts";
import { checksum } from "./checksum.ts";
import { type Ipv4, type Ipv4Packet, newPacket, PACKET_HEADERS, Protocol } from "./ipv4.ts";

const HEADER = 8;
const Type = { echoReply: 0, unreachable: 3, echo: 8 } as const;
/** What of a packet an error quotes, without its header: enough for TCP's and UDP's ports (RFC 792). */
const QUOTED = 8;

/** Codes of "destination unreachable" (RFC 792, RFC 1812). */
export const Unreachable = { host: 1, port: 3, prohibited: 13 } as const;

/** The Internet Control Message Protocol (RFC 792): answers echo requests and reports what cannot be reached. */
export class Icmp {
  private readonly ip: Ipv4;
  private readonly isOwn: (address: Ipv4Address) => boolean;

  /**
   * An echo request to an address that is not ours (a gateway gets those too) is answered with "communication
   * administratively prohibited": whether there is somebody is not known here.
   */
  constructor(ip: Ipv4, isOwn: (address: Ipv4Address) => boolean) {
    this.ip = ip;
    this.isOwn = isOwn;
    ip.handle(Protocol.icmp, (packet) => this.receive(packet));
  }

  /** Tells the sender of `packet` that it will not arrive. Errors about errors and about broadcasts are never sent. */
  unreachable(packet: Ipv4Packet, code: number): void {
    const { source, destination, header, payload } = packet;
    if (!isUnicast(source) || !isUnicast(destination)) return;
    if (packet.protocol === Protocol.icmp && payload[0] !== Type.echo) return;
    const quoted = payload.subarray(0, QUOTED);
    const frame = newPacket(HEADER + header.length + quoted.length);
    frame[PACKET_HEADERS] = Type.unreachable;
    frame[PACKET_HEADERS + 1] = code;
    frame.set(header, PACKET_HEADERS + HEADER);
    frame.set(quoted, PACKET_HEADERS + HEADER + header.length);
    this.send(frame, destination, source);
  }

  private receive(packet: Ipv4Packet): void {
    const { source, destination, payload } = packet;
    if (payload.length < HEADER || checksum(payload, 0, payload.length) !== 0) return;
    if (getU16(payload, 0) !== Type.echo << 8) return;
    if (!this.isOwn(destination)) {
      this.unreachable(packet, Unreachable.prohibited);
      return;
    }
    const frame = newPacket(payload.length);
    frame.set(payload, PACKET_HEADERS);
    frame[PACKET_HEADERS] = Type.echoReply;
    this.send(frame, destination, source);
  }

  private send(frame: Uint8Array, source: Ipv4Address, destination: Ipv4Address): void {
    const at = PACKET_HEADERS;
    putU16(frame, at + 2, 0);
    putU16(frame, at + 2, checksum(frame, at, frame.length - at));
    this.ip.send(frame, source, destination, Protocol.icmp, true);
  }
}
