/**
 * Builds firmware/c into firmware/prebuilt, or into the folder given. The results are committed because gcc is
 * not an npm package; test/guests rebuilds them and compares the bytes.
 *
 *     node tools/firmware.js [FOLDER]
 *
 * What is committed was built by Debian 12's gcc-riscv64-linux-gnu (gcc 12.2.0, glibc 2.36).
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { root } from "./stale.js";

// Nothing of the machine that builds may get into the file: no paths, no build id, no compiler's comment.
const FLAGS = [
  ...["-march=rv64gc", "-mabi=lp64d", "-std=gnu11", "-Os", "-static", "-s"],
  ...["-Wall", "-Wextra", "-Werror"],
  ...["-fno-ident", "-ffile-prefix-map=./=", "-Wl,--build-id=none", "-Ifirmware/include"],
];

const folder = resolve(process.argv[2] ?? join(root, "firmware/prebuilt"));
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(join(root, "firmware/c")).filter((file) => file.endsWith(".c"))) {
  const output = join(folder, name.replace(/\.c$/, ".elf"));
  const args = [...FLAGS, join("firmware/c", name), "-o", output, "-lm"];
  execFileSync("riscv64-linux-gnu-gcc", args, { cwd: root, stdio: "inherit" });
}
