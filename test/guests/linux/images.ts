import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { busybox, compileStatic, requireVariable, root } from "../toolchain.ts";
import { type CpioEntry, cpioArchive } from "./cpio.ts";
import { moduleTree } from "./modules.ts";

/** Debian's kernel, and what it boots into: an initramfs with busybox, and an ext4 disk of Debian's packages. */

const linux = requireVariable("RUNIKRAFT_GUEST_LINUX");
const debianRoot = requireVariable("RUNIKRAFT_GUEST_LINUX_ROOT");
const files = join(root, "test/guests/linux/files");

export const kernel = join(linux, "boot", readdirSync(join(linux, "boot"))[0] ?? "");

/**
 * Writes the initramfs. It gets to a shell on the console, and has the drivers of every virtio device; with
 * `root=/dev/vda` on the kernel's command line it starts /sbin/init of that disk.
 */
export function makeInitramfs(output: string): string {
  const { release, files: modules } = moduleTree(linux, join(output, ".."));
  const folders = [
    "bin",
    "dev",
    "etc",
    "lib",
    "lib/modules",
    `lib/modules/${release}`,
    "mnt",
    "proc",
    "root",
    "run",
  ];
  const entries: CpioEntry[] = [
    ...[...folders, "sbin", "sys", "tmp", "usr", "usr/bin", "usr/sbin"].map(
      (path): CpioEntry => ({ kind: "directory", path }),
    ),
    // Without it the kernel gives the first program no standard output.
    { kind: "character-device", path: "dev/console", major: 5, minor: 1 },
    { kind: "file", path: "bin/busybox", content: readFileSync(busybox), mode: 0o755 },
    ...applets().map((path): CpioEntry => ({ kind: "link", path, target: "/bin/busybox" })),
    own("init", "init", 0o755),
    own("inittab", "etc/inittab", 0o644),
    own("udhcpc.script", "etc/udhcpc.script", 0o755),
    ...[...modules].map(
      ([name, content]): CpioEntry => ({
        kind: "file",
        path: `lib/modules/${release}/${name}`,
        content,
        mode: 0o644,
      }),
    ),
  ];
  writeFileSync(output, gzipSync(cpioArchive(entries), { level: 6 }));
  return output;
}

/** Writes an ext4 file system of `size` (as mke2fs says it) with Debian's bash, coreutils and busybox. */
export function makeRootDisk(output: string, size = "192M"): string {
  const tree = `${output}.tree`;
  rmSync(tree, { recursive: true, force: true });
  cpSync(debianRoot, tree, { recursive: true, verbatimSymlinks: true });
  for (const folder of ["dev", "home", "mnt", "proc", "root", "run", "sys", "tmp", "etc"])
    mkdirSync(join(tree, folder), { recursive: true });
  symlinkSync("bash", join(tree, "usr/bin/sh"));
  const present = new Set(["bin", "sbin"].flatMap((folder) => readdirSync(join(tree, "usr", folder))));
  for (const path of applets())
    if (!present.has(path.slice(path.lastIndexOf("/") + 1))) symlinkSync("/bin/busybox", join(tree, path));
  for (const name of ["inittab", "udhcpc.script"]) cpSync(join(files, name), join(tree, "etc", name));
  compileStatic(join(files, "synced-writes.c"), join(tree, "usr/bin/synced-writes"));
  rmSync(output, { force: true });
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", tree, output, size]);
  rmSync(tree, { recursive: true });
  return output;
}

/** Writes an ext4 file system with the kernel and the initramfs in /boot, for a boot loader. */
export function makeBootDisk(output: string, initramfs: string): string {
  const tree = `${output}.tree`;
  mkdirSync(join(tree, "boot"), { recursive: true });
  cpSync(kernel, join(tree, "boot/Image"));
  cpSync(initramfs, join(tree, "boot/initramfs.gz"));
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-d", tree, output, "64M"]);
  rmSync(tree, { recursive: true });
  return output;
}

/** The names under which busybox stands in for programs, with their folders: "bin/ls". */
function applets(): readonly string[] {
  const list = execFileSync("qemu-riscv64", [busybox, "--list-full"], { encoding: "utf8" });
  return list.split("\n").filter((path) => path !== "" && path !== "bin/busybox" && path.includes("/"));
}

function own(name: string, path: string, mode: number): CpioEntry {
  return { kind: "file", path, content: readFileSync(join(files, name)), mode };
}
