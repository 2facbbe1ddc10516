import type { Endpoint } from "../address.ts";
import { Alarm } from "./alarm.ts";
import type { CloseReason, ConnectionHandler, TcpState } from "./handler.ts";
import type { ConnectionNode } from "./node.ts";
import { Receiver, WINDOW_SCALE } from "./receiver.ts";
import { Flag, makeSegment, type Segment } from "./segment.ts";
import { Sender } from "./sender.ts";
import { distance } from "./sequence.ts";

const DELAYED_ACK_MS = 40;
/** Twice the longest life of a segment (RFC 9293, section 3.4.2), as short as Linux has it. */
const TIME_WAIT_MS = 60_000;
/** What a peer takes that names no segment size (section 3.7.1). */
const DEFAULT_SEGMENT_SIZE = 536;
const LEAST_SEGMENT_SIZE = 64;

/** A TCP connection (RFC 9293). */
export class TcpConnection {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  state: TcpState;
  /** When the peer was last heard of. */
  heardAt: number;
  handler: ConnectionHandler | undefined;
  private readonly node: ConnectionNode;
  private readonly sender: Sender;
  private readonly receiver: Receiver;
  private readonly ackAlarm: Alarm;
  private readonly endAlarm: Alarm;
  private readonly readAlarm: Alarm;
  private ackNow = false;
  private writerWaits = false;
  private peerSequence = 0;
  private isScaled = true;

  /** `initial`: our first sequence number, which nobody can guess (RFC 6528). */
  constructor(node: ConnectionNode, local: Endpoint, remote: Endpoint, initial: number) {
    this.node = node;
    this.local = local;
    this.remote = remote;
    this.state = "closed";
    this.heardAt = node.timers.now();
    this.receiver = new Receiver(node.segmentSize, node.budget);
    this.ackAlarm = new Alarm(node.timers, () => this.acknowledge());
    this.endAlarm = new Alarm(node.timers, () => this.finish("done"));
    this.readAlarm = new Alarm(node.timers, () => this.finishIfDone());
    this.sender = new Sender(
      {
        timers: node.timers,
        canSend: () => this.canSend(),
        transmit: (sequence, flags, length, offset) => this.transmit(sequence, flags, length, offset),
        giveUp: () => this.finish("timeout"),
      },
      initial,
      node.budget,
    );
  }

  /** Calls the peer. */
  open(): void {
    this.state = "syn-sent";
    this.node.run(() => this.sender.sendSyn());
  }

  /** The peer calls: `accept` or `abort` is the answer. */
  request(syn: Segment): void {
    this.state = "requested";
    this.takeSyn(syn);
  }

  accept(): void {
    if (this.state !== "requested") return;
    this.state = "syn-received";
    this.node.run(() => this.sender.sendSyn());
  }

  set noDelay(value: boolean) {
    this.sender.noDelay = value;
  }

  /** Bytes that `read` would give. */
  get readable(): number {
    return this.receiver.queue.length;
  }

  /** Everything was read, and the peer sends no more. */
  get isEnded(): boolean {
    return this.receiver.isFinished && this.readable === 0;
  }

  read(most: number): Uint8Array {
    const bytes = this.receiver.queue.read(most);
    this.node.run(() => {
      if (this.isReceiving && this.receiver.isUpdateDue) this.acknowledge();
      // Not now: the user hears that it has all only once it has.
      if (this.isEnded) this.readAlarm.set(0);
    });
    return bytes;
  }

  /** Takes as many of the bytes as there is room for, and returns how many. Fewer than all: `writable` follows. */
  write(bytes: Uint8Array): number {
    if (!this.isWritable) return 0;
    const taken = this.sender.queue.write(bytes);
    this.writerWaits = taken < bytes.length;
    this.node.run(() => this.sender.output());
    return taken;
  }

  /** Sends no more after what was written. */
  end(): void {
    if (!this.isWritable) return;
    if (this.state === "established") this.state = "fin-wait-1";
    else if (this.state === "close-wait") this.state = "last-ack";
    this.sender.finish();
    this.node.run(() => this.sender.output());
  }

  /** Ends both directions at once, with a reset. */
  abort(): void {
    const { state } = this;
    if (state === "closed") return;
    this.node.run(() => {
      if (state !== "syn-sent" && state !== "time-wait")
        this.emit(this.sender.nextSequence, Flag.rst | Flag.ack);
      this.drop();
    });
  }

