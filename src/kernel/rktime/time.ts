import { type Api, api } from "../library.ts";

/** Clocks and timers of the kernel. In a deterministic machine both follow retired instructions. */
export interface Time {
  /** Nanoseconds since boot. */
  monotonic(): number;
  /** Nanoseconds since 1970. */
  realtime(): bigint;
  setRealtime(nanoseconds: bigint): void;
  /** Called when the time of day was set, with the nanoseconds that it was put forward. */
  readonly onSet: ((shift: number) => void)[];
  /** `realtime` minus `monotonic`, in two parts, so that no call needs a bigint. */
  readonly realtimeOffset: { readonly seconds: number; readonly nanoseconds: number };
  /** Nanoseconds that some thread has run. */
  busy(): number;
  /** Calls `callback` once, `nanoseconds` from now. Returns what takes it back. */
  after(nanoseconds: number, callback: () => void): () => void;
}

export const time: Api<Time> = api("rktime");

/** What the timer interrupt and the machine's loop tell. */
export interface Timers {
  /** Called when the time of the next interrupt has changed. */
  onArm: () => void;
  /** There are callbacks whose time has come. */
  readonly isDue: boolean;
  /** Makes the callbacks whose time has come. */
  runDue(): void;
  /** No thread ran for so many nanoseconds. */
  addIdle(nanoseconds: number): void;
}

export const timers: Api<Timers> = api("rktime-timers");
