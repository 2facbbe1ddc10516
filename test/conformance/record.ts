import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type CpioEntry, cpioArchive } from "../guests/linux/cpio.ts";
import { qemu } from "../guests/linux/emulators.ts";
import { kernel } from "../guests/linux/images.ts";
import { busybox, temporaryFolder } from "../guests/toolchain.ts";
import { areas, compileArea, expectedFolder } from "./suite.ts";

/**
 * `node tools/test-guests.js --run test/conformance/record.ts [AREA…]`: runs the suite under Debian's Linux in
 * qemu-system-riscv64, and keeps what it prints.
 */

const wanted = process.argv.length > 2 ? process.argv.slice(2) : areas;
const folder = temporaryFolder();

const init = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox mkdir -p /dev/pts /dev/shm
/bin/busybox mount -t devpts devpts /dev/pts
/bin/busybox mount -t tmpfs tmpfs /dev/shm
/bin/busybox mount -t tmpfs tmpfs /tmp
cd /tmp
for area in ${wanted.join(" ")}; do
  echo "#### $area"
  PATH=/bin HOME=/ /suite/$area </dev/null
done
echo "#### end"
/bin/busybox poweroff -f
`;

const directories = ["bin", "dev", "proc", "suite", "sys", "tmp", "etc"];
const entries: CpioEntry[] = [
  ...directories.map((path): CpioEntry => ({ kind: "directory", path })),
  { kind: "character-device", path: "dev/console", major: 5, minor: 1 },
  { kind: "file", path: "bin/busybox", content: readFileSync(busybox), mode: 0o755 },
  { kind: "link", path: "bin/sh", target: "busybox" },
  { kind: "file", path: "init", content: Buffer.from(init), mode: 0o755 },
  ...wanted.map(
    (area): CpioEntry => ({
      kind: "file",
      path: `suite/${area}`,
      content: readFileSync(compileArea(area, folder)),
      mode: 0o755,
    }),
  ),
];
const initramfs = join(folder, "initramfs.gz");
writeFileSync(initramfs, gzipSync(cpioArchive(entries), { level: 1 }));

const [command = "", ...args] = qemu({ kernel, initramfs, append: "quiet loglevel=0 panic=-1" });
const { stdout } = spawnSync(command, [...args, "-no-reboot"], {
  encoding: "utf8",
  timeout: 1_500_000,
  maxBuffer: 64 << 20,
  stdio: ["ignore", "pipe", "inherit"],
});
writeFileSync(join(folder, "console.txt"), stdout);
const parts = stdout.replaceAll("\r", "").split("#### ").slice(1);
if (parts.pop()?.startsWith("end\n") !== true) throw new Error(`it did not come to its end: see ${folder}`);
mkdirSync(expectedFolder, { recursive: true });
for (const part of parts) {
  const line = part.indexOf("\n");
  writeFileSync(join(expectedFolder, `${part.slice(0, line)}.txt`), part.slice(line + 1));
}
process.stdout.write(`${parts.length} areas recorded\n`);
