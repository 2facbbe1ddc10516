import { type Api, api } from "../library.ts";

/** Clocks and timers of the kernel. In a deterministic machine both follow retired instructions. */
export interface Time {
  /** Nanoseconds since boot. */
  monotonic(): number;
  /** Nanoseconds since 1970. */
  realtime(): bigint;
  setRealtime(nanoseconds: bigint): void;
  /** Calls `callback` once, `nanoseconds` from now. Returns what takes it back. */
  after(nanoseconds: number, callback: () => void): () => void;
}

export const time: Api<Time> = api("rktime");
