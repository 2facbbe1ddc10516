import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a process did and cost. */
export interface Finished {
  readonly stdout: string;
  readonly stderr: string;
  /** From start to end, in milliseconds. */
  readonly wall: number;
  /** Processor time of all its threads, user and system, in milliseconds; a multiple of 10. */
  readonly cpu: number;
}

/** A tool is missing, a run failed or printed something else than it must: one line for the user. */
export class BenchError extends Error {}

/** Milliseconds; longer than anything takes on a busy machine, interpreted. */
const TIME_LIMIT = 300_000;
const MOST_OUTPUT = 1 << 24;

/** Runs a command to its end. Throws `BenchError` where it does not end well. */
export function runCommand(command: string, args: readonly string[]): Finished {
  const cpu = childrenTime();
  const start = performance.now();
  const { stdout, stderr, status, signal, error } = spawnSync(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    timeout: TIME_LIMIT,
    killSignal: "SIGKILL",
    maxBuffer: MOST_OUTPUT,
  });
  const wall = performance.now() - start;
  if (error || status !== 0) {
    const why = error?.message ?? (signal ? `killed by ${signal}` : `exit status ${status}`);
    throw new BenchError(`${[command, ...args].join(" ")}: ${why}${stderr ? `\n${stderr.trimEnd()}` : ""}`);
  }
  return { stdout, stderr, wall, cpu: childrenTime() - cpu };
}

/** Milliseconds per tick of the times in /proc (`USER_HZ`, which is 100 on every Linux in use). */
const TICK = 10;

/** Processor time of all children that have ended, in milliseconds: `cutime` and `cstime` of proc(5), counted after the name. */
export function childrenTime(): number {
  const fields = readFileSync("/proc/self/stat", "latin1")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) * TICK;
}
