import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { busybox, commandLine } from "./toolchain.ts";

const BOMB = ':(){ :|:& };: & i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); done; echo "counted to $i"';

/** What a run printed, and the most memory of the host in KiB that it had. */
function watched(args: readonly string[]) {
  const [program, ...rest] = commandLine(["run", ...args]);
  const child = spawn(program, rest);
  const printed = ["", ""];
  child.stdout.on("data", (part) => {
    printed[0] += part;
  });
  child.stderr.on("data", (part) => {
    printed[1] += part;
  });
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const match = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"));
      peak = Math.max(peak, Number(match?.[1] ?? 0));
    } catch {
      // It has just ended.
    }
  }, 20);
  return new Promise<{ status: number | null; stdout: string; stderr: string; peak: number }>((resolve) =>
    child.on("close", (status) => {
      clearInterval(timer);
      resolve({ status, stdout: printed[0], stderr: printed[1], peak });
    }),
  );
}

it("a shell's fork bomb leaves the shell and the host alive", async () => {
  const { status, stdout, stderr, peak } = await watched([
    ...["--limit", "processes=100", busybox],
    ...["sh", "-c", BOMB],
  ]);
  expect(stdout).toBe("counted to 3000\n");
  expect(stderr).toContain("can't fork: Resource temporarily unavailable");
  expect(status).toBe(0);
  expect(peak).toBeGreaterThan(0);
  expect(peak).toBeLessThan(1_000_000);
});
