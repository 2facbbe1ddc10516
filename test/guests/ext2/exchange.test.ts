import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openRawDisk } from "../../../src/host/disk.ts";
import { kernel, makeInitramfs } from "../linux/images.ts";
import { MachineGuest } from "../linux/machine-guest.ts";
import { busybox, runikraft, temporaryFolder } from "../toolchain.ts";
import { checkDisk, debugfs, makeDisk } from "./disk.ts";

/** Disks written by Linux and e2fsprogs are read here, and the other way round. */

const folder = temporaryFolder();
const disk = join(folder, "disk.img");

/** What is below the working directory: types, modes, links, sizes and sums. */
const LIST = `find . ! -name lost+found ! -path ./lost+found -exec stat -c '%n %f %h %s' {} + | grep -v '^[.] ' | sort
find . -type l -exec readlink {} \\; | sort
find . -type f -exec md5sum {} + | sort -k2`;

/** A tree with everything in it, made in a shell. */
const MAKE = `mkdir -p deep/er/est wide empty
for i in $(seq 1 300); do echo $i > wide/file-with-a-long-name-$i; done
for i in $(seq 1 3 300); do rm wide/file-with-a-long-name-$i; done
dd if=/bin/busybox of=deep/big bs=1k seek=70000 2>/dev/null
cp /bin/busybox deep/er/copy
ln deep/er/copy deep/er/est/link
ln -s short fast
ln -s $(printf '%0100d' 7) slow
mkfifo fifo
chmod 4751 deep/er/copy
mv deep/er/est moved
echo -n > none
dd if=/bin/busybox of=shrunk bs=1k count=400 2>/dev/null
truncate -s 5000 shrunk
`;

/** Runs a shell script here in the disk's root; what it prints. */
function here(script: string, mode: "ro" | "rw" = "rw"): string {
  const run = runikraft([
    "run",
    "--mount",
    `${disk}:/disk:${mode}`,
    "--cwd",
    "/disk",
    busybox,
    "sh",
    "-c",
    script,
  ]);
  expect(run.stderr).toBe("");
  expect(run.status).toBe(0);
  return run.stdout;
}

/** Runs commands under Linux in the disk's root; what they print. */
async function onLinux(...commands: string[]): Promise<string> {
  const initramfs = makeInitramfs(join(folder, "initramfs.gz"));
  const drive = await openRawDisk(disk, { readOnly: false });
  const guest = await MachineGuest.boot({ kernel, initramfs, drives: [drive] });
  await guest.run("mount -t ext2 /dev/vda /mnt && cd /mnt");
  let printed = "";
  for (const command of commands) printed += await guest.run(command);
  await guest.run("cd / && umount /mnt");
  guest.machine.type("poweroff\n");
  await guest.ended;
  await guest.machine.close();
  return printed;
}

/** An empty disk, but for the scripts. */
function startOver(blockSize: string): void {
  makeDisk(disk, "96M", "-b", blockSize);
  writeFileSync(join(folder, "make"), MAKE);
  writeFileSync(join(folder, "list"), LIST);
  debugfs(disk, `write ${join(folder, "make")} make`, `write ${join(folder, "list")} list`);
}

test("Linux reads what is written here, and writes what is read here", async () => {
  startOver("1024");
  here("sh make");
  checkDisk(disk);
  const mine = here("sh list");
  expect(mine.split("\n").length).toBeGreaterThan(400);
  expect(await onLinux("sh list")).toBe(mine);

  startOver("4096");
  const theirs = await onLinux("sh make", "sh list");
  checkDisk(disk);
  expect(here("sh list", "ro")).toBe(theirs);
  // Also what Linux left is changed and stays whole: large directories have hash trees.
  here(
    "rm -r wide/*5; for i in $(seq 1000 1300); do echo $i > wide/$i; done; mv wide/1000 deep; rm -r moved",
  );
  checkDisk(disk);
  expect(await onLinux("sh list")).toBe(here("sh list"));
});

test("reads what mke2fs and debugfs make", () => {
  const tree = join(folder, "tree");
  mkdirSync(join(tree, "a/b"), { recursive: true });
  const big = Buffer.alloc(3_000_000, "0123456789abcdef");
  writeFileSync(join(tree, "a/big"), big);
  symlinkSync("a/big", join(tree, "link"));
  makeDisk(disk, "64M", "-b", "1024", "-d", tree);
  debugfs(
    disk,
    "mkdir made",
    "cd made",
    "mknod null c 1 3",
    `symlink away ${"y".repeat(90)}`,
    "ln /a/big again",
  );
  debugfs(disk, "set_inode_field /a/big links_count 2");
  const printed = here(
    "md5sum a/big made/again; readlink made/away; stat -c '%F %t %T' made/null; cat link | wc -c",
    "ro",
  );
  const sum = execFileSync("md5sum", [join(tree, "a/big")], { encoding: "utf8" }).slice(0, 32);
  expect(printed).toBe(
    `${sum}  a/big\n${sum}  made/again\n${"y".repeat(90)}\ncharacter special file 1 3\n3000000\n`,
  );
});

test("a disk that is only mounted to be read stays as it is", () => {
  makeDisk(disk, "8M");
  const before = readFileSync(disk);
  const run = runikraft(["run", "--mount", `${disk}:/disk`, busybox, "touch", "/disk/x"]);
  expect(run.stderr).toContain("Read-only file system");
  expect(readFileSync(disk).equals(before)).toBe(true);
});

test("refuses what is no ext2 in one line", () => {
  const refusal = (...options: string[]) => {
    execFileSync("mke2fs", ["-q", "-F", ...options, disk, "16M"], { stdio: "pipe" });
    const run = runikraft(["run", "--mount", `${disk}:/disk`, busybox, "true"]);
    expect(run.status).toBe(3);
    return run.stderr;
  };
  expect(refusal("-t", "ext4")).toMatch(/^runikraft: .*needs what ext2 does not have: .*extent.*\n$/);
  writeFileSync(disk, Buffer.alloc(1 << 20));
  expect(runikraft(["run", "--mount", `${disk}:/disk`, busybox, "true"]).stderr).toMatch(
    /no ext2 file system.*\n$/,
  );
});
