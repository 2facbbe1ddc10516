import { PAGE_SIZE } from "../cpu/sv39.ts";
import { dispatcher } from "../kernel/rksyscall/dispatcher.ts";
import { numberOf } from "../kernel/rksyscall/slots.ts";
import { time } from "../kernel/rktime/time.ts";
import { syscallName } from "../kernel/syscalls/table.ts";
import type { HostedMachine } from "./hosted.ts";

/** What a run has cost. */
export interface HostedStats {
  readonly instructions: number;
  readonly pageFaults: number;
  /** All traps: page faults, system calls, timer interrupts and exceptions. */
  readonly traps: number;
  /** Calls made, by name, only those that were. */
  readonly syscalls: Readonly<Record<string, number>>;
  /** Most pages of guest memory that the program had mapped at a time, in bytes. */
  readonly peakBytes: number;
  /** Host memory behind the guest's RAM, in bytes. */
  readonly residentBytes: number;
  /** Guest time since boot, and what of it no thread ran, in nanoseconds. */
  readonly elapsed: number;
  readonly idle: number;
}

export function collectStats({ kernel, board, process }: HostedMachine): HostedStats {
  const source = kernel.use(time);
  const { counts, pageFaults, traps } = kernel.use(dispatcher);
  const made = [...counts.entries()].filter(([, count]) => count > 0);
  made.sort(([, a], [, b]) => b - a);
  const elapsed = source.monotonic();
  return {
    instructions: board.hart.retired,
    pageFaults,
    traps,
    syscalls: Object.fromEntries(made.map(([slot, count]) => [syscallName(numberOf(slot)), count])),
    peakBytes: process.memory.resident.peak * PAGE_SIZE,
    residentBytes: board.ram.residentPages * PAGE_SIZE,
    elapsed,
    // The clock ticks: what was just executed may not have passed on it.
    idle: Math.max(0, elapsed - source.busy()),
  };
}
