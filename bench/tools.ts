import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BenchError } from "./child.ts";

export const GCC = "riscv64-linux-gnu-gcc";
export const GCC_FLAGS = ["-O2", "-static"];
export const HOST_GCC = "gcc";
/** No fused multiplication-add: what floating point prints is then the same on every host. */
export const HOST_GCC_FLAGS = ["-O2", "-ffp-contract=off"];
export const QEMU = "qemu-riscv64";
export const QEMU_SYSTEM = "qemu-system-riscv64";

const PACKAGES: Record<string, string> = {
  [GCC]: "gcc-riscv64-linux-gnu",
  [HOST_GCC]: "gcc libc6-dev",
  [QEMU]: "qemu-user",
  [QEMU_SYSTEM]: "qemu-system-misc",
};

/**
 * First line of what the tool says its version is. Throws `BenchError` where it cannot be started, naming the Debian
 * package to install if there is one.
 */
export function toolVersion(command: string): string {
  const { stdout, error } = spawnSync(command, ["--version"], { encoding: "utf8" });
  if (!error) return stdout.split("\n")[0];
  const remedy = PACKAGES[command] ? `: apt-get install ${PACKAGES[command]}` : "";
  throw new BenchError(`${command} is missing${remedy}`);
}

/** The folder of the project, from wherever below it this file's bundle stands. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "bench/programs"))) {
    if (folder === dirname(folder)) throw new BenchError("bench/programs is missing");
    folder = dirname(folder);
  }
  return folder;
}

/** Our command line. */
export const commandLine = (): string => join(projectRoot(), "dist/cli.js");
