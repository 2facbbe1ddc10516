import type { Timers } from "../timers.ts";
import { Alarm } from "./alarm.ts";
import type { BufferBudget } from "./allowance.ts";
import { Congestion } from "./congestion.ts";
import { RoundTrip } from "./round-trip.ts";
import { Flag, type Segment } from "./segment.ts";
import { SendQueue } from "./send-queue.ts";
import { distance, later, plus } from "./sequence.ts";

/** Retransmissions without an answer after which the peer is given up: more than RFC 9293's 100 seconds. */
const MOST_TRIES = 12;

/** What the sender has of its connection. */
export interface SenderLink {
  readonly timers: Timers;
  /** Whether a segment can leave now; where not, `output` is called when it can. */
  canSend(): boolean;
  /** Sends a segment of bytes of the queue, with ACK besides `flags`. */
  transmit(sequence: number, flags: number, length: number, offset: number): void;
  /** The peer does not answer. */
  giveUp(): void;
}

/** The sending half of a connection (RFC 9293, section 3.3.1: SND.UNA, SND.NXT, SND.WND and so on). */
export class Sender {
  readonly queue: SendQueue;
  /** Small segments leave while others are under way: Nagle's algorithm is off. */
  noDelay = false;
  private readonly link: SenderLink;
  private readonly roundTrip = new RoundTrip();
  private readonly alarm: Alarm;
  private readonly initial: number;
  private unacknowledged: number;
  private next: number;
  /** The end of everything that was ever sent: `next` goes back for retransmissions. */
  private sent: number;
  private finSequence: number | undefined;
  private window = 0;
  private largestWindow = 0;
  private windowScale = 0;
  private windowSequence: number | undefined;
  private windowAcknowledgment = 0;
  private segmentSize = 536;
  private segmentLimit = 536;
  private congestion = new Congestion(536);
  private tries = 0;

  /** `initial`: the sequence number of the SYN. */
  constructor(link: SenderLink, initial: number, budget: BufferBudget) {
    this.link = link;
    this.initial = initial;
    this.unacknowledged = initial;
    this.next = initial;
    this.sent = initial;
    this.queue = new SendQueue(budget);
    this.alarm = new Alarm(link.timers, () => this.timedOut());
  }

  get nextSequence(): number {
    return this.next;
  }

  /** The peer has everything, the FIN included. */
  get isFinished(): boolean {
    return this.finSequence !== undefined && distance(this.finSequence, this.unacknowledged) > 0;
  }

  /** The peer has our SYN. */
  get isOpen(): boolean {
    return this.unacknowledged !== this.initial;
  }

  /** The peer's segments are of `size` bytes; as many at once as fit into `limit` are sent as one. */
  setSegmentSize(size: number, limit: number): void {
    this.segmentSize = size;
    this.segmentLimit = Math.max(size, limit - (limit % size));
    this.congestion = new Congestion(size);
  }

  setWindowScale(scale: number): void {
    this.windowScale = scale;
  }

  /** Whether `acknowledgment` is of something that was sent, and lies not too far back to be believed (RFC 5961). */
  isPlausible(acknowledgment: number): boolean {
    const behind = distance(acknowledgment, this.unacknowledged);
    return behind <= this.largestWindow && distance(acknowledgment, this.sent) >= 0;
  }

  /** Sends the SYN, first or again. */
  sendSyn(): void {
    if (this.link.canSend()) this.link.transmit(this.initial, Flag.syn, 0, 0);
    this.next = plus(this.initial, 1);
    if (this.sent === this.initial) this.roundTrip.sent(this.next, this.link.timers.now());
    this.sent = later(this.sent, this.next);
    if (!this.alarm.isSet) this.alarm.set(this.roundTrip.timeout);
  }

  /** After what is in the queue nothing will follow. */
  finish(): void {
    this.finSequence ??= plus(this.base, this.queue.length);
  }

  /** Takes a plausible acknowledgment and window in. Returns the number of bytes that left the queue. */
  acknowledge(segment: Segment): number {
    const { acknowledgment } = segment;
    const ahead = distance(this.unacknowledged, acknowledgment);
    if (ahead < 0) return 0;
    this.tries = 0;
    const inFlight = distance(this.unacknowledged, this.next);
    const isDuplicate =
      ahead === 0 &&
      this.isOutstanding &&
      segment.data.length === 0 &&
      (segment.flags & (Flag.syn | Flag.fin)) === 0 &&
      this.scaled(segment) === this.window;
    const bytes = ahead > 0 ? this.advance(acknowledgment) : 0;
    this.takeWindow(segment);
    let advice = "go-on";
    if (ahead > 0)
      advice = this.congestion.acknowledged(acknowledgment, ahead, distance(acknowledgment, this.next));
    else if (isDuplicate) advice = this.congestion.duplicate(acknowledgment, this.sent, inFlight);
    if (advice === "retransmit" && this.isOutstanding) this.retransmitFirst();
    return bytes;
  }

  /** Sends all that may be sent now. False where that was nothing. */
  output(): boolean {
    if (!this.isOpen) return false;
    let any = false;
    while (this.sendNext(false)) any = true;
    // Either the window is closed or too small: it is asked for, in case the news of its opening is lost.
    if (!this.alarm.isSet && this.isPending) this.alarm.set(this.roundTrip.timeout);
    return any;
  }

