import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { kernel } from "../../test/guests/linux/images.ts";
import { requireVariable } from "../../test/guests/toolchain.ts";
import { BenchError, runCommand } from "../child.ts";
import { GCC, GCC_FLAGS, projectRoot, QEMU_SYSTEM, toolVersion } from "../tools.ts";
import { databaseScript, figureOf, LINES, type Line } from "./lines.ts";
import { linux, type Machine, qemuUser, runikraft } from "./machines.ts";
import type { MachineName } from "./names.ts";
import { type KernelOptions, type KernelReport, kernelFigure } from "./report.ts";

/**
 * The part `kernel` of `npm run bench`, which runs it where Debian's packages are at hand:
 * `node tools/test-guests.js --run bench/kernel/main.ts OPTIONS`, as JSON. Prints its report as JSON.
 */
try {
  await main(JSON.parse(process.argv[2] ?? ""));
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}

async function main({ rounds, run }: KernelOptions): Promise<void> {
  const root = requireVariable("RUNIKRAFT_GUEST_APPLICATIONS");
  const folder = mkdtempSync(join(tmpdir(), "runikraft-bench-"));
  try {
    const files = makeFiles(folder);
    const machines = [runikraft(root, files, run), qemuUser(root, files, folder), linux(root, files, folder)];
    const report = await measure(machines, rounds);
    console.log(JSON.stringify(report));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The folder with what the lines work on. */
function makeFiles(folder: string): string {
  const files = join(folder, "files");
  mkdirSync(files);
  const source = join(projectRoot(), "bench/kernel/calls.c");
  runCommand(GCC, [...GCC_FLAGS, "-o", join(files, "calls"), source]);
  for (const name of ["bench.h", "sha256.c"])
    copyFileSync(join(projectRoot(), "bench/programs", name), join(files, name));
  writeFileSync(join(files, "inserts.sql"), databaseScript());
  return files;
}

/** All lines on one machine, then on the next, and so on in every round. */
async function measure(machines: readonly Machine[], rounds: number): Promise<KernelReport> {
  const taken = new Map(LINES.map((line) => [line, {} as Partial<Record<MachineName, number[]>>]));
  const results = new Map<Line, string>();
  for (let round = 0; round < rounds; round++)
    for (const machine of machines)
      for (const [line, figure] of await runAll(machine, results)) {
        const all = taken.get(line) ?? {};
        all[machine.name] ??= [];
        all[machine.name]?.push(figure);
      }
  const commands = Object.fromEntries(machines.map(({ name, command }) => [name, command]));
  return {
    qemuSystem: toolVersion(QEMU_SYSTEM),
    kernel: basename(kernel),
    commands: commands as Record<MachineName, readonly string[]>,
    figures: [...taken].map(([line, measured]) => kernelFigure(line, measured)),
  };
}

/** A round on one machine. `results`: what the lines have to find, as far as it is known; it is completed. */
async function runAll(machine: Machine, results: Map<Line, string>): Promise<[Line, number][]> {
  const figures: [Line, number][] = [];
  await machine.begin();
  try {
    for (const line of LINES) {
      if (line.startsOthers && !machine.startsOthers) continue;
      const { figure, result } = figureOf(line, await machine.run(line.args(machine.place)));
      const expected = results.get(line) ?? line.result ?? result;
      if (result !== expected) throw new Error(`${line.name} found ${result}, not ${expected}`);
      results.set(line, expected);
      figures.push([line, figure]);
    }
  } catch (error) {
    throw new BenchError(`kernel: ${machine.name}: ${(error as Error).message}`);
  } finally {
    await machine.end();
  }
  return figures;
}
