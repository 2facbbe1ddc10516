import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { kernel, makeInitramfs } from "../../test/guests/linux/images.ts";
import { BenchError } from "../child.ts";
import { diskPart } from "./disk.ts";
import type { Measured } from "./figure.ts";
import { measure } from "./measure.ts";
import { networkPart } from "./network.ts";
import { bootPart } from "./parts.ts";
import { describeEnvironment, formatReport } from "./report.ts";

/**
 * `npm run bench:boot [-- --rounds N --only NAME --json]`: what docs/BENCHMARKS.md says of booting. Exits with 1 where a
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
  const { rounds, only, json } = readOptions();
  const environment = describeEnvironment(rounds, basename(kernel));
  const folder = mkdtempSync(join(tmpdir(), "runikraft-bench-"));
  try {
    const report = { environment, parts: await measureAll(only, rounds, folder) };
    console.log(json ? JSON.stringify(report, null, 2) : formatReport(report));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readOptions(): { rounds: number; only: string | undefined; json: boolean } {
  try {
    const { values } = parseArgs({
      options: { rounds: { type: "string" }, only: { type: "string" }, json: { type: "boolean" } },
    });
    const { rounds = "3", only, json = false } = values;
    if (!/^[1-9]\d{0,2}$/.test(rounds)) throw new BenchError(`--rounds ${rounds}: a number from 1 to 999`);
    if (only !== undefined && !NAMES.includes(only))
      throw new BenchError(`--only ${only}: one of ${NAMES.join(", ")}`);
    return { rounds: Number(rounds), only, json };
  } catch (error) {
    throw error instanceof BenchError ? error : new BenchError((error as Error).message);
  }
}

async function measureAll(only: string | undefined, rounds: number, folder: string): Promise<Measured[]> {
  const wanted = (name: string) => only === undefined || only === name;
  const linux = { kernel, initramfs: makeInitramfs(join(folder, "initramfs.gz")) };
  const measured: Measured[] = [];
  for (const { name, ...computer } of BOOTS)
    if (wanted(name)) measured.push(await measure(bootPart(name, { ...linux, ...computer }), rounds));
  if (wanted("disk")) measured.push(await measure(diskPart(linux, folder), rounds));
  if (wanted("network")) {
    const part = await networkPart(linux);
    try {
      measured.push(await measure(part, rounds));
    } finally {
      part.close();
    }
  }
  return measured;
}
