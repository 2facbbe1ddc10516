import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Console } from "../test/guests/linux/console.ts";
import { qemu } from "../test/guests/linux/emulators.ts";
import { kernel, makeInitramfs } from "../test/guests/linux/images.ts";
import { LIMIT } from "./boot/guest.ts";
import { BenchError } from "./child.ts";

/** The guests' folder with what is in the host's folder of files. */
export const FILES = "/mnt";

/** Debian's Linux in qemu-system-riscv64, with Debian's programs on a disk; files are written to a tmpfs. */
export class Linux {
  /** As it can be typed. */
  readonly command: readonly string[];
  #console: Console | undefined;

  /** `root`: Debian's programs; `files`: what is to be in `FILES`; `folder`: where the disk is made. */
  constructor(root: string, files: string, folder: string) {
    const disk = makeDisk(root, files, join(folder, "root.ext4"));
    this.command = qemu({ kernel, initramfs: makeInitramfs(join(folder, "initramfs.gz")), disk });
  }

  async boot(): Promise<void> {
    const console = new Console(this.command);
    this.#console = console;
    await console.expect("# ", LIMIT);
    await console.run("mkdir /debian; mount -t ext4 /dev/vda /debian");
    await console.run("mount -t tmpfs tmpfs /debian/tmp; mount -t proc proc /debian/proc");
  }

  async end(): Promise<void> {
    this.#console?.kill();
    await this.#console?.ended;
  }

  /** Runs a program of the root's. Resolves to what it printed on stdout; rejects with an Error where it failed. */
  async run(command: readonly string[]): Promise<string> {
    if (!this.#console) throw new BenchError("linux has not booted");
    const words = ["chroot", "/debian", ...command].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    // The terminal wraps the echo of a long line, so what the command prints goes by a file.
    await this.#console.run(`${words.join(" ")} < /dev/null > /tmp/printed`, LIMIT);
    return this.#console.run("cat /tmp/printed", LIMIT);
  }
}

/** An ext4 file system with the root, and the files in the folder that they have in every guest. */
function makeDisk(root: string, files: string, disk: string): string {
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", root, disk, "1600M"]);
  const commands = readdirSync(files).flatMap((name) => [
    `write ${join(files, name)} ${FILES}/${name}`,
    `set_inode_field ${FILES}/${name} mode 0100755`,
  ]);
  execFileSync("debugfs", ["-w", "-f", "-", disk], {
    input: [...commands, ""].join("\n"),
    stdio: ["pipe", "pipe", "pipe"],
  });
  return disk;
}
