import { flag, listOf, optional, record, type Shaped, text } from "../state-shape.ts";
import type { Chain } from "./device.ts";

/** Addresses of each kind that are told apart; a driver with more gets every frame of that kind. */
const MOST_ADDRESSES = 64;
/** Classes and commands of the control queue (VIRTIO 1.2, section 5.1.6.5). */
const CLASS_RX = 0;
const CLASS_MAC = 1;
const MAC_TABLE_SET = 0;

const addresses = optional(listOf(text(6), 0, MOST_ADDRESSES));
export const FILTER_STATE = record({
  promiscuous: flag,
  allMulticast: flag,
  unicast: addresses,
  multicast: addresses,
});
export type FilterState = Shaped<typeof FILTER_STATE>;

/** An address as a key. */
export function macKey(bytes: Uint8Array, at = 0): string {
  return String.fromCharCode(...bytes.subarray(at, at + 6));
}

/** Which frames a driver wants: those to the card's own address and to everyone, and what it asks for. */
export class ReceiveFilter {
  // Until a driver says what it wants it gets all.
  private promiscuous = true;
  private allMulticast = false;
  /** Undefined: all of that kind. */
  private unicast: ReadonlySet<string> | undefined = new Set();
  private multicast: ReadonlySet<string> | undefined = new Set();

  wants(frame: Uint8Array, ownAddress: Uint8Array): boolean {
    if (this.promiscuous) return true;
    const address = macKey(frame);
    if ((frame[0] & 1) === 0)
      return address === macKey(ownAddress) || this.unicast === undefined || this.unicast.has(address);
    const isBroadcast = address === "\xff\xff\xff\xff\xff\xff";
    return isBroadcast || this.allMulticast || this.multicast === undefined || this.multicast.has(address);
  }

  /** Serves a command of the control queue; false where it is none of a filter's, or malformed. */
  control(type: number, command: number, chain: Chain): boolean {
    if (type === CLASS_RX && command <= 1) {
      const [on] = chain.read(2, 1);
      if (on === undefined) return false;
      if (command === 0) this.promiscuous = on !== 0;
      else this.allMulticast = on !== 0;
      return true;
    }
    if (type !== CLASS_MAC || command !== MAC_TABLE_SET) return false;
    const unicast = readTable(chain, 2);
    const multicast = unicast && readTable(chain, unicast.end);
    if (!multicast) return false;
    this.unicast = unicast.addresses;
    this.multicast = multicast.addresses;
    return true;
  }

  reset(): void {
    this.restore({ promiscuous: true, allMulticast: false, unicast: [], multicast: [] });
  }

  save(): FilterState {
    const { promiscuous, allMulticast, unicast, multicast } = this;
    return {
      promiscuous,
      allMulticast,
      unicast: unicast && [...unicast],
      multicast: multicast && [...multicast],
    };
  }

  restore(state: FilterState): void {
    this.promiscuous = state.promiscuous;
    this.allMulticast = state.allMulticast;
    this.unicast = state.unicast && new Set(state.unicast);
    this.multicast = state.multicast && new Set(state.multicast);
  }
}

/** A counted table of addresses; undefined where the chain ends before it does. */
function readTable(
  chain: Chain,
  at: number,
): { addresses: ReadonlySet<string> | undefined; end: number } | undefined {
  const head = chain.read(at, 4);
  if (head.length < 4) return undefined;
  const count = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  const end = at + 4 + count * 6;
  if (end > chain.readable) return undefined;
  if (count > MOST_ADDRESSES) return { addresses: undefined, end };
  const bytes = chain.read(at + 4, count * 6);
  const addresses = new Set<string>();
  for (let i = 0; i < bytes.length; i += 6) addresses.add(macKey(bytes, i));
  return { addresses, end };
}
