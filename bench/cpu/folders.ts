import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { BenchError, runCommand } from "../child.ts";
import { buildNative, buildProgram, PROGRAMS } from "../programs.ts";
import { GCC, GCC_FLAGS, projectRoot } from "../tools.ts";
import type { Subject } from "./subjects.ts";

/** What machines run, and where. */
export interface Folders {
  /** Programs for the guests, and the files that programs work on. */
  readonly files: string;
  /** The same programs for the host. */
  readonly natives: string;
  /** Debian's programs. */
  readonly root: string;
  /** For what is made on the way. */
  readonly work: string;
}

const DATA = [
  "bench/cpu/scripts/tables.lua",
  "bench/cpu/scripts/objects.py",
  "bench/cpu/scripts/queries.sql",
];
/** What the compiler compiles: preprocessed, because a guest's headers are not the same on every machine. */
const COMPILED = "bench/kernel/calls.c";

/** Builds and copies what the subjects need. `external`: the user's folder, if there is one. Throws `BenchError`. */
export function makeFolders(
  subjects: readonly Subject[],
  root: string,
  work: string,
  external: string | undefined,
): Folders {
  const folders = { files: join(work, "files"), natives: join(work, "natives"), root, work };
  mkdirSync(folders.files);
  mkdirSync(folders.natives);
  for (const file of DATA) copyFileSync(join(projectRoot(), file), join(folders.files, nameOf(file)));
  const [timed, compiled] = ["bench/cpu/timed.c", COMPILED].map((file) => join(projectRoot(), file));
  runCommand(GCC, [...GCC_FLAGS, "-o", join(folders.files, "timed"), timed]);
  runCommand(GCC, ["-E", "-P", "-o", join(folders.files, "calls.i"), compiled]);
  for (const program of PROGRAMS) {
    if (!subjects.some(({ name }) => name === program.name)) continue;
    buildProgram(program, folders.files);
    buildNative(program, folders.natives);
  }
  for (const { from, program } of subjects)
    if (from === "external") copyExternal(program, external ?? "", folders);
  return folders;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** The host's own is wanted, too, but may be missing. */
function copyExternal(program: string, folder: string, { files, natives }: Folders): void {
  const guest = join(folder, program);
  if (!existsSync(guest))
    throw new BenchError(`${guest} is missing: docs/BENCHMARKS.md says how to build it`);
  copyFileSync(guest, join(files, program));
  const host = join(folder, "native", program);
  if (existsSync(host)) copyFileSync(host, join(natives, program));
}
