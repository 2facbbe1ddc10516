/** Time for protocols: the host's in a gateway, a guest's in the library OS. */
export interface Timers {
  /** Monotonic milliseconds. */
  now(): number;
  /** Calls `callback` once after `milliseconds`. Returns what takes it back; calling that later is harmless. */
  after(milliseconds: number, callback: () => void): () => void;
}
