import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/** Of threads that work for the guest's, which goes first where there are fewer processors than threads. */
export const NICE = 10;

/**
 * Has the process's other threads, V8's compilers above all, give way to this one. Nothing happens where a thread cannot be
 * told from its process, which is so but on Linux, nor where the process is nice already.
 */
export function goFirst(): void {
  if (process.platform !== "linux" || getPriority() >= NICE) return;
  for (const thread of readdirSync("/proc/self/task").map(Number)) {
    if (thread === process.pid) continue;
    try {
      setPriority(thread, NICE);
    } catch {
      // It has ended meanwhile, or nobody may.
    }
  }
}
