import { describe, expect, it } from "vitest";
import { elfFile, smallProgram } from "../../test/loader/elf-file.ts";
import { parseElf } from "./elf.ts";
import { chooseLayout, type Layout } from "./layout.ts";
import { type Arguments, AT, buildStack, type InitialStack } from "./stack.ts";

const image = await parseElf(smallProgram("dyn"), "hello");
const layout = chooseLayout(image, image, { seed: 3n, aslr: true, stackSize: 8 * 2 ** 20 });
const ids = { uid: 1, euid: 2, gid: 3, egid: 4 };
const start: Arguments = { argv: ["hello", "wörld", ""], envp: ["A=1", "B="], path: "/bin/hello", ids };

/** Reads a built stack as a program's startup code does. */
function readBack(stack: InitialStack) {
  const view = new DataView(stack.bytes.buffer);
  let at = 0;
  const next = () => {
    at += 8;
    return Number(view.getBigUint64(at - 8, true));
  };
  const string = (address: number) => {
    const from = address - stack.stackPointer;
    return new TextDecoder().decode(stack.bytes.subarray(from, stack.bytes.indexOf(0, from)));
  };
  const pointers = () => {
    const found = [];
    for (let address = next(); address !== 0; address = next()) found.push(string(address));
    return found;
  };
  const argc = next();
  const argv = pointers();
  const envp = pointers();
  const auxv = new Map<number, number>();
  for (let type = next(); type !== AT.null; type = next()) auxv.set(type, next());
  return { argc, argv, envp, auxv, string };
}

describe("the initial stack", () => {
  const stack = buildStack(image, layout, start);
  const { argc, argv, envp, auxv, string } = readBack(stack);

  it("is aligned and ends at the top", () => {
    expect(stack.stackPointer % 16).toBe(0);
    expect(stack.stackPointer + stack.bytes.length).toBe(layout.stackTop);
    expect(stack.bytes.subarray(-8)).toEqual(new Uint8Array(8));
  });

  it("holds the arguments and the environment", () => {
    expect(argc).toBe(3);
    expect(argv).toEqual(["hello", "wörld", ""]);
    expect(envp).toEqual(["A=1", "B="]);
  });

  it("says where the program is", () => {
    expect(auxv.get(AT.entry)).toBe(image.entry + layout.base);
    expect(auxv.get(AT.base)).toBe(layout.interpreterBase);
    expect(auxv.get(AT.phnum)).toBe(2);
    expect(auxv.get(AT.phent)).toBe(56);
    expect(string(auxv.get(AT.execfn) ?? 0)).toBe("/bin/hello");
  });

  it("says who runs it, and on what", () => {
    expect([AT.uid, AT.euid, AT.gid, AT.egid, AT.secure].map((type) => auxv.get(type))).toEqual([
      1, 2, 3, 4, 0,
    ]);
    expect(auxv.get(AT.pagesz)).toBe(4096);
    expect(auxv.get(AT.clktck)).toBe(100);
    // What Linux gives on RV64GC.
    expect(auxv.get(AT.hwcap)).toBe(0x112d);
  });

  it("points to the layout's random bytes", () => {
    const from = (auxv.get(AT.random) ?? 0) - stack.stackPointer;
    expect(stack.bytes.subarray(from, from + 16)).toEqual(layout.random);
  });

  it("keeps its shape for any number of words", () => {
    for (let count = 0; count < 8; count++) {
      const argv = Array.from({ length: count }, (_, i) => "x".repeat(i));
      const built = buildStack(image, layout, { ...start, argv, envp: [] });
      expect(built.stackPointer % 16).toBe(0);
      expect(readBack(built).argv).toEqual(argv);
    }
  });

  it("passes bytes that are not text as they are", () => {
    const { stackPointer, bytes } = buildStack(image, layout, {
      ...start,
      argv: [Uint8Array.of(0xff, 0xfe)],
    });
    const at = Number(new DataView(bytes.buffer).getBigUint64(8, true)) - stackPointer;
    expect(bytes.subarray(at, at + 3)).toEqual(Uint8Array.of(0xff, 0xfe, 0));
  });
});

it("says where the program headers are where a segment holds them", async () => {
  const file = elfFile({
    type: "dyn",
    entry: 0x100,
    segments: [{ flags: "rx", vaddr: 0, offset: 0, memsz: 0x1000 }],
  });
  const whole = new Uint8Array(0x1000);
  whole.set(file);
  new DataView(whole.buffer).setBigUint64(64 + 32, 0x1000n, true);
  const held = await parseElf(whole, "hello");
  const placed = chooseLayout(held, undefined, { seed: 3n, aslr: true, stackSize: 8 * 2 ** 20 });
  expect(readBack(buildStack(held, placed, start)).auxv.get(AT.phdr)).toBe(placed.base + 64);
});

describe("too much", () => {
  const build = (argv: string[], stack: Partial<Layout> = {}) =>
    buildStack(image, { ...layout, ...stack }, { ...start, argv });

  it("in one string is E2BIG", () => {
    expect(build(["x".repeat(131071)]).bytes.length).toBeGreaterThan(131071);
    expect(() => build(["x".repeat(131072)])).toThrow(
      expect.objectContaining({
        errno: "E2BIG",
        message: "hello: an argument or environment string takes 131073 bytes, more than the limit of 131072",
      }),
    );
  });

  it("together, pointers included, is E2BIG", () => {
    // 2,090,000 bytes of strings, and 8 for each pointer.
    const many = Array.from({ length: 1000 }, () => "x".repeat(2089));
    expect(() => build(many)).toThrow(expect.objectContaining({ errno: "E2BIG" }));
    expect(() => build(many.slice(1))).not.toThrow();
  });

  it("is a quarter of the stack", () => {
    const small = { stack: { start: layout.stack.end - 2 ** 20, end: layout.stack.end } };
    expect(() => build(["x".repeat(130000), "x".repeat(130000), "x".repeat(130000)], small)).toThrow(
      expect.objectContaining({ errno: "E2BIG" }),
    );
  });
});
