import { describe, expect, test } from "vitest";
import { assemble } from "../isa/assembler/assemble.ts";
import { linkElf } from "../isa/assembler/elf.ts";
import { BareMachine } from "./bare.ts";

const EXIT = `
pass: li a0, 1
exit: la t0, tohost
      sd a0, 0(t0)
spin: j spin
      .data
      .align 3
      .globl tohost
tohost: .dword 0
`;

async function machine(text: string, base = 0x8000_0000n, milliseconds?: () => number) {
  const bytes = linkElf(assemble(text), { base });
  let printed = "";
  const options = {
    ramBytes: 1 << 20,
    print: (output: Uint8Array) => {
      printed += String.fromCharCode(...output);
    },
  };
  const bare = await BareMachine.load(
    bytes,
    "test.elf",
    milliseconds ? { ...options, milliseconds } : options,
  );
  return { bare, printed: () => printed };
}

describe("a bare image", () => {
  test("starts in M-mode at its entry with a0 the hart's number and a1 zero", async () => {
    const { bare } = await machine(`
      .globl _start
      nop
_start: csrr t0, mscratch
      or a0, a0, a1
      slli a0, a0, 1
      ori a0, a0, 1
      j exit
      ${EXIT}`);
    expect(bare.board.hart.pc).toBe(0x8000_0004n);
    expect(bare.run(1000)).toEqual({ exitCode: 0 });
  });

  test("ends with the code that it reports", async () => {
    const { bare } = await machine(`_start: li a0, 85\n j exit\n ${EXIT}`);
    expect(bare.run(1000)).toEqual({ exitCode: 42 });
  });

  test("runs no longer than it may", async () => {
    const { bare } = await machine(`_start: j _start\n ${EXIT}`);
    expect(bare.run(123_456)).toBe("limit");
    expect(bare.board.hart.retired).toBe(123_456);
  });

  test("that waits for nothing that can come is reported", async () => {
    const { bare } = await machine(`_start: wfi\n j _start\n ${EXIT}`);
    expect(bare.run(1_000_000)).toBe("waiting");
  });

  test("must lie in RAM", async () => {
    await expect(machine(`_start: nop\n${EXIT}`, 0x1000_0000n)).rejects.toThrow(/test\.elf.*segment 0.*RAM/);
    await expect(machine(`_start: nop\n.data\n.space 0x200000\n${EXIT}`)).rejects.toThrow(/segment/);
  });
});

describe("the console", () => {
  test("prints what the UART sends and delivers what is typed", async () => {
    const { bare, printed } = await machine(`
_start: li s0, 0x10000000
wait: lbu t0, 5(s0)
      andi t0, t0, 1
      beqz t0, wait
      lbu a0, 0(s0)
      sb a0, 0(s0)
      li t1, '.'
      bne a0, t1, wait
      j pass
      ${EXIT}`);
    bare.board.type(new TextEncoder().encode("echo."));
    expect(bare.run(1_000_000)).toEqual({ exitCode: 0 });
    expect(printed()).toBe("echo.");
  });
});

/** Ends with the number of ticks by which a timer set 1000 ticks ahead was late. */
const TIMER = `
_start: la t0, handler
      csrw mtvec, t0
      li s0, 0x02000000
      li t0, 0xbff8
      add s1, s0, t0
      ld s2, 0(s1)
      addi s2, s2, 1000
      li t0, 0x4000
      add t0, t0, s0
      sd s2, 0(t0)
      li t0, 0x80
      csrw mie, t0
      csrsi mstatus, 8
idle: wfi
      j idle
      .align 2
handler: csrr a0, time
      sub a0, a0, s2
      slli a0, a0, 1
      ori a0, a0, 1
      j exit
      ${EXIT}`;

describe("time", () => {
  test("goes on to the timer while the hart waits, and is the same in every run", async () => {
    const runs = [];
    for (let i = 0; i < 2; i++) {
      const { bare } = await machine(TIMER);
      runs.push([bare.run(1_000_000), bare.board.hart.retired, bare.board.clint.mtime]);
    }
    expect(runs[0][0]).toEqual({ exitCode: 0 });
    expect(runs[1]).toEqual(runs[0]);
  });

  test("interrupts a busy hart when it is due", async () => {
    const { bare } = await machine(TIMER.replace("idle: wfi", "idle: nop"));
    const state = bare.run(1_000_000) as { exitCode: number };
    expect(state.exitCode).toBeLessThanOrEqual(1);
  });

  test("may be the host's: then waiting is the caller's", async () => {
    let now = 1000;
    const { bare } = await machine(TIMER, 0x8000_0000n, () => now);
    expect(bare.run(1_000_000)).toBe("waiting");
    now += 0.1;
    expect(bare.run(1_000_000)).toEqual({ exitCode: 0 });
  });
});
