import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BenchError } from "./child.ts";
import { measureColdStart } from "./cold-start.ts";
import { measureKernel } from "./kernel/run.ts";
import { measureLive } from "./live.ts";
import type { Results } from "./marks.ts";
import { buildProgram, HELLO, PROGRAMS, type Program } from "./programs.ts";
import { describeEnvironment, formatReport, makeReport, type Report } from "./report.ts";
import { measureSteadiness } from "./steadiness.ts";
import { measureThroughput } from "./throughput.ts";
import { projectRoot } from "./tools.ts";

/**
 * `npm run bench [-- --rounds N --only NAME --json]`: what docs/BENCHMARKS.md describes. Exits with 1 where a tool is
 * missing or a result is wrong, and with 0 otherwise: a missed mark is a finding, not a failure.
 */
const PARTS = ["steadiness", "live", "cold-start", "kernel"] as const;
const COLD_START_ROUNDS = 20;
const LIVE_ROUNDS = 20;
/** Work for more than four seconds at any speed: the program, and the argument that asks for it. */
const ENDLESS = { name: "interpreter", work: "100000000" };

try {
  await main();
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { rounds, only, json } = readOptions();
  const cli = join(projectRoot(), "dist/cli.js");
  if (!existsSync(cli)) throw new BenchError("dist/cli.js is missing: npm run build");
  const environment = describeEnvironment(rounds);
  const folder = mkdtempSync(join(tmpdir(), "runikraft-bench-"));
  try {
    const results = await measure(only, rounds, cli, folder);
    const report: Report = makeReport(environment, results);
    console.log(json ? JSON.stringify(report, null, 2) : formatReport(report));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readOptions(): { rounds: number; only: string | undefined; json: boolean } {
  const names = [...PROGRAMS.map(({ name }) => name), ...PARTS];
  try {
    const { values } = parseArgs({
      options: { rounds: { type: "string" }, only: { type: "string" }, json: { type: "boolean" } },
    });
    const { rounds = "5", only, json = false } = values;
    if (!/^[1-9]\d{0,3}$/.test(rounds)) throw new BenchError(`--rounds ${rounds}: a number from 1 to 9999`);
    if (only !== undefined && !names.includes(only))
      throw new BenchError(`--only ${only}: one of ${names.join(", ")}`);
    return { rounds: Number(rounds), only, json };
  } catch (error) {
    throw error instanceof BenchError ? error : new BenchError((error as Error).message);
  }
}

/** Steadiness comes first: its run must be the process's first. */
async function measure(
  only: string | undefined,
  rounds: number,
  cli: string,
  folder: string,
): Promise<Results> {
  const wanted = (name: string) => only === undefined || only === name;
  const built = (program: Program) => buildProgram(program, folder);
  const steadiness = async () => {
    const endless = built(PROGRAMS.find(({ name }) => name === ENDLESS.name) as Program);
    return measureSteadiness(ENDLESS.name, readFileSync(endless), [ENDLESS.work]);
  };
  return {
    ...(wanted("steadiness") && { steadiness: await steadiness() }),
    ...(wanted("live") && { live: await measureLive(readFileSync(built(HELLO)), LIVE_ROUNDS) }),
    ...(wanted("cold-start") && { coldStart: measureColdStart(built(HELLO), cli, COLD_START_ROUNDS) }),
    throughput: PROGRAMS.filter(({ name }) => wanted(name)).map((program) =>
      measureThroughput(program, built(program), cli, rounds),
    ),
    ...(wanted("kernel") && { kernel: measureKernel(rounds) }),
  };
}
