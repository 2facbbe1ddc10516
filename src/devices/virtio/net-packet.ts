import { bytes, record, type Shaped, u8, u16 } from "../state-shape.ts";
import {
  canBeCut,
  completeChecksum,
  isChecksumRight,
  segmentSize,
  segments,
  transportOf,
  withPartialChecksum,
} from "./net-frame.ts";

/** `flags` and `gso_type` of the header before each packet (VIRTIO 1.2, section 5.1.6). */
const NEEDS_CSUM = 1;
const DATA_VALID = 2;
const GSO_NONE = 0;
const GSO_TCPV4 = 1;
const GSO_ECN = 0x80;

const ETHERNET_HEADER = 14;
const VLAN_TAG = 4;
const LONGEST_FRAME = 65550;
/** A frame is cut into no more than this: each carries a byte of it. */
export const MOST_PACKETS = LONGEST_FRAME;

/** What driver and card may leave to each other. */
export interface Offloads {
  /** Bytes in an IP packet that is not to be cut. */
  readonly mtu: number;
  /** Large TCP packets. */
  readonly large: boolean;
  /** The receiver takes a note about the checksum for it, or completes it. */
  readonly checksum: boolean;
}

export const PACKET_STATE = record({
  frame: bytes(ETHERNET_HEADER, LONGEST_FRAME),
  flags: u8,
  gsoType: u8,
  headerLength: u16,
  gsoSize: u16,
  checksumStart: u16,
  checksumOffset: u16,
});
/** A packet for the driver, with the fields of its header. */
export type Packet = Shaped<typeof PACKET_STATE>;

/** A frame as the driver gets it: in one packet or several, or in none where it can take it in no form. */
export function packetsFor(frame: Uint8Array, { mtu, large, checksum }: Offloads): Packet[] {
  const transport = transportOf(frame);
  if (frame.length <= ETHERNET_HEADER + VLAN_TAG + mtu) {
    const isValid = checksum && transport && isChecksumRight(frame, transport);
    return [plain(frame, isValid ? DATA_VALID : 0)];
  }
  if (!transport || !canBeCut(frame, transport) || !isChecksumRight(frame, transport)) return [];
  const size = segmentSize(transport, mtu);
  if (size <= 0) return [];
  if (!large || !checksum) {
    const flags = checksum ? DATA_VALID : 0;
    return segments(frame, transport, size).map((segment) => plain(segment, flags));
  }
  return [
    {
      frame: withPartialChecksum(frame, transport),
      flags: NEEDS_CSUM,
      gsoType: GSO_TCPV4,
      headerLength: transport.payload,
      gsoSize: size,
      checksumStart: transport.header,
      checksumOffset: transport.checksumOffset,
    },
  ];
}

function plain(frame: Uint8Array, flags: number): Packet {
  return {
    frame,
    flags,
    gsoType: GSO_NONE,
    headerLength: 0,
    gsoSize: 0,
    checksumStart: 0,
    checksumOffset: 0,
  };
}

/** The header of a packet that lies in `buffers` chains: 10 bytes, or 12 with their number. */
export function headerOf(packet: Packet, size: number, buffers: number): Uint8Array {
  const header = new Uint8Array(size);
  const view = new DataView(header.buffer);
  header[0] = packet.flags;
  header[1] = packet.gsoType;
  view.setUint16(2, packet.headerLength, true);
  view.setUint16(4, packet.gsoSize, true);
  view.setUint16(6, packet.checksumStart, true);
  view.setUint16(8, packet.checksumOffset, true);
  if (size === 12) view.setUint16(10, buffers, true);
  return header;
}

/** Completes a frame of the driver's as its header says. False where header or size are wrong. */
export function complete(header: Uint8Array, frame: Uint8Array, { mtu, large }: Offloads): boolean {
  const view = new DataView(header.buffer, header.byteOffset);
  const gsoType = header[1] & ~GSO_ECN;
  const isLarge = gsoType === GSO_TCPV4 && large;
  if (gsoType !== GSO_NONE && !isLarge) return false;
  const longest = isLarge ? LONGEST_FRAME : ETHERNET_HEADER + VLAN_TAG + mtu;
  if (frame.length < ETHERNET_HEADER || frame.length > longest) return false;
  if ((header[0] & NEEDS_CSUM) === 0) return true;
  return completeChecksum(frame, view.getUint16(6, true), view.getUint16(8, true));
}
