import type { Ipv4Address } from "./address.ts";
import { getU16, getU32, putU16, putU32 } from "./bytes.ts";
import {
  BROADCAST_MAC,
  ETHERNET_HEADER,
  type Ethernet,
  EtherType,
  getMac,
  isGroup,
  type MacAddress,
  newFrame,
  putMac,
} from "./ethernet.ts";
import type { Timers } from "./timers.ts";

const LENGTH = 28;
/** Hardware Ethernet, protocol IPv4, addresses of 6 and 4 bytes. */
const KIND = Uint8Array.of(0, 1, 8, 0, 6, 4);
const Operation = { request: 1, reply: 2 } as const;

const KNOWN_LIMIT = 64;
const ASKED_LIMIT = 16;
const WAITING_LIMIT = 8;
const TRIES = 3;
const TRY_MS = 1000;

interface Question {
  readonly frames: Uint8Array[];
  tries: number;
  cancel: () => void;
}

/** Which MAC address has an IPv4 address (RFC 826). What is known stays until it is contradicted or pushed out. */
export class Arp {
  /** Called when nobody has an address that was asked for. */
  onUnreachable: (address: Ipv4Address) => void = () => {};
  private readonly link: Ethernet;
  private readonly timers: Timers;
  private readonly own: readonly Ipv4Address[];
  private readonly known = new Map<Ipv4Address, MacAddress>();
  private readonly asked = new Map<Ipv4Address, Question>();

  /** `own`: the addresses that are answered for; the first one asks. */
  constructor(link: Ethernet, timers: Timers, own: readonly Ipv4Address[]) {
    this.link = link;
    this.timers = timers;
    this.own = own;
    link.handle(EtherType.arp, (frame) => this.receive(frame));
  }

  /** Sends an IPv4 frame to a neighbour, as soon as it is known where that is. */
  send(frame: Uint8Array, neighbour: Ipv4Address): void {
    const mac = this.known.get(neighbour);
    if (mac !== undefined) {
      this.link.send(frame, mac, EtherType.ipv4);
      return;
    }
    let question = this.asked.get(neighbour);
    if (question === undefined) {
      if (this.asked.size >= ASKED_LIMIT) return;
      question = { frames: [], tries: 0, cancel: () => {} };
      question.frames.push(frame);
      this.asked.set(neighbour, question);
      // The answer may come before this returns.
      this.ask(neighbour, question);
    } else if (question.frames.length < WAITING_LIMIT) question.frames.push(frame);
  }

  close(): void {
    for (const question of this.asked.values()) question.cancel();
    this.asked.clear();
  }

  private ask(address: Ipv4Address, question: Question): void {
    if (question.tries === TRIES) {
      this.asked.delete(address);
      this.onUnreachable(address);
      return;
    }
    question.tries++;
    question.cancel = this.timers.after(TRY_MS, () => this.ask(address, question));
    this.transmit(Operation.request, this.own[0], BROADCAST_MAC, 0, address);
  }

  private receive(frame: Uint8Array): void {
    const at = ETHERNET_HEADER;
    if (frame.length < at + LENGTH || KIND.some((byte, i) => frame[at + i] !== byte)) return;
    const mac = getMac(frame, at + 8);
    const address = getU32(frame, at + 14);
    const target = getU32(frame, at + 24);
    // An address of all zeros only asks whether somebody has the target (RFC 5227).
    if (address !== 0 && !this.own.includes(address)) this.learn(address, mac, this.own.includes(target));
    if (getU16(frame, at + 6) === Operation.request && this.own.includes(target))
      this.transmit(Operation.reply, target, mac, mac, address);
  }

  private learn(address: Ipv4Address, mac: MacAddress, isForUs: boolean): void {
    if (isGroup(mac) || (!isForUs && !this.known.has(address))) return;
    this.known.delete(address);
    this.known.set(address, mac);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= KNOWN_LIMIT) break;
      this.known.delete(oldest);
    }
    const question = this.asked.get(address);
    if (question === undefined) return;
    question.cancel();
    this.asked.delete(address);
    for (const frame of question.frames) this.link.send(frame, mac, EtherType.ipv4);
  }

  private transmit(
    operation: number,
    source: Ipv4Address,
    destination: MacAddress,
    targetMac: MacAddress,
    target: Ipv4Address,
  ): void {
    const frame = newFrame(LENGTH);
    const at = ETHERNET_HEADER;
    frame.set(KIND, at);
    putU16(frame, at + 6, operation);
    putMac(frame, at + 8, this.link.mac);
    putU32(frame, at + 14, source);
    putMac(frame, at + 18, targetMac);
    putU32(frame, at + 24, target);
    this.link.send(frame, destination, EtherType.arp);
  }
}
