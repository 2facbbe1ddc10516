import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Console } from "../../test/guests/linux/console.ts";
import { qemu as system } from "../../test/guests/linux/emulators.ts";
import { kernel, makeInitramfs } from "../../test/guests/linux/images.ts";
import { LIMIT } from "../boot/guest.ts";
import { BenchError, runCommand } from "../child.ts";
import { projectRoot, QEMU } from "../tools.ts";
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
/** The guest's folder with what is in the host's folder `files`. */
const FILES = "/mnt";
const once = { begin: async () => {}, end: async () => {} };

/** `root`: Debian's programs; `files`: `calls` and what programs work on. */
export function runikraft(root: string, files: string): Machine {
  const cli = join(projectRoot(), "dist/cli.js");
  const command = [
    ...[cli, "run", "--mem", MEMORY, "--root", root],
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
  const disk = makeDisk(root, files, join(folder, "root.ext4"));
  const initramfs = makeInitramfs(join(folder, "initramfs.gz"));
  const command = system({ kernel, initramfs, disk });
  let guest: Console | undefined;
  return {
    name: "linux",
    command,
    place: { start: [], root: "", files: FILES, scratch: "/tmp" },
    startsOthers: true,
    async begin() {
      guest = new Console(command);
      await guest.expect("# ", LIMIT);
      await guest.run("mkdir /debian; mount -t ext4 /dev/vda /debian");
      await guest.run("mount -t tmpfs tmpfs /debian/tmp; mount -t proc proc /debian/proc");
    },
    async end() {
      guest?.kill();
      await guest?.ended;
    },
    async run(args) {
      if (!guest) throw new BenchError("linux has not booted");
      const words = ["chroot", "/debian", `${FILES}/calls`, ...args].map(
        (word) => `'${word.replaceAll("'", "'\\''")}'`,
      );
      // The terminal wraps the echo of a long line, so what the command prints goes by a file.
      await guest.run(`${words.join(" ")} > /tmp/printed`, LIMIT);
      return guest.run("cat /tmp/printed", LIMIT);
    },
  };
}

/** An ext4 file system with the root, and the files in the folder that they have in every guest. */
function makeDisk(root: string, files: string, disk: string): string {
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", root, disk, "1600M"]);
  const commands = readdirSync(files).map((name) => `write ${join(files, name)} ${FILES}/${name}`);
  execFileSync("debugfs", ["-w", "-f", "-", disk], {
    input: [...commands, `set_inode_field ${FILES}/calls mode 0100755`, ""].join("\n"),
    stdio: ["pipe", "pipe", "pipe"],
  });
  return disk;
}
