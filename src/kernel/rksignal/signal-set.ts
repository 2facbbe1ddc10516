import { DEFAULT_LIMITS } from "../limits.ts";
import { Budget } from "../vfs/limits.ts";
import type { SignalInfo } from "./signals.ts";

/** A `sigset_t`: signal n is bit n - 1. Two halves, so that testing one makes no bigint. */
export class SignalSet {
  low = 0;
  high = 0;

  has(signal: number): boolean {
    return signal <= 32 ? ((this.low >>> (signal - 1)) & 1) !== 0 : ((this.high >>> (signal - 33)) & 1) !== 0;
  }

  add(signal: number): void {
    if (signal <= 32) this.low |= 1 << (signal - 1);
    else this.high |= 1 << (signal - 33);
  }

  remove(signal: number): void {
    if (signal <= 32) this.low &= ~(1 << (signal - 1));
    else this.high &= ~(1 << (signal - 33));
  }

  assign(other: { low: number; high: number }): void {
    this.low = other.low;
    this.high = other.high;
  }

  addAll(other: { low: number; high: number }): void {
    this.low |= other.low;
    this.high |= other.high;
  }

  removeAll(other: { low: number; high: number }): void {
    this.low &= ~other.low;
    this.high &= ~other.high;
  }

  get isEmpty(): boolean {
    return this.low === 0 && this.high === 0;
  }
}

/** Signals from 32 on are queued; of the others, one of a kind is kept. */
const FIRST_REALTIME = 32;

/** As `RLIMIT_SIGPENDING` would: each look for the next one goes over all. */
const QUEUE_LIMIT = 4096;

export const isRealtime = (signal: number): boolean => signal >= FIRST_REALTIME;

/** Signals sent and not yet taken. */
export class PendingSignals {
  readonly set = new SignalSet();
  private infos: SignalInfo[] = [];
  private readonly queued: Budget;

  /** `queued`: what all real-time signals that wait may be. The others, of which there is one of a kind, always find room. */
  constructor(queued = new Budget(DEFAULT_LIMITS.queuedSignals, "EAGAIN")) {
    this.queued = queued;
  }

  /** Whether one more real-time signal finds room. */
  get mayQueue(): boolean {
    return this.infos.length < QUEUE_LIMIT && this.queued.has(1);
  }

  add(info: SignalInfo): void {
    if (isRealtime(info.signal) ? !this.mayQueue || !this.queued.tryCharge(1) : this.set.has(info.signal)) {
      info.settled?.();
      return;
    }
    this.set.add(info.signal);
    this.infos.push(info);
  }

  /** Some pending signal is not in `blocked`. */
  hasOutside(blocked: SignalSet): boolean {
    return (this.set.low & ~blocked.low) !== 0 || (this.set.high & ~blocked.high) !== 0;
  }

  /** Takes the signal to deliver next: faults first, then by number, in the order they came. */
  take(wanted: (signal: number) => boolean): SignalInfo | undefined {
    let best = -1;
    this.infos.forEach((info, i) => {
      if (wanted(info.signal) && (best === -1 || rank(info.signal) < rank(this.infos[best].signal))) best = i;
    });
    if (best === -1) return undefined;
    const [info] = this.infos.splice(best, 1);
    if (isRealtime(info.signal)) this.queued.discharge(1);
    if (!this.infos.some((other) => other.signal === info.signal)) this.set.remove(info.signal);
    info.settled?.();
    return info;
  }

  /** Nobody will take them any more. */
  clear(): void {
    this.queued.discharge(this.infos.filter((info) => isRealtime(info.signal)).length);
    this.infos = [];
    this.set.assign({ low: 0, high: 0 });
  }

  drop(signal: number): void {
    if (!this.set.has(signal)) return;
    const dropped = this.infos.filter((info) => info.signal === signal);
    this.infos = this.infos.filter((info) => info.signal !== signal);
    if (isRealtime(signal)) this.queued.discharge(dropped.length);
    this.set.remove(signal);
    for (const { settled } of dropped) settled?.();
  }
}

/** SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV and SIGSYS: what an instruction has just done. */
const SYNCHRONOUS = new Set([4, 5, 7, 8, 11, 31]);

const rank = (signal: number): number => (SYNCHRONOUS.has(signal) ? signal : 64 + signal);
