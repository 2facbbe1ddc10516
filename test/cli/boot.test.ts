import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { assembled, runikraft } from "./command-line.ts";

/** Bare M-mode images built by our own assembler. */

const boot = (elf: string, ...options: string[]) =>
  runikraft(["boot", "--bios", "none", "--kernel", elf, ...options]);

/** Ends through HTIF with the code in a0. */
const END = `
end:    slli a0, a0, 1
        ori a0, a0, 1
        la t0, tohost
        sd a0, 0(t0)
stay:   j stay
        .data
        .balign 8
        .globl tohost, fromhost
tohost: .dword 0
fromhost: .dword 0
`;

const image = (name: string, code: string) =>
  assembled(name, `.text\n.globl _start\n_start:\n${code}\n${END}`, "--base", "0x80000000");

describe("boot --bios none", () => {
  it("ends with the code that the image reports", () => {
    expect(boot(image("pass", "li a0, 0")).status).toBe(0);
    expect(boot(image("fail", "li a0, 37")).status).toBe(37);
  });

  it("never takes a failure for a pass: code 256 is not 0", () => {
    expect(boot(image("wide", "li a0, 256")).status).toBe(1);
  });

  it("prints what the image writes to the UART", () => {
    const code = `
      la s0, text
      li s1, 0x10000000
  1:  lbu t0, 0(s0)
      beqz t0, 2f
      sb t0, 0(s1)
      addi s0, s0, 1
      j 1b
  2:  li a0, 0
      j end
      .section .rodata
text: .asciz "in machine mode\\n"
      .text`;
    const { status, stdout, stderr } = boot(image("uart", code));
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "in machine mode\n", stderr: "" });
  });

  it("runs the sample in firmware/bare, traps and all", () => {
    const sample = fileURLToPath(new URL("../../firmware/dist/bare-hello.elf", import.meta.url));
    const { status, stdout, stderr } = boot(sample);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toBe("Hello from machine mode.\nA trap: cause 2, tval 0xffff.\n");
  });

  it("starts in M-mode with the hart's number in a0", () => {
    expect(boot(image("start", "csrr t0, mstatus\nadd a0, a0, a1\nj end")).status).toBe(0);
  });

  it("gives up at --max-instructions and says so", () => {
    const { status, stderr } = boot(image("loop", "j ."), "--max-instructions", "1000");
    expect(stderr).toBe("runikraft: stopped after 1000 instructions (--max-instructions)\n");
    expect(status).toBe(124);
  });

  it("says when nothing can happen any more", () => {
    const { status, stderr } = boot(image("sleep", "1: wfi\nj 1b"));
    expect(stderr).toMatch(/^runikraft: stopped: the machine waits for an interrupt/);
    expect(status).toBe(1);
  });

  it("refuses an image outside of RAM", () => {
    const low = assembled("low", ".globl _start\n_start: nop\n");
    const { status, stderr } = boot(low);
    expect(status).toBe(3);
    expect(stderr).toMatch(/is not inside RAM/);
  });
});