  /** Forgets the connection, and tells nobody. */
  drop(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.ackAlarm.close();
    this.endAlarm.close();
    this.readAlarm.close();
    this.sender.close();
    this.receiver.close();
    this.node.remove(this);
  }

  /** Forgets the connection, and tells its user why. */
  finish(reason: CloseReason): void {
    if (this.state === "closed") return;
    if (reason === "done" && this.readable > 0) {
      this.endAlarm.set(TIME_WAIT_MS);
      return;
    }
    const { handler } = this;
    this.drop();
    // Set aside in TIME-WAIT: its user was told when that began.
    handler?.closed(reason);
  }

  /** It only waits out its end, and `sequence` begins a new one between the same ports. */
  isSpentFor(sequence: number): boolean {
    return this.state === "time-wait" && this.readable === 0 && distance(this.receiver.next, sequence) > 0;
  }

  /** There is room for segments again. */
  sendAgain(): void {
    if (this.state === "closed") return;
    if (!this.sender.output() && this.ackNow) this.acknowledge();
  }

  /** A segment of this connection arrives (section 3.10.7). */
  receive(segment: Segment): void {
    if (this.state === "requested") this.receiveRequested(segment);
    else if (this.state === "syn-sent") this.receiveSynSent(segment);
    else this.receiveOpen(segment);
  }

  private get isWritable(): boolean {
    const { state } = this;
    return state === "established" || state === "close-wait";
  }

  /** The peer may still send. */
  private get isReceiving(): boolean {
    const { state } = this;
    return state === "established" || state === "fin-wait-1" || state === "fin-wait-2";
  }

  private receiveRequested({ flags, sequence }: Segment): void {
    if ((flags & Flag.rst) !== 0 && sequence === this.receiver.next) this.finish("reset");
  }

  private receiveSynSent(segment: Segment): void {
    const { flags, acknowledgment } = segment;
    const isAcknowledged = (flags & Flag.ack) !== 0;
    if (isAcknowledged && acknowledgment !== this.sender.nextSequence) {
      this.node.reset(segment);
      return;
    }
    if ((flags & Flag.rst) !== 0) {
      if (isAcknowledged) this.finish("refused");
      return;
    }
    if ((flags & Flag.syn) === 0) return;
    this.takeSyn(segment);
    if (!isAcknowledged) {
      // Both sides called at once (section 3.5, figure 8).
      this.state = "syn-received";
      this.sender.sendSyn();
      return;
    }
    this.state = "established";
    this.sender.acknowledge(segment);
    this.ackNow = true;
    this.handler?.opened();
    this.answer();
  }

  private takeSyn(segment: Segment): void {
    const { node } = this;
    this.peerSequence = segment.sequence;
    this.receiver.start(segment.sequence);
    const asked = Math.max(LEAST_SEGMENT_SIZE, segment.segmentSize ?? DEFAULT_SEGMENT_SIZE);
    this.sender.setSegmentSize(Math.min(asked, node.segmentSize), node.segmentLimit);
    this.isScaled = segment.windowScale !== undefined;
    if (segment.windowScale === undefined) return;
    this.sender.setWindowScale(segment.windowScale);
    this.receiver.useScale();
  }

  private receiveOpen(segment: Segment): void {
    const { flags, sequence } = segment;
    if (!this.isInOrder(segment)) return;
    if ((flags & Flag.ack) === 0) return;
    if (this.state === "syn-received" && !this.receiveHandshake(segment)) return;
    if (!this.sender.isPlausible(segment.acknowledgment)) {
      this.acknowledge();
      return;
    }
    this.heardAt = this.node.timers.now();
    const gone = this.sender.acknowledge(segment);
    this.advanceState();
    if (this.state === "closed") return;
    if (this.state === "time-wait" && (flags & Flag.fin) !== 0) this.acknowledge();
    if (gone > 0 && this.writerWaits && this.sender.queue.hasMuchRoom) {
      this.writerWaits = false;
      this.handler?.writable();
    }
    const occupies = segment.data.length > 0 || (flags & Flag.fin) !== 0;
    if (occupies && this.isReceiving) this.receiveData(segment, distance(this.receiver.next, sequence) > 0);
    if (this.isOpen) this.answer();
  }

