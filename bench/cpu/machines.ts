import { existsSync } from "node:fs";
import { join } from "node:path";
import { BenchError, runCommand } from "../child.ts";
import { FILES, Linux } from "../linux.ts";
import { type GuestRun, guestRun } from "../throughput.ts";
import { commandLine, QEMU } from "../tools.ts";
import type { Folders } from "./folders.ts";
import type { Peer } from "./report.ts";
import type { Subject } from "./subjects.ts";

/** A run of a subject to its end. */
export interface Run {
  readonly stdout: string;
  /** Of the whole process; on Linux, of the program's process there by the guest's clock. */
  readonly seconds: number;
}

/** Something that runs subjects. */
export interface Machine {
  readonly name: Peer;
  /** Before the subjects of a round, and after them. */
  begin(): Promise<void>;
  end(): Promise<void>;
  /** Resolves to `undefined` where it has no such program. Rejects where the program fails. */
  run(subject: Subject): Promise<Run | undefined>;
}

const once = { begin: async () => {}, end: async () => {} };

function runHere(command: string, args: readonly string[]) {
  const { wall, ...run } = runCommand(command, args);
  return { ...run, seconds: wall / 1000 };
}

/** The host itself: of Debian's programs, those that it has at the same place. */
export function native({ files, natives }: Folders): Machine {
  return {
    ...once,
    name: "native",
    async run({ from, program, args }) {
      const file = from === "debian" ? program : join(natives, program);
      return existsSync(file) ? runHere(file, args(files)) : undefined;
    },
  };
}

export function qemuUser({ files, root }: Folders): Machine {
  return {
    ...once,
    name: "qemu-riscv64",
    async run({ from, program, args }) {
      const file = from === "debian" ? ["-L", root, join(root, program)] : [join(files, program)];
      return runHere(QEMU, [...file, ...args(files)]);
    },
  };
}

/** `runikraft run` with these options under the Node of that path. */
export function runikraft({ files, root }: Folders, node: string, options: readonly string[]) {
  const start = [commandLine(), "run", ...options, "--stats", "--json"];
  const mounts = ["--root", root, "--mount", `${files}:${FILES}`];
  return {
    async run({ from, program, args }: Subject): Promise<Run & { readonly guest: GuestRun }> {
      const file = from === "debian" ? [...mounts, program] : [join(files, program)];
      const { stderr, ...run } = runHere(node, [...start, ...file, ...args(FILES)]);
      return { ...run, guest: guestRun(stderr) };
    },
  };
}

/** The disk has no part in what is measured: what is on it was read before. Not every program knows the option. */
const WARM_UP = 'cat "$0" > /dev/null; "$0" --version > /dev/null 2>&1 || true';

/** Debian's Linux in qemu-system-riscv64. */
export function linux({ files, root, work }: Folders): Machine {
  const guest = new Linux(root, files, work);
  return {
    name: "linux",
    begin: () => guest.boot(),
    end: () => guest.end(),
    async run({ from, program, args, isStart }) {
      const command = [from === "debian" ? program : `${FILES}/${program}`, ...args(FILES)];
      if (isStart) await guest.run(command);
      else if (from === "debian") await guest.run(["/bin/sh", "-c", WARM_UP, program]);
      const output = await guest.run([`${FILES}/timed`, ...command]);
      const [, stdout, nanoseconds] = /^(.*)timed: (\d+)\n$/s.exec(output) ?? [];
      if (nanoseconds === undefined) throw new BenchError(`it printed ${JSON.stringify(output)}`);
      return { stdout, seconds: Number(nanoseconds) / 1e9 };
    },
  };
}
