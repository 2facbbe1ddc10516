import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../child.ts";
import { FILES, Linux } from "../linux.ts";
import { commandLine, QEMU } from "../tools.ts";
import type { Place } from "./lines.ts";
import type { MachineName } from "./names.ts";

/** Something that runs `calls` and Debian's programs. */
export interface Machine {
  readonly name: MachineName;
  /** As it can be typed. */
  readonly command: readonly string[];
  readonly place: Place;
  /** A program started in it can start others. */
  readonly startsOthers: boolean;
  /** Before the lines of a round and after them. */
  begin(): Promise<void>;
  end(): Promise<void>;
  /** Runs `calls` with these arguments. Resolves to what it printed; rejects with an Error where it failed. */
  run(args: readonly string[]): Promise<string>;
}

/** Memory of each machine that has its own, as the Linux guest's. */
const MEMORY = "256M";
const once = { begin: async () => {}, end: async () => {} };

/** `root`: Debian's programs; `files`: `calls` and what programs work on; `options`: of `run`. */
export function runikraft(root: string, files: string, options: readonly string[]): Machine {
  const command = [
    ...[commandLine(), "run", ...options, "--mem", MEMORY, "--root", root],
    ...["--mount", `${files}:${FILES}`, join(files, "calls")],
  ];
  return {
    ...once,
    name: "runikraft",
    command: [process.execPath, ...command],
    place: { start: [], root: "", files: FILES, scratch: "/tmp" },
    startsOthers: true,
    run: async (args) => runCommand(process.execPath, [...command, ...args]).stdout,
  };
}

/** Its programs' files are the host's own, `scratch` in a folder of the host's. */
export function qemuUser(root: string, files: string, folder: string): Machine {
  const scratch = join(folder, "scratch");
  mkdirSync(scratch);
  const start = [execFileSync("which", [QEMU], { encoding: "utf8" }).trim(), "-L", root];
  const calls = join(files, "calls");
  return {
    ...once,
    name: "qemu-riscv64",
    command: [QEMU, calls],
    place: { start, root, files, scratch },
    startsOthers: false,
    run: async (args) => runCommand(QEMU, [calls, ...args]).stdout,
  };
}

/** Debian's Linux on a disk with the same programs; files are written to a tmpfs. */
export function linux(root: string, files: string, folder: string): Machine {
  const guest = new Linux(root, files, folder);
  return {
    name: "linux",
    command: guest.command,
    place: { start: [], root: "", files: FILES, scratch: "/tmp" },
    startsOthers: true,
    begin: () => guest.boot(),
    end: () => guest.end(),
    run: (args) => guest.run([`${FILES}/calls`, ...args]),
  };
}
