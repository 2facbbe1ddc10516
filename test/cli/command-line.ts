import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The built command line, as a user calls it. */

export const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
export const folder = mkdtempSync(join(tmpdir(), "runikraft-cli-"));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CallOptions {
  readonly input?: string;
  readonly env?: Record<string, string>;
}

export function runikraft(args: readonly string[], { input = "", env = {} }: CallOptions = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    input,
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, RUNIKRAFT_LANG: "", RUNIKRAFT_DEBUG: "", ...env },
  });
  return { status, stdout, stderr };
}

/** A file in a folder of this test run. */
export function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Assembles a program with the command line and gives the ELF file's path. */
export function assembled(name: string, source: string, ...options: string[]): string {
  const output = join(folder, `${name}.elf`);
  const result = runikraft(["asm", file(`${name}.S`, source), "-o", output, ...options]);
  if (result.status !== 0) throw new Error(result.stderr);
  return output;
}
