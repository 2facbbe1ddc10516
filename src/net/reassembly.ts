import type { Ipv4Packet } from "./ipv4.ts";
import { Ranges } from "./ranges.ts";
import type { Timers } from "./timers.ts";

const PAYLOAD_LIMIT = 65_515;
const DATAGRAM_LIMIT = 16;
const HOLE_LIMIT = 64;
const TIMEOUT_MS = 15_000;

interface Fragment {
  readonly identification: number;
  /** Bytes: a multiple of eight. */
  readonly offset: number;
  readonly more: boolean;
}

interface Datagram {
  bytes: Uint8Array;
  readonly present: Ranges;
  header: Uint8Array | undefined;
  /** Known from the last fragment on. */
  length: number | undefined;
  readonly cancel: () => void;
}

/**
 * Puts fragments together (RFC 791, section 3.2). At most 16 datagrams are under way; a datagram whose fragments overlap
 * or contradict each other is dropped whole (as RFC 5722 has it for version 6).
 */
export class Reassembly {
  private readonly timers: Timers;
  private readonly datagrams = new Map<string, Datagram>();

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /** The whole packet, when this was the fragment that it lacked. */
  add(packet: Ipv4Packet, fragment: Fragment): Ipv4Packet | undefined {
    const { source, destination, protocol, payload, header } = packet;
    const key = `${source} ${destination} ${protocol} ${fragment.identification}`;
    const datagram = this.datagrams.get(key) ?? this.begin(key);
    if (!place(datagram, payload, fragment)) {
      this.drop(key);
      return undefined;
    }
    if (fragment.offset === 0) datagram.header = Uint8Array.from(header);
    const { length, present } = datagram;
    if (length === undefined || present.first?.from !== 0 || present.first.to !== length) return undefined;
    this.drop(key);
    return {
      source,
      destination,
      protocol,
      header: datagram.header ?? header,
      payload: datagram.bytes.subarray(0, length),
    };
  }

  close(): void {
    for (const key of [...this.datagrams.keys()]) this.drop(key);
  }

  private begin(key: string): Datagram {
    for (const oldest of this.datagrams.keys()) {
      if (this.datagrams.size < DATAGRAM_LIMIT) break;
      this.drop(oldest);
    }
    const datagram: Datagram = {
      bytes: new Uint8Array(0),
      present: new Ranges(HOLE_LIMIT),
      header: undefined,
      length: undefined,
      cancel: this.timers.after(TIMEOUT_MS, () => this.drop(key)),
    };
    this.datagrams.set(key, datagram);
    return datagram;
  }

  private drop(key: string): void {
    this.datagrams.get(key)?.cancel();
    this.datagrams.delete(key);
  }
}

/** False where the fragment cannot be part of the datagram. */
function place(datagram: Datagram, payload: Uint8Array, { offset, more }: Fragment): boolean {
  const end = offset + payload.length;
  if (payload.length === 0 || end > PAYLOAD_LIMIT || (more && payload.length % 8 !== 0)) return false;
  if (datagram.length !== undefined && (!more || end > datagram.length)) return false;
  if (!more && datagram.bytes.length > end) return false;
  const range = { from: offset, to: end };
  if (datagram.present.overlaps(range) || !datagram.present.add(range)) return false;
  if (!more) datagram.length = end;
  if (end > datagram.bytes.length) {
    const bytes = new Uint8Array(end);
    bytes.set(datagram.bytes);
    datagram.bytes = bytes;
  }
  datagram.bytes.set(payload, offset);
  return true;
}