  close(): void {
    this.alarm.close();
    this.queue.release();
  }

  /** The sequence number of the queue's first byte. */
  private get base(): number {
    return this.isOpen ? this.unacknowledged : plus(this.initial, 1);
  }

  private get isOutstanding(): boolean {
    return distance(this.unacknowledged, this.sent) > 0;
  }

  /** Something was never sent. */
  private get isPending(): boolean {
    return !this.isFinished && distance(this.next, this.end) > 0;
  }

  private get end(): number {
    return this.finSequence === undefined ? plus(this.base, this.queue.length) : plus(this.finSequence, 1);
  }

  private scaled(segment: Segment): number {
    const isSyn = (segment.flags & Flag.syn) !== 0;
    return isSyn ? segment.window : segment.window << this.windowScale;
  }

  private advance(acknowledgment: number): number {
    const { base, finSequence } = this;
    const withFin = finSequence !== undefined && distance(finSequence, acknowledgment) > 0;
    const bytes = distance(base, acknowledgment) - (withFin ? 1 : 0);
    this.unacknowledged = acknowledgment;
    this.next = later(this.next, acknowledgment);
    this.queue.acknowledge(bytes);
    this.roundTrip.acknowledged(acknowledgment, this.link.timers.now());
    if (this.isOutstanding) this.alarm.set(this.roundTrip.timeout);
    else this.alarm.clear();
    return bytes;
  }

  /** The newest segment's window counts (section 3.10.7.4). */
  private takeWindow(segment: Segment): void {
    const { sequence, acknowledgment } = segment;
    if (this.windowSequence !== undefined) {
      const newer = distance(this.windowSequence, sequence);
      if (newer < 0 || (newer === 0 && distance(this.windowAcknowledgment, acknowledgment) < 0)) return;
    }
    this.window = this.scaled(segment);
    this.largestWindow = Math.max(this.largestWindow, this.window);
    this.windowSequence = sequence;
    this.windowAcknowledgment = acknowledgment;
  }

  /** `forced`: even where it is a silly little. */
  private sendNext(forced: boolean): boolean {
    if (!this.isPending) return false;
    const { next } = this;
    const offset = distance(this.base, next);
    const unsent = this.queue.length - offset;
    const usable = Math.min(this.window, this.congestion.window) - distance(this.unacknowledged, next);
    let length = Math.max(0, Math.min(unsent, this.segmentLimit, usable));
    if (length < unsent && length > this.segmentSize) length -= length % this.segmentSize;
    const fin = plus(next, length) === this.finSequence && usable > length;
    if (length === 0 && !fin) return false;
    if (!forced && !fin && !this.isWorthwhile(length, unsent)) return false;
    if (!this.link.canSend()) return false;
    this.transmit(next, length, offset, fin);
    this.next = plus(next, length + (fin ? 1 : 0));
    if (distance(this.sent, this.next) > 0) {
      if (next === this.sent) this.roundTrip.sent(this.next, this.link.timers.now());
      this.sent = this.next;
    }
    return true;
  }

  /** Avoids the silly window syndrome (section 3.8.6.2.1) and, unless `noDelay`, waits as Nagle has it. */
  private isWorthwhile(length: number, unsent: number): boolean {
    if (length >= this.segmentSize || this.next !== this.sent) return true;
    if (length === unsent) return this.noDelay || this.next === this.unacknowledged;
    return length * 2 >= this.largestWindow;
  }

  private retransmitFirst(): void {
    if (!this.link.canSend()) return;
    const { base } = this;
    const length = Math.min(this.queue.length, this.segmentLimit, distance(base, this.sent));
    const fin = plus(base, length) === this.finSequence && distance(this.finSequence, this.sent) > 0;
    this.roundTrip.forget();
    this.transmit(base, length, 0, fin);
  }

  private transmit(sequence: number, length: number, offset: number, fin: boolean): void {
    const isLast = offset + length === this.queue.length;
    const flags = (fin ? Flag.fin : 0) | (isLast && length > 0 ? Flag.psh : 0);
    this.link.transmit(sequence, flags, length, offset);
    if (!this.alarm.isSet) this.alarm.set(this.roundTrip.timeout);
  }

  private timedOut(): void {
    if (this.tries === MOST_TRIES) {
      this.link.giveUp();
      return;
    }
    // What cannot even leave says nothing about the peer.
    if (this.link.canSend()) this.tries++;
    this.roundTrip.timedOut();
    this.alarm.set(this.roundTrip.timeout);
    if (!this.isOpen) this.sendSyn();
    else if (this.window === 0) this.probe();
    else {
      if (this.isOutstanding) {
        this.congestion.timedOut(this.sent, distance(this.unacknowledged, this.next));
        this.next = this.unacknowledged;
      }
      this.sendNext(true);
    }
  }

  /** A segment that the peer must answer with its window, because it has it already (section 3.8.6.1). */
  private probe(): void {
    if (this.link.canSend()) this.link.transmit(plus(this.unacknowledged, -1), 0, 0, 0);
  }
}
