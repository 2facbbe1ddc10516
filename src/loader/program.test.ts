import { describe, expect, it } from "vitest";
import { PT_GNU_STACK, PT_INTERP, RecordingTarget, smallProgram, text } from "../../test/loader/elf-file.ts";
import { parseElf } from "./elf.ts";
import { type LoadOptions, loadProgram } from "./program.ts";

const ids = { uid: 0, euid: 0, gid: 0, egid: 0 };
const options: LoadOptions = { argv: ["hello"], envp: [], path: "/hello", ids, seed: 9n };
const interpreter = await parseElf(smallProgram("dyn"), "ld.so");
const dynamic = await parseElf(
  smallProgram("dyn", [{ type: PT_INTERP, bytes: text("/lib/ld.so\0") }]),
  "hello",
);
const fixed = await parseElf(smallProgram("exec", [{ type: PT_GNU_STACK, flags: "rwx" }]), "hello");

describe("a loaded program", () => {
  it("is entered at its entry point", () => {
    const target = new RecordingTarget();
    const { entry, stackPointer, layout } = loadProgram(target, fixed, undefined, options);
    expect(entry).toBe(0x11000);
    expect(target.read(stackPointer, 8)).toEqual(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0));
    expect(stackPointer).toBeLessThan(layout.stackTop);
  });

  it("is entered at its interpreter's where it has one", () => {
    const target = new RecordingTarget();
    const { entry, layout } = loadProgram(target, dynamic, interpreter, options);
    expect(entry).toBe(interpreter.entry + layout.interpreterBase);
    const names = target.mappings.map((mapping) => mapping.name);
    expect(names).toEqual([
      ...["hello", "hello", "hello", "ld.so", "ld.so", "ld.so"],
      ...["[vvar]", "[vdso]", "[stack]"],
    ]);
    expect(target.guards.map((guard) => guard.name)).toEqual([
      "[heap guard]",
      "[heap guard]",
      "[stack guard]",
    ]);
  });

  it("has a sigreturn trampoline that can only be read and executed", () => {
    const target = new RecordingTarget();
    const { sigreturn } = loadProgram(target, fixed, undefined, options);
    // li a7, 139; ecall
    expect([...target.read(sigreturn, 8)]).toEqual([0x93, 0x08, 0xb0, 0x08, 0x73, 0, 0, 0]);
    expect(target.mappings.find(({ start, end }) => start <= sigreturn && sigreturn < end)).toMatchObject({
      write: false,
      execute: true,
    });
  });

  it("has nothing writable and executable, whatever its stack header asks for", () => {
    const target = new RecordingTarget();
    loadProgram(target, fixed, undefined, options);
    expect(target.mappings.filter((one) => one.write && one.execute)).toEqual([]);
  });

  it("has an executable stack where it asks for it and that is allowed", () => {
    const target = new RecordingTarget();
    loadProgram(target, fixed, undefined, { ...options, allowWx: true });
    expect(target.mappings.find((one) => one.name === "[stack]")).toMatchObject({
      write: true,
      execute: true,
    });
    const plain = new RecordingTarget();
    loadProgram(plain, dynamic, interpreter, { ...options, allowWx: true });
    expect(plain.mappings.find((one) => one.name === "[stack]")).toMatchObject({ execute: false });
  });

  it("has a stack of the size asked for", () => {
    const target = new RecordingTarget();
    const { layout } = loadProgram(target, fixed, undefined, { ...options, stackSize: 0x20000 });
    expect(layout.stack.end - layout.stack.start).toBe(0x20000);
  });
});

describe("refused", () => {
  it("without the interpreter it names", () => {
    expect(() => loadProgram(new RecordingTarget(), dynamic, undefined, options)).toThrow(
      "hello: ELF PT_INTERP is /lib/ld.so, a program interpreter that the guest has no file of (--root gives it one)",
    );
  });

  it("with an interpreter at fixed addresses", () => {
    expect(() => loadProgram(new RecordingTarget(), dynamic, { ...fixed, name: "ld.so" }, options)).toThrow(
      "ld.so: ELF e_type is 2 (EXEC), not 3 (DYN), in a program interpreter",
    );
  });
});
