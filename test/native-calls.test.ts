import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { errno } from "../src/kernel/syscalls/errno.ts";
import { NATIVE_BASE, NATIVE_CALLS, nativeNumbers } from "../src/kernel/syscalls/native.ts";
import { isNativeProgram } from "../src/loader/native-note.ts";
import { guest } from "../src/machine/hosted-fixture.ts";
import { FOR_DISKS, FOR_NATIVE, STANDARD, usualLibraries } from "../src/machine/libraries.ts";

const NATIVE = Object.entries(nativeNumbers)
  .map(([name, number]) => `.equ ${name.toUpperCase()}, ${NATIVE_BASE + number}\n`)
  .join("");
const linked = [...STANDARD, ...FOR_NATIVE];

/** The exit status is what the program left in a0. */
const program = (body: string) => `${NATIVE}
_start: ${body}
        li a7, EXIT_GROUP
        ecall
`;

async function exitOf(body: string, options: Parameters<typeof guest>[1] = { linked }) {
  const { machine, trace, unsupported } = await guest(program(body), options);
  return { outcome: await machine.run(10_000_000), machine, trace, unsupported };
}

describe("native calls", () => {
  test("are there where their library is linked, traced and counted by name", async () => {
    const body = `
        li a0, 0
        li a1, 100
        li a7, RK_MALLOC
        ecall
        sd a0, 92(a0)
        mv a1, a0
        li a0, 0
        li a7, RK_FREE
        ecall
        bnez a0, end
        li a7, RK_VERSION
        ecall
end:`;
    const { outcome, machine, trace } = await exitOf(body);
    expect(outcome).toEqual({ kind: "exit", code: 1 });
    expect(trace[0]).toMatch(/^rk_malloc\(0, 100\) += 0x[0-9a-f]+$/);
    expect(trace[1]).toMatch(/^rk_free\(0, 0x[0-9a-f]+\) += 0$/);
    expect(machine.stats.syscalls).toMatchObject({ rk_malloc: 1, rk_free: 1, rk_version: 1 });
  });

  test("are ENOSYS where it is not", async () => {
    for (const number of [0, nativeNumbers.rk_malloc, 127]) {
      const body = `
        li a7, ${NATIVE_BASE + number}
        ecall
        neg a0, a0`;
      const { outcome } = await exitOf(body, {});
      expect(outcome).toEqual({ kind: "exit", code: errno.ENOSYS });
    }
    const { unsupported } = await exitOf("li a7, RK_MAILBOX_POST\n ecall", {});
    expect(unsupported).toEqual(["rk_mailbox_post"]);
  });

  test("are ENOSYS on both sides of their range, and in it where there is none", async () => {
    for (const number of [NATIVE_BASE - 1, NATIVE_BASE + NATIVE_CALLS, NATIVE_BASE + 15, 0x7fff_ffff]) {
      const { outcome } = await exitOf(`li a7, ${number}\n ecall\n neg a0, a0`);
      expect(outcome).toEqual({ kind: "exit", code: errno.ENOSYS });
    }
  });
});

describe("a program that says it is made for them", () => {
  /** As much of an ELF file as has a note: the header, one program header, and the notes. */
  function withNotes(...notes: readonly (readonly [name: string, size: number])[]): Uint8Array {
    const bytes = new Uint8Array(400);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(32, 64n, true);
    view.setUint16(56, 1, true);
    view.setUint32(64, 4, true);
    view.setBigUint64(72, 120n, true);
    let at = 120;
    for (const [name, size] of notes) {
      view.setUint32(at, name.length, true);
      view.setUint32(at + 4, size, true);
      bytes.set(new TextEncoder().encode(name), at + 12);
      at += 12 + Math.ceil(name.length / 4) * 4 + Math.ceil(size / 4) * 4;
    }
    view.setBigUint64(96, BigInt(at - 120), true);
    return bytes;
  }

  test("has them linked without a word", () => {
    const names = (bytes: Uint8Array, hasDisks: boolean) =>
      usualLibraries(bytes, hasDisks).map(({ name }) => name);
    const made = withNotes(["GNU\0", 20], ["Runikraft\0", 0]);
    expect(isNativeProgram(made)).toBe(true);
    const all = names(made, true);
    expect(all).toEqual(expect.arrayContaining([...linked, ...FOR_DISKS].map(({ name }) => name)));
    expect(new Set(all).size).toBe(all.length);
    expect(names(withNotes(["GNU\0", 20], ["Runikrafts", 0]), false)).toEqual(
      STANDARD.map(({ name }) => name),
    );
  });

  test("is told from others, however broken they are", () => {
    const other = readFileSync(new URL("../firmware/prebuilt/posix-tour.elf", import.meta.url));
    expect(isNativeProgram(other)).toBe(false);
    for (const length of [0, 10, 64, 100, 200, 300])
      expect(isNativeProgram(other.subarray(0, length))).toBe(false);
    const wild = Uint8Array.from(other.subarray(0, 4096));
    wild.fill(0xff, 32, 64);
    expect(isNativeProgram(wild)).toBe(false);
    const endless = withNotes(["Runikraft\0", 0]);
    endless.fill(0xff, 120, 132);
    expect(isNativeProgram(endless)).toBe(false);
  });
});
