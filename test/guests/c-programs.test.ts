import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  compileDynamic,
  compileStatic,
  compileStaticPie,
  guestTree,
  qemu,
  root,
  runikraft,
  temporaryFolder,
} from "./toolchain.ts";

/** C programs print under runikraft exactly what they print under qemu-riscv64, and end the same way. */

const folder = temporaryFolder();
const ARGUMENTS = ["first", "two words", "--mem", ""];

const INPUT = "first line\nsecond\n\nlast, without an end";

function expectSameAsQemu(program: string): void {
  const theirs = qemu([program, ...ARGUMENTS], { input: INPUT, env: { GUEST_VARIABLE: "a value" } });
  const ours = runikraft(["run", "--env", "GUEST_VARIABLE=a value", program, ...ARGUMENTS], { input: INPUT });
  expect(ours.stderr).toBe("");
  expect(ours.stdout).toBe(theirs.stdout);
  expect(ours.status).toBe(theirs.status);
}

describe("posix-tour", () => {
  const source = join(root, "firmware/c/posix-tour.c");

  it("prints the same as under qemu-riscv64, as committed", () => {
    const program = join(root, "firmware/prebuilt/posix-tour.elf");
    expectSameAsQemu(program);
    expect(runikraft(["run", program]).stdout).toMatch(/\nall as it should be\n$/);
  });

  it("prints the same as static glibc built now", () => {
    expectSameAsQemu(compileStatic(source, join(folder, "tour-static")));
  });

  it("prints the same as static-PIE, under several layouts", () => {
    const program = compileStaticPie(source, join(folder, "tour-static-pie"));
    expectSameAsQemu(program);
    const expected = qemu([program]).stdout;
    for (const option of ["--no-aslr", "--aslr-seed=1", "--aslr-seed=2", "--deterministic"])
      expect(runikraft(["run", option, program]).stdout).toBe(expected);
  });
});

describe("small programs", () => {
  const programs = join(root, "test/guests/programs");
  for (const name of readdirSync(programs)) {
    it(`${name} does the same as under qemu-riscv64, static and static-PIE`, () => {
      const source = join(programs, name);
      expectSameAsQemu(compileStatic(source, join(folder, `${name}.static`)));
      expectSameAsQemu(compileStaticPie(source, join(folder, `${name}.pie`)));
    });
  }
});

describe("a dynamic program", () => {
  it("is started by the interpreter that it names, from --root", () => {
    const program = compileDynamic(join(root, "test/guests/programs/start.c"), join(folder, "start-dynamic"));
    const theirs = qemu(["-L", guestTree, program, ...ARGUMENTS]);
    const ours = runikraft(["run", "--root", guestTree, program, ...ARGUMENTS]);
    expect(ours.stderr).toBe("");
    expect(ours.stdout).toBe(theirs.stdout);
    expect(ours.status).toBe(theirs.status);
    // Without it, one line says what is missing.
    const alone = runikraft(["run", program]);
    expect(alone.stderr).toMatch(/^runikraft: .*ld-linux-riscv64-lp64d\.so\.1.*\n$/);
    expect(alone.status).toBe(3);
  });
});

describe("a program that dies", () => {
  const source = join(root, "test/guests/crash/dies.c");
  const program = compileStatic(source, join(folder, "dies"));
  const SIGNALS: Record<string, number> = {
    abort: 6,
    segv: 11,
    ill: 4,
    trap: 5,
    term: 15,
    stack: 11,
    text: 11,
  };

  for (const [way, signal] of Object.entries(SIGNALS)) {
    it(`of ${way} gives 128 + ${signal} and says so`, () => {
      const theirs = qemu([program, way]);
      const ours = runikraft(["run", "--aslr-seed", "5", program, way]);
      expect(constants.signals[theirs.signal as NodeJS.Signals]).toBe(signal);
      expect(ours.status).toBe(128 + signal);
      expect(ours.stdout).toBe(theirs.stdout);
      expect(ours.stderr).toMatch(/^runikraft: /);
      // A signal that somebody sent says nothing of the program: one line.
      if (way === "term") expect(ours.stderr).toBe("runikraft: killed by SIGTERM (signal 15)\n");
      else expect(ours.stderr).toContain("--aslr-seed 5");
    });
  }

  it("shows what the address lies in, where it was and how it got there", () => {
    const stack = runikraft(["run", program, "stack"]).stderr;
    expect(stack).toMatch(/in the guard pages below the stack: the stack overflowed\n/);
    expect(stack.match(/#\d+ 0x\w+ overflow_the_stack\+0x/g)?.length).toBe(16);
    const text = runikraft(["run", program, "text"]).stderr;
    expect(text).toMatch(/write_to_text\+0x/);
    expect(text).toMatch(/\bs[bhwd]\b/);
    expect(text).toMatch(/main\+0x/);
  });
});

describe("committed firmware", () => {
  it("is what building it again gives, byte for byte", () => {
    const built = temporaryFolder();
    const result = spawnSync(process.execPath, [join(root, "tools/firmware.js"), built], {
      encoding: "utf8",
    });
    expect(result.stderr).toBe("");
    const names = readdirSync(join(root, "firmware/prebuilt"));
    expect(readdirSync(built).sort()).toEqual(names.sort());
    for (const name of names)
      expect(
        readFileSync(join(built, name)).equals(readFileSync(join(root, "firmware/prebuilt", name))),
        name,
      ).toBe(true);
  });
});
