import { execFileSync, type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JitMode } from "../../src/cpu/jit/jit.ts";

/** What the guest tests share: Debian's compiler, its riscv64 programs, QEMU, and our own command line. */

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** How the guests are run (`--jit`): the tests say nothing of it, so each holds for every way. */
export const jit = process.env.RUNIKRAFT_TEST_JIT as JitMode | undefined;
export const jitOptions: readonly string[] = jit === undefined ? [] : ["--jit", jit];

/** Debian's riscv64 packages, unpacked by `npm run test:guests`. */
export const guestTree = requireVariable("RUNIKRAFT_GUESTS");
export const busybox = join(guestTree, "usr/bin/busybox");

export function requireVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run these tests with npm run test:guests`);
  return value;
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), "runikraft-test-"));
}

const FLAGS = ["-march=rv64gc", "-mabi=lp64d", "-std=gnu11", "-O2", `-I${join(root, "firmware/include")}`];

/** Compiles and links against Debian's cross glibc, at fixed addresses. */
export function compileStatic(source: string, output: string, ...flags: string[]): string {
  execFileSync("riscv64-linux-gnu-gcc", [
    ...FLAGS,
    "-static",
    ...flags,
    source,
    "-o",
    output,
    "-lm",
    "-lpthread",
  ]);
  return output;
}

/** Compiles and links dynamically: the dynamic linker and libc come from the guest's tree. */
export function compileDynamic(source: string, output: string): string {
  execFileSync("riscv64-linux-gnu-gcc", [...FLAGS, source, "-o", output, "-lm"]);
  return output;
}

/**
 * Compiles with the cross gcc and links as static-PIE against Debian stable's riscv64 glibc, by that release's
 * own riscv64 linker: the cross one of Debian 12 has no start file for static-PIE and crashes when given one.
 */
export function compileStaticPie(source: string, output: string, ...flags: string[]): string {
  const object = `${output}.o`;
  const include = join(guestTree, "usr/include");
  const headers = ["-isystem", join(include, "riscv64-linux-gnu"), "-isystem", include];
  execFileSync("riscv64-linux-gnu-gcc", [
    ...FLAGS,
    ...headers,
    "-fPIE",
    ...flags,
    "-c",
    source,
    "-o",
    object,
  ]);
  const gcc = dirname(
    execFileSync("riscv64-linux-gnu-gcc", ["-print-libgcc-file-name"], { encoding: "utf8" }),
  );
  const inLibc = (name: string) => join(guestTree, "usr/lib/riscv64-linux-gnu", name);
  const inGcc = (name: string) => join(gcc, name);
  execFileSync("qemu-riscv64", [
    ...["-L", guestTree, join(guestTree, "usr/bin/riscv64-linux-gnu-ld")],
    ...["-melf64lriscv", "-static", "-pie", "--no-dynamic-linker", "-z", "text", "--eh-frame-hdr"],
    ...["-o", output, inLibc("rcrt1.o"), inLibc("crti.o"), inGcc("crtbeginS.o"), object, inLibc("libm.a")],
    ...["--start-group", inGcc("libgcc.a"), inGcc("libgcc_eh.a"), inLibc("libc.a"), "--end-group"],
    ...[inGcc("crtendS.o"), inLibc("crtn.o")],
  ]);
  return output;
}

interface RunOptions {
  readonly input?: string | Uint8Array;
  readonly env?: Record<string, string>;
}

export type Run = SpawnSyncReturns<string>;

function run(command: string, args: readonly string[], { input = "", env }: RunOptions): Run {
  return spawnSync(command, args, {
    input,
    encoding: "utf8",
    timeout: 500_000,
    maxBuffer: 64 << 20,
    env: { ...process.env, ...env },
  });
}

/** Our command line, as a user calls it: the program to start, and its arguments. */
export function commandLine([command, ...args]: readonly string[]): readonly [string, ...string[]] {
  const options = command === "run" || command === "boot" ? jitOptions : [];
  return [process.execPath, join(root, "dist/cli.js"), command, ...options, ...args];
}

/** Runs it. */
export function runikraft(args: readonly string[], options: RunOptions = {}): Run {
  const [program, ...rest] = commandLine(args);
  return run(program, rest, options);
}

/** The same program under QEMU's user-mode emulation. */
export function qemu(args: readonly string[], options: RunOptions = {}): Run {
  return run("qemu-riscv64", args, options);
}
