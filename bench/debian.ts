import { spawnSync } from "node:child_process";
import { BenchError } from "./child.ts";
import { projectRoot } from "./tools.ts";

/**
 * Runs a file of the project, with its options as JSON, where Debian's packages are at hand; it prints what it measured
 * as JSON. What making them ready does first (installing, downloading) is seen on stderr. Throws `BenchError`.
 */
export function runWithDebian<Report>(file: string, options: unknown): Report {
  const args = ["tools/test-guests.js", "--run", file, JSON.stringify(options)];
  const { stdout, status, error } = spawnSync(process.execPath, args, {
    cwd: projectRoot(),
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  if (error || status !== 0) throw new BenchError(`node ${args.join(" ")}: ${error?.message ?? "failed"}`);
  return JSON.parse(stdout);
}
