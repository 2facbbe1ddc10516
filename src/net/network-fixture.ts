import { SeededRandom } from "../random/seeded-random.ts";
import { parseIpv4 } from "./address.ts";
import { cable, type EthernetPort } from "./cable.ts";
import { Stack } from "./stack.ts";
import type { TcpConnection } from "./tcp/connection.ts";
import type { ConnectionHandler } from "./tcp/handler.ts";
import type { Timers } from "./timers.ts";

/** Time that stands still until it is moved. */
export class VirtualTime implements Timers {
  private time = 0;
  private order = 0;
  private waiting: { readonly at: number; readonly order: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.time;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.time + milliseconds, order: this.order++, callback };
    this.waiting.push(timer);
    return () => {
      this.waiting = this.waiting.filter((other) => other !== timer);
    };
  }

  get pending(): number {
    return this.waiting.length;
  }

  /** Moves on to the next timer. False: there is none. */
  step(): boolean {
    const [first, ...rest] = this.waiting;
    if (first === undefined) return false;
    const next = rest.reduce((a, b) => (b.at < a.at || (b.at === a.at && b.order < a.order) ? b : a), first);
    this.waiting = this.waiting.filter((other) => other !== next);
    this.time = Math.max(this.time, next.at);
    next.callback();
    return true;
  }

  pass(milliseconds: number): void {
    let isOver = false;
    this.after(milliseconds, () => {
      isOver = true;
    });
    while (!isOver) this.step();
  }

  /** Until `isDone`; throws after `limit` milliseconds. */
  until(isDone: () => boolean, limit = 3_600_000): void {
    const end = this.time + limit;
    while (!isDone()) if (this.time > end || !this.step()) throw new Error(`not done at ${this.time} ms`);
  }
}

export const address = (text: string): number => parseIpv4(text) ?? Number.NaN;

/** What a cable does to frames, each with a probability. */
export interface Faults {
  readonly lose: number;
  readonly duplicate: number;
  /** A frame takes up to this many milliseconds, so that others pass it. */
  readonly delay: number;
  /** A byte is changed. */
  readonly damage: number;
}

export const FAULTLESS: Faults = { lose: 0, duplicate: 0, delay: 0, damage: 0 };

/**
 * A cable on which frames take time, and IPv4 packets get lost or worse (ARP has no checksum: its frames are spared).
 * `watch` sees every frame that is sent.
 */
export function faultyCable(
  time: VirtualTime,
  random: SeededRandom,
  faults: Faults,
  watch: (frame: Uint8Array) => void = () => {},
): [EthernetPort, EthernetPort] {
  const [left, leftInner] = cable();
  const [right, rightInner] = cable();
  const chance = (probability: number) => random.u32() < probability * 2 ** 32;
  const carry = (from: EthernetPort, to: EthernetPort) => {
    const deliver = (frame: Uint8Array) =>
      void time.after(0.1 + (random.u32() / 2 ** 32) * faults.delay, () => to.send(frame));
    from.onFrame = (frame) => {
      watch(frame);
      if (frame[13] !== 0) {
        deliver(frame);
        return true;
      }
      if (chance(faults.lose)) return true;
      const sent = Uint8Array.from(frame);
      if (chance(faults.damage)) sent[random.u32() % sent.length] ^= 1 << (random.u32() % 8);
      deliver(sent);
      if (chance(faults.duplicate)) deliver(sent);
      return true;
    };
  };
  carry(leftInner, rightInner);
  carry(rightInner, leftInner);
  return [left, right];
}

/** A node of 192.168.7.0/24 whose last byte, of its address and its MAC address, is `number`. */
export function node(
  port: EthernetPort,
  timers: Timers,
  number: number,
  { largeFrames = false, seed = BigInt(number) } = {},
): Stack {
  const own = address("192.168.7.0") + number;
  const random = new SeededRandom(seed);
  return new Stack({
    port,
    timers,
    random: (into) => into.set(random.bytes(into.length)),
    mac: 0x020000000000 + number,
    addresses: [own],
    accepts: (destination) => destination === own,
    route: (destination) => destination,
    largeFrames,
  });
}

/** Writes all of `output`, ends, and reads until the end. */
export class Talker implements ConnectionHandler {
  readonly log: string[] = [];
  connection: TcpConnection | undefined;
  private readonly output: Uint8Array;
  private readonly input: Uint8Array[] = [];
  private written = 0;

  constructor(output: Uint8Array) {
    this.output = output;
  }

  get received(): Uint8Array {
    return Buffer.concat(this.input);
  }

  opened(): void {
    this.log.push("opened");
    this.writable();
  }

  readable(): void {
    const { connection } = this;
    if (connection === undefined) return;
    while (connection.readable > 0) this.input.push(connection.read(100_000));
    if (connection.isEnded && !this.log.includes("ended")) this.log.push("ended");
  }

  writable(): void {
    const { connection, output } = this;
    if (connection === undefined) return;
    this.written += connection.write(output.subarray(this.written));
    if (this.written === output.length) connection.end();
  }

  closed(reason: string): void {
    this.log.push(reason);
  }
}

/** `server` takes whoever calls. */
export function listen(server: Stack, talker: Talker): void {
  server.tcp.onRequest = (connection) => {
    talker.connection = connection;
    connection.handler = talker;
    connection.accept();
  };
}
