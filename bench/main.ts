import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BenchError } from "./child.ts";
import { measureColdStart } from "./cold-start.ts";
import type { CpuReport } from "./cpu/report.ts";
import { runWithDebian } from "./debian.ts";
import type { KernelReport } from "./kernel/report.ts";
import { measureLive } from "./live.ts";
import type { Results } from "./marks.ts";
import { type Options, type Part, readOptions } from "./options.ts";
import { buildProgram, HELLO, PROGRAMS } from "./programs.ts";
import { describeEnvironment, formatReport, makeReport, type Report } from "./report.ts";
import { measureSteadiness } from "./steadiness.ts";
import { measureThroughput, type Throughput } from "./throughput.ts";
import { commandLine } from "./tools.ts";

/**
 * `npm run bench [-- OPTIONS]`: what docs/BENCHMARKS.md describes. Exits with 1 where a tool is missing or a result is
 * wrong, and with 0 otherwise: a missed mark is a finding, not a failure.
 */
const COLD_START_ROUNDS = 20;
const LIVE_ROUNDS = 20;
/** Work for more than four seconds at any speed: the program, and the argument that asks for it. */
const ENDLESS = { name: "interpreter", work: "100000000" };

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}

async function main(options: Options): Promise<void> {
  if (!existsSync(commandLine())) throw new BenchError("dist/cli.js is missing: npm run build");
  const environment = describeEnvironment(options);
  const folder = mkdtempSync(join(tmpdir(), "runikraft-bench-"));
  try {
    const report: Report = makeReport(environment, await measure(options, folder));
    console.log(options.json ? JSON.stringify(report, null, 2) : formatReport(report));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Steadiness comes first: its run must be the process's first. */
async function measure(options: Options, folder: string): Promise<Results> {
  const { rounds, run } = options;
  const wants = (part: Part) => options.parts.includes(part);
  const hello = () => buildProgram(HELLO, folder);
  return {
    ...(wants("steadiness") && { steadiness: await steadiness(folder) }),
    ...(wants("live") && { live: await measureLive(readFileSync(hello()), LIVE_ROUNDS) }),
    ...(wants("cold-start") && { coldStart: measureColdStart(hello(), run, COLD_START_ROUNDS) }),
    throughput: wants("throughput") ? throughput(options, folder) : [],
    ...(wants("cpu") && { cpu: runWithDebian<CpuReport>("bench/cpu/main.ts", options) }),
    ...(wants("kernel") && { kernel: runWithDebian<KernelReport>("bench/kernel/main.ts", { rounds, run }) }),
  };
}

function steadiness(folder: string) {
  const endless = buildProgram(ENDLESS, folder);
  return measureSteadiness(ENDLESS.name, readFileSync(endless), [ENDLESS.work]);
}

function throughput({ rounds, program }: Options, folder: string): Throughput[] {
  const wanted = PROGRAMS.filter(
    ({ name, small }) => small !== undefined && (program === undefined || name === program),
  );
  return wanted.map((one) => measureThroughput(one, buildProgram(one, folder), rounds));
}
