import type { Budget } from "../vfs/limits.ts";
import { PendingSignals, SignalSet } from "./signal-set.ts";

/** The alternate signal stack (`sigaltstack`). `flags`: as given, SS_DISABLE where there is none. */
export interface AlternateStack {
  base: number;
  size: number;
  flags: number;
}

export const SS_ONSTACK = 1;
export const SS_DISABLE = 2;

/** What signals keep for each thread. */
export class ThreadSignals {
  readonly blocked = new SignalSet();
  readonly pending: PendingSignals;
  alternateStack: AlternateStack = { base: 0, size: 0, flags: SS_DISABLE };
  /** The mask to go back to after a call with a mask of its own (`rt_sigsuspend`, `ppoll`). */
  maskToRestore: { low: number; high: number } | undefined = undefined;
  /** Something is to be done before the thread goes on in user mode. */
  attention = false;

  /** `queued`: as for `PendingSignals`. */
  constructor(queued?: Budget) {
    this.pending = new PendingSignals(queued);
  }
}
