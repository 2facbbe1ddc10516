import { spawnSync } from "node:child_process";
import { BenchError } from "../child.ts";
import { projectRoot } from "../tools.ts";
import type { KernelReport } from "./report.ts";

/** Runs the part where Debian's packages are at hand; what that does first (installing, downloading) is seen on stderr. */
export function measureKernel(rounds: number): KernelReport {
  const args = ["tools/test-guests.js", "--run", "bench/kernel/main.ts", String(rounds)];
  const { stdout, status, error } = spawnSync(process.execPath, args, {
    cwd: projectRoot(),
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (error || status !== 0) throw new BenchError(`node ${args.join(" ")}: ${error?.message ?? "failed"}`);
  return JSON.parse(stdout);
}
