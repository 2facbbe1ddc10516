import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { type Emulator, runikraft } from "../../test/guests/linux/emulators.ts";
import { kernel, makeInitramfs } from "../../test/guests/linux/images.ts";
import { BenchError } from "../child.ts";
import { diskPart } from "./disk.ts";
import type { Measured } from "./figure.ts";
import { measure } from "./measure.ts";
import { networkPart } from "./network.ts";
import { bootPart } from "./parts.ts";
import { describeEnvironment, formatReport } from "./report.ts";

/**
 * `npm run bench:boot [-- --rounds N --only NAME --jit MODE --json]`: what docs/BENCHMARKS.md says of booting. Exits with 1 where a
 * tool is missing or a result is wrong.
 */
const OPENSBI = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin";
/** Each with its firmware (QEMU brings its own OpenSBI) and harts. */
const BOOTS = [
  { name: "boot", harts: 1 },
  { name: "boot-smp4", harts: 4 },
  { name: "boot-opensbi", harts: 1, firmware: OPENSBI },
  { name: "boot-opensbi-smp4", harts: 4, firmware: OPENSBI },
];
const NAMES = [...BOOTS.map(({ name }) => name), "disk", "network"];

try {
  await main();
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(`bench:boot: ${error.message}`);
  process.exitCode = 1;
}

async function main(): Promise<void> {
  const { rounds, only, json, jit } = readOptions();
  const environment = describeEnvironment(rounds, basename(kernel));
  const ours = withJit(runikraft, jit);
  const folder = mkdtempSync(join(tmpdir(), "runikraft-bench-"));
  try {
    const report = { environment, parts: await measureAll({ only, rounds, folder, ours }) };
    console.log(json ? JSON.stringify(report, null, 2) : formatReport(report));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `jit`: what `runikraft boot` is given as `--jit`; without it, nothing. */
interface Options {
  readonly rounds: number;
  readonly only: string | undefined;
  readonly json: boolean;
  readonly jit: string | undefined;
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: "string" },
        only: { type: "string" },
        json: { type: "boolean" },
        jit: { type: "string" },
      },
    });
    const { rounds = "3", only, json = false, jit } = values;
    if (!/^[1-9]\d{0,2}$/.test(rounds)) throw new BenchError(`--rounds ${rounds}: a number from 1 to 999`);
    if (only !== undefined && !NAMES.includes(only))
      throw new BenchError(`--only ${only}: one of ${NAMES.join(", ")}`);
    return { rounds: Number(rounds), only, json, jit };
  } catch (error) {
    throw error instanceof BenchError ? error : new BenchError((error as Error).message);
  }
}

/** The command line with `--jit=MODE` behind the name of our command. */
function withJit(emulator: Emulator, mode: string | undefined): Emulator {
  if (mode === undefined) return emulator;
  return (computer) =>
    emulator(computer).flatMap((word) => (word === "boot" ? [word, `--jit=${mode}`] : [word]));
}

interface Work {
  readonly only: string | undefined;
  readonly rounds: number;
  readonly folder: string;
  readonly ours: Emulator;
}

async function measureAll({ only, rounds, folder, ours }: Work): Promise<Measured[]> {
  const wanted = (name: string) => only === undefined || only === name;
  const linux = { kernel, initramfs: makeInitramfs(join(folder, "initramfs.gz")) };
  const measured: Measured[] = [];
  for (const { name, ...computer } of BOOTS)
    if (wanted(name)) measured.push(await measure(bootPart(name, { ...linux, ...computer }), ours, rounds));
  if (wanted("disk")) measured.push(await measure(diskPart(linux, folder), ours, rounds));
  if (wanted("network")) {
    const part = await networkPart(linux);
    try {
      measured.push(await measure(part, ours, rounds));
    } finally {
      part.close();
    }
  }
  return measured;
}