  private get isOpen(): boolean {
    return this.state !== "closed";
  }

  /** Checks the sequence number, RST and SYN, and answers what is wrong (RFC 9293 with RFC 5961). */
  private isInOrder(segment: Segment): boolean {
    const { flags, sequence } = segment;
    if ((flags & Flag.rst) !== 0) {
      if (sequence === this.receiver.next) this.finish("reset");
      else if (this.receiver.accepts(segment)) this.acknowledge();
      return false;
    }
    const isFirstAgain =
      this.state === "syn-received" && (flags & Flag.syn) !== 0 && sequence === this.peerSequence;
    if (isFirstAgain && (flags & Flag.ack) === 0) {
      this.sender.sendSyn();
      return false;
    }
    if (isFirstAgain) return true;
    if ((flags & Flag.syn) !== 0 || !this.receiver.accepts(segment)) {
      this.acknowledge();
      return false;
    }
    return true;
  }

  private receiveHandshake(segment: Segment): boolean {
    if (segment.acknowledgment !== this.sender.nextSequence) {
      this.node.reset(segment);
      return false;
    }
    this.state = "established";
    this.sender.acknowledge(segment);
    this.handler?.opened();
    return this.isOpen;
  }

  /** What an acknowledgment of our FIN changes. */
  private advanceState(): void {
    if (!this.sender.isFinished) return;
    if (this.state === "fin-wait-1") this.state = "fin-wait-2";
    if (this.state === "closing") this.waitOut();
    this.finishIfDone();
  }

  private receiveData(segment: Segment, isEarly: boolean): void {
    const hadGap = this.receiver.queue.hasGap;
    const news = this.receiver.take(segment) === "news";
    if (isEarly || hadGap || !news || this.receiver.isFinished) this.ackNow = true;
    if (this.receiver.isFinished) {
      if (this.state === "established") this.state = "close-wait";
      else if (this.state === "fin-wait-1") this.state = "closing";
      else this.waitOut();
    }
    if (news) this.handler?.readable();
    this.finishIfDone();
  }

  private waitOut(): void {
    this.state = "time-wait";
    this.endAlarm.set(TIME_WAIT_MS);
  }

  /** Both sides have ended: the user is told as soon as it has read everything. */
  private finishIfDone(): void {
    if (this.readable > 0) return;
    if (this.state === "last-ack" && this.sender.isFinished) this.finish("done");
    if (this.state !== "time-wait") return;
    const { handler } = this;
    this.handler = undefined;
    this.sender.close();
    this.receiver.close();
    handler?.closed("done");
  }

  private canSend(): boolean {
    if (this.node.hasRoom) return true;
    this.node.waitForRoom(this);
    return false;
  }

  /** Sends what may be sent, which acknowledges too; else the acknowledgment that is due, or due soon. */
  private answer(): void {
    if (this.sender.output()) return;
    if (this.ackNow || this.receiver.isAcknowledgmentDue) this.acknowledge();
    else if (this.receiver.hasUnacknowledged && !this.ackAlarm.isSet) this.ackAlarm.set(DELAYED_ACK_MS);
  }

  private acknowledge(): void {
    this.ackNow = true;
    if (this.canSend()) this.emit(this.sender.nextSequence, Flag.ack);
  }

  private transmit(sequence: number, flags: number, length: number, offset: number): void {
    this.emit(sequence, this.state === "syn-sent" ? flags : flags | Flag.ack, length, offset);
  }

  private emit(sequence: number, flags: number, length = 0, offset = 0): void {
    const isSyn = (flags & Flag.syn) !== 0;
    this.ackNow = false;
    this.ackAlarm.clear();
    const header = {
      sequence,
      flags,
      acknowledgment: (flags & Flag.ack) === 0 ? 0 : this.receiver.next,
      window: this.receiver.offer(isSyn),
      ...(isSyn ? { segmentSize: this.node.segmentSize } : {}),
      ...(isSyn && this.isScaled ? { windowScale: WINDOW_SCALE } : {}),
    };
    const frame = makeSegment(this.local, this.remote, header, length, (into) =>
      this.sender.queue.copy(offset, into),
    );
    this.node.send(frame, this);
  }
}
