import { execFileSync, spawnSync } from "node:child_process";
import { rmSync } from "node:fs";

/** A new disk image with an ext2 file system; `options` of mke2fs. */
export function makeDisk(path: string, size: string, ...options: string[]): string {
  rmSync(path, { force: true });
  execFileSync("mke2fs", ["-q", "-t", "ext2", ...options, path, size]);
  return path;
}

/** @throws Error with what e2fsck finds wrong with a file system. */
export function checkDisk(path: string): void {
  const check = spawnSync("e2fsck", ["-fn", path], { encoding: "utf8" });
  if (check.status !== 0) throw new Error(`e2fsck -fn ended with ${check.status}:\n${check.stdout}`);
}

/** Makes changes inside an image: commands of debugfs. */
export function debugfs(path: string, ...commands: string[]): string {
  return execFileSync("debugfs", ["-w", "-f", "-", path], {
    input: commands.join("\n"),
    encoding: "utf8",
    stdio: "pipe",
  });
}
