import type { Thread } from "../rkprocess/thread.ts";
import { SignalSet } from "./signal-set.ts";
import { signal } from "./signals.ts";

export const SIGSET_SIZE = 8;

/** A `sigset_t` of user memory. SIGKILL and SIGSTOP are never in it. */
export function readSignalSet(thread: Thread, address: number): SignalSet {
  const set = new SignalSet();
  set.low = thread.memory.readI32(address);
  set.high = thread.memory.readI32(address + 4);
  set.remove(signal.SIGKILL);
  set.remove(signal.SIGSTOP);
  return set;
}

export function writeSignalSet(thread: Thread, address: number, set: { low: number; high: number }): void {
  thread.memory.writeU32(address, set.low);
  thread.memory.writeU32(address + 4, set.high);
}
