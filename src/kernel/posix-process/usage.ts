import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { ResourceUsage } from "../rkprocess/usage.ts";
import { SECOND } from "../rktime/timespec.ts";
import type { UserMemory } from "../rkvm/user-memory.ts";

const USAGE_SIZE = 144;

/**
 * `struct rusage`: 0 ru_utime, 16 ru_stime, 32 ru_maxrss (KiB), 64 ru_minflt, 128 ru_nvcsw, 136 ru_nivcsw. The kernel's
 * own time is not told apart from the program's.
 */
export function writeUsage(memory: UserMemory, address: number, parts: readonly ResourceUsage[]): void {
  const view = new DataView(new ArrayBuffer(USAGE_SIZE));
  const sum = (of: (part: ResourceUsage) => number) => parts.reduce((total, part) => total + of(part), 0);
  const runTime = sum((part) => part.runTime);
  const peak = Math.max(...parts.map((part) => part.peakPages));
  const words: [offset: number, value: number][] = [
    [0, runTime / SECOND],
    [8, (runTime % SECOND) / 1000],
    [32, (peak * PAGE_SIZE) / 1024],
    [64, sum((part) => part.faults)],
    [128, sum((part) => part.voluntarySwitches)],
    [136, sum((part) => part.involuntarySwitches)],
  ];
  for (const [offset, value] of words) view.setBigInt64(offset, BigInt(Math.floor(value)), true);
  memory.write(address, new Uint8Array(view.buffer));
}
