import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { kernel } from "../../test/guests/linux/images.ts";
import { requireVariable } from "../../test/guests/toolchain.ts";
import { BenchError } from "../child.ts";
import { HOST_GCC, HOST_GCC_FLAGS, QEMU_SYSTEM, toolVersion } from "../tools.ts";
import { makeFolders } from "./folders.ts";
import { linux, native, qemuUser, runikraft } from "./machines.ts";
import { measureCpu } from "./measure.ts";
import type { CpuOptions, CpuReport } from "./report.ts";
import { SUBJECTS } from "./subjects.ts";

/**
 * The part `cpu` of `npm run bench`, which runs it where Debian's packages are at hand:
 * `node tools/test-guests.js --run bench/cpu/main.ts OPTIONS`, as JSON. Prints its report as JSON.
 */
try {
  await main(JSON.parse(process.argv[2] ?? ""));
} catch (error) {
  if (!(error instanceof BenchError)) throw error;
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}

async function main(options: CpuOptions): Promise<void> {
  const root = requireVariable("RUNIKRAFT_GUEST_APPLICATIONS");
  const folder = mkdtempSync(join(tmpdir(), "runikraft-bench-"));
  try {
    console.log(JSON.stringify(await measure(options, root, folder)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(options: CpuOptions, root: string, work: string): Promise<CpuReport> {
  const { program, external, run, node, rounds } = options;
  const subjects = SUBJECTS.filter(
    ({ name, from }) =>
      (program === undefined || name === program) && (from !== "external" || external !== undefined),
  );
  if (subjects.length === 0) throw new BenchError(`${program} needs --external`);
  const folders = makeFolders(subjects, root, work, external);
  const nodes = [process.execPath, ...(node === undefined ? [] : [node])];
  const peers = [native(folders), qemuUser(folders), ...(options.linux ? [linux(folders)] : [])];
  const own = nodes.map((path) => runikraft(folders, path, run));
  return {
    native: `${toolVersion(HOST_GCC)}, ${HOST_GCC_FLAGS.join(" ")}`,
    ...(options.linux && { linux: `${basename(kernel)} in ${toolVersion(QEMU_SYSTEM)}` }),
    nodes: nodes.map(toolVersion),
    figures: await measureCpu(subjects, peers, own, rounds),
  };
}
