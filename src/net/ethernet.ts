import { getU16, getU32, putU16, putU32 } from "./bytes.ts";
import type { EthernetPort } from "./cable.ts";

/** A MAC address as a number of 48 bits: `52:55:0a:00:02:02` is 0x52550a000202. */
export type MacAddress = number;

export const BROADCAST_MAC: MacAddress = 0xffff_ffff_ffff;
export const EtherType = { ipv4: 0x0800, arp: 0x0806 } as const;
export const ETHERNET_HEADER = 14;

/** Frames that wait for room at the other end, or for us to finish what we are at. */
const QUEUE_LIMIT = 64;

export const getMac = (bytes: Uint8Array, at: number): MacAddress =>
  getU16(bytes, at) * 0x1_0000_0000 + getU32(bytes, at + 2);

export function putMac(bytes: Uint8Array, at: number, mac: MacAddress): void {
  putU16(bytes, at, Math.floor(mac / 0x1_0000_0000));
  putU32(bytes, at + 2, mac % 0x1_0000_0000);
}

/** The address is that of many cards: nobody's own. */
export const isGroup = (mac: MacAddress): boolean => Math.floor(mac / 2 ** 40) % 2 === 1;

/**
 * An empty frame for `length` bytes of payload, which begin at `ETHERNET_HEADER`: at a multiple of four in memory, so
 * that checksums are quick.
 */
export function newFrame(length: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(2 + ETHERNET_HEADER + length), 2);
}

/**
 * A network card: an end of a cable, the address that it has there, and who gets the frames for it. One thing at a time:
 * a frame that arrives while the layers above are at work waits until they are done, so that none of them is entered
 * twice, however short the cable.
 */
export class Ethernet {
  readonly mac: MacAddress;
  /** Called when there is room again after `hasRoom` was false. */
  onRoom: () => void = () => {};
  private readonly port: EthernetPort;
  private readonly handlers = new Map<number, (frame: Uint8Array) => void>();
  private readonly arriving: Uint8Array[] = [];
  private readonly leaving: Uint8Array[] = [];
  private isBusy = false;
  private refused = false;

  constructor(port: EthernetPort, mac: MacAddress) {
    this.port = port;
    this.mac = mac;
    port.onFrame = (frame) => this.arrive(frame);
    port.onRoom = () => this.run(() => this.flush());
  }

  /** `handler` gets the frames of a type, from the destination address on and at least a header long. */
  handle(type: number, handler: (frame: Uint8Array) => void): void {
    this.handlers.set(type, handler);
  }

  /** The other end takes frames now. Frames sent when it does not wait, and are lost when too many do. */
  get hasRoom(): boolean {
    return this.leaving.length === 0;
  }

  /** Fills in the header of a frame made by `newFrame` and sends it. */
  send(frame: Uint8Array, destination: MacAddress, type: number): void {
    putMac(frame, 0, destination);
    putMac(frame, 6, this.mac);
    putU16(frame, 12, type);
    if (this.hasRoom && this.port.send(frame)) return;
    if (this.leaving.length < QUEUE_LIMIT) this.leaving.push(frame);
  }

  /** Does something that may send, undisturbed by what arrives meanwhile. May be nested. */
  run(action: () => void): void {
    if (this.isBusy) {
      action();
      return;
    }
    this.isBusy = true;
    try {
      action();
      for (let frame = this.arriving.shift(); frame !== undefined; frame = this.arriving.shift())
        this.dispatch(frame);
    } finally {
      this.isBusy = false;
    }
    if (this.refused) {
      this.refused = false;
      this.port.hasRoom();
    }
  }

  /** Takes the card off the cable: what arrives is lost. */
  close(): void {
    this.handlers.clear();
    this.leaving.length = 0;
    this.onRoom = () => {};
    this.port.onFrame = () => true;
    this.port.onRoom = () => {};
  }

  private arrive(frame: Uint8Array): boolean {
    if (!this.isBusy) {
      this.run(() => this.dispatch(frame));
      return true;
    }
    if (this.arriving.length >= QUEUE_LIMIT) {
      this.refused = true;
      return false;
    }
    this.arriving.push(frame);
    return true;
  }

  private dispatch(frame: Uint8Array): void {
    if (frame.length < ETHERNET_HEADER) return;
    const destination = getMac(frame, 0);
    if (destination === this.mac || destination === BROADCAST_MAC)
      this.handlers.get(getU16(frame, 12))?.(frame);
  }

  private flush(): void {
    while (this.leaving.length > 0) {
      if (!this.port.send(this.leaving[0])) return;
      this.leaving.shift();
    }
    this.onRoom();
  }
}
