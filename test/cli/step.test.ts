import { describe, expect, it } from "vitest";
import { assembled, runikraft } from "./command-line.ts";

const PROGRAM = assembled(
  "steps",
  `
        .option pic
        .text
        .globl _start
_start: li s0, 2
again:  call work
back:   addi s0, s0, -1
        bnez s0, again
        li a0, 1
        la a1, text
        li a2, 6
        li a7, 64
        ecall
        li a0, 5
        li a7, 93
done:   ecall
work:   addi a0, a0, 1
        ret
        .section .rodata
text:   .ascii "shown\\n"
`,
);

const step = (...commands: string[]) =>
  runikraft(["step", "--no-aslr", PROGRAM], { input: commands.map((command) => `${command}\n`).join("") });

/** The instruction that the last "=>" names. */
const current = (stdout: string) =>
  stdout
    .match(/=> \S+ <([^>]+)>/g)
    ?.at(-1)
    ?.match(/<(.*)>/)?.[1];

describe("the stepper", () => {
  it("shows the first instruction, without a prompt where nobody types", () => {
    const { status, stdout, stderr } = step("q");
    expect(stdout).toMatch(
      /^=> [\da-f]+ <_start>: +\w+ +li s0,2\nthis is the first instruction\n {3}step 0, 0 ins/,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("s executes one, or several, and says what changed; an empty line is s", () => {
    const { stdout } = step("s", "");
    expect(stdout).toMatch(/li s0,2\n {5}s0 = 2\n {5}s0: 0x0 -> 0x2\n/);
    expect(stdout).toContain("step 2, 2 instructions");
    expect(step("s 4").stdout).toContain("step 4, 4 instructions");
  });

  it("b goes back, and n over a call", () => {
    expect(current(step("s", "n").stdout)).toMatch(/^(again\+0x4|back)$/);
    expect(current(step("u back", "n", "b").stdout)).toBe("back");
    expect(step("s 4", "b 3").stdout).toMatch(/step 1, 1 instructions retired\n$/);
    expect(current(step("u work", "b 100").stdout)).toBe("_start");
  });

  it("c runs to breakpoints, then to the end, and output is shown once", () => {
    const { stdout } = step("c work", "c", "c", "b", "c");
    expect(stdout.match(/breakpoint at 0x[\da-f]+ <work>/g)?.length).toBe(2);
    expect(stdout.match(/^shown$/gm)?.length).toBe(1);
    expect(stdout.match(/the program has ended with status 5/g)?.length).toBe(2);
  });

  it("r, x, w, m, t and h look", () => {
    const { stdout } = step("u done", "r", "x text 6", "w pc", "m", "t", "h addi", "h", "x sp+8 8");
    expect(stdout).toMatch(/a0 0000000000000005/);
    expect(stdout).toMatch(/73 68 6f 77 6e 0a +shown\./);
    expect(stdout).toMatch(
      /level 2: [\s\S]*level 1: [\s\S]*level 0: [\s\S]*in user mode it may be read, executed/,
    );
    expect(stdout).toMatch(/r-x +\/bin\/steps\.elf +code: readable and executable, so not writable/);
    expect(stdout).toMatch(/rw- +\[stack\]/);
    expect(stdout).toMatch(/last traps:\n.*system call\n/);
    expect(stdout).toMatch(/last system calls:\n +write\(1, "shown\\n", 6\) += 6\n/);
    expect(stdout).toMatch(/addi rd,rs1,imm\n {2}\S.*\n {2}imm\[11:0\] rs1 000 rd 0010011\n/);
  });

  it("s shows what a store changed in memory", () => {
    const source = ".globl _start\n_start: li a0, 7\nsd a0, -8(sp)\nnop\n";
    const program = assembled("store", source);
    const { stdout } = runikraft(["step", "--no-aslr", program], { input: "s 3\n" });
    expect(stdout).toMatch(/\[0x3eff[\da-f]+\]: 0x0 -> 0x7\n/);
  });

  it("takes every 64-bit address", () => {
    const { stdout } = step(
      "w 0xffffffc000000000",
      "w 0x4000000000",
      "w ffffffffffffffff+0x1001",
      "x t3+0xffff",
    );
    expect(stdout).toMatch(/walk for 0xffffffc000000000\nlevel 2: entry 256, .*\n.*V is 0/);
    expect(stdout).toMatch(/0x4000000000: bits 63 to 39 differ from bit 38: no Sv39 address\n/);
    expect(stdout).toMatch(/walk for 0x1000\n/);
    expect(stdout).toMatch(/nothing is mapped at 0xffff\n/);
  });

  it("tells of an instruction in the user's language", () => {
    const env = { RUNIKRAFT_LANG: "zh" };
    const { stdout } = runikraft(["step", PROGRAM], { input: "h addi\n", env });
    expect(stdout).toMatch(/addi rd,rs1,imm\n {2}把 imm 与 rs1 相加/);
  });

  it("says what it does not understand, and goes on", () => {
    const { status, stdout } = step("z", "u", "u nowhere", "x 10", "h frobnicate", "c", "s");
    expect(stdout).toMatch(/no command "z"/);
    expect(stdout).toMatch(/u needs an address/);
    expect(stdout).toMatch(/"nowhere" is no address, symbol or register/);
    expect(stdout).toMatch(/nothing is mapped at 0x10/);
    expect(stdout).toMatch(/no instruction is called "frobnicate"/);
    expect(stdout).toMatch(/there are no breakpoints/);
    expect(status).toBe(0);
  });
});
