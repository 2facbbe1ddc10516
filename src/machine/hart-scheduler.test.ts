import { describe, expect, test } from "vitest";
import { assemble } from "../isa/assembler/assemble.ts";
import { ADDRESS_MAP, Board, type BoardOptions } from "./board.ts";

const RAM = ADDRESS_MAP.ram.base;
const COUNTER = RAM + 0x8000;
const DONE = RAM + 0x9000;

function board(harts: number, text: string, options: Partial<BoardOptions> = {}): Board {
  const made = new Board({ ram: 1 << 20, harts, print: () => {}, ...options });
  made.ram.write(RAM, assemble(text).sections[0].bytes);
  for (const hart of made.harts) {
    hart.pc = BigInt(RAM);
    hart.setXn(10, hart.id);
    hart.setXn(11, COUNTER);
    hart.setXn(12, DONE);
  }
  return made;
}

/** Runs until every hart waits; the number of instructions that took. */
function untilIdle(machine: Board): number {
  for (let spent = 0; spent < 20_000_000; spent += machine.spent)
    if (machine.run(20_000_000) === "waiting") return spent;
  throw new Error("the harts never wait");
}

const hostTime = { milliseconds: () => performance.now(), now: () => 0n };
const END = `
      csrw mie, x0
      li t0, 1
      amoadd.d t0, t0, (a2)
idle: wfi
      j idle`;

describe.each([
  ["in virtual time", undefined],
  ["in the host's time", hostTime],
])("harts %s", (_, time) => {
  test.each([
    ["amoadd", "1: li t1, 1\n amoadd.d t0, t1, (a1)"],
    ["lr and sc", "1: lr.d t0, (a1)\n addi t0, t0, 1\n sc.d t1, t0, (a1)\n bnez t1, 1b"],
    [
      "a spin lock",
      `1: li t1, 1
       amoswap.w.aq t0, t1, 8(a1)
       bnez t0, 1b
       ld t0, 0(a1)
       addi t0, t0, 1
       sd t0, 0(a1)
       amoswap.w.rl x0, x0, 8(a1)`.replaceAll("8(a1)", "(a3)"),
    ],
  ])("add up by %s", (_name, add) => {
    const machine = board(
      4,
      `addi a3, a1, 64
       li s0, 60000
       2: ${add}
       addi s0, s0, -1
       bnez s0, 2b
       ${END}`,
      { time },
    );
    untilIdle(machine);
    expect(machine.ram.readU64(COUNTER)).toBe(240_000n);
    expect(machine.ram.readU64(DONE)).toBe(4n);
  });

  test("store conditionally only where no other hart stored since, though it stored the same value", () => {
    // Hart 0 reserves, lets hart 1 write the word back and forth, and must not succeed.
    const machine = board(
      2,
      `li t2, 0x02000000
       csrwi mie, 8
       bnez a0, other
       lr.d t0, (a1)
       li t1, 1
       sw t1, 4(t2)
       1: ld t1, 8(a1)
       beqz t1, 1b
       sc.d t0, t0, (a1)
       sd t0, 16(a1)
       j end
other: wfi
       li t1, 5
       sd t1, 0(a1)
       sd x0, 0(a1)
       sd t1, 8(a1)
end:   ${END}`,
      { time },
    );
    untilIdle(machine);
    expect(machine.ram.readU64(COUNTER + 16)).toBe(1n);
  });

  test("send each other interrupts, and a third one has its turns", () => {
    const machine = board(
      3,
      `li t2, 0x02000000
       csrwi mie, 8
       li t3, 2
       beq a0, t3, third
       xori t3, a0, 1
       slli t3, t3, 2
       add t3, t3, t2
       slli t4, a0, 2
       add t4, t4, t2
       li t1, 1
       li s0, 5000
       bnez a0, 2f
1:     sw t1, 0(t3)
2:     lw t5, 0(t4)
       beqz t5, 2b
       sw x0, 0(t4)
       addi s0, s0, -1
       bnez s0, 1b
       sw t1, 0(t3)
       j end
third: li s0, 75000
3:     addi s0, s0, -1
       bnez s0, 3b
       ld t0, 0(a2)
       sd t0, 0(a1)
end:   ${END}`,
      { time },
    );
    untilIdle(machine);
    // The third hart had finished before the others were done.
    expect(machine.ram.readU64(COUNTER)).toBe(0n);
    expect(machine.ram.readU64(DONE)).toBe(3n);
  });
});

test("harts that wait cost nothing, and an interrupt that is not enabled wakes none", () => {
  const machine = board(8, END);
  untilIdle(machine);
  const { retired } = machine;
  machine.clint.store(4, 4, 1);
  expect(machine.run(1000)).toBe("waiting");
  expect(machine.retired).toBe(retired);
  machine.harts[1].csrs.setLow(3, 8);
  expect(machine.run(1000)).toBe("ran");
});

test("a board goes on from what was saved as it would have gone on itself", () => {
  const text = `2: li t1, 1\n amoadd.d t0, t1, (a1)\n add s1, s1, t0\n addi s0, s0, 1\n j 2b`;
  const [original, copy] = [board(3, text), board(3, text)];
  for (let i = 0; i < 7; i++) original.run(30_011);
  copy.restore(original.save());
  copy.ram.write(RAM, original.ram.read(RAM, original.ram.size));
  for (let i = 0; i < 9; i++) {
    original.run(27_001);
    copy.run(27_001);
  }
  expect(copy.ram.readU64(COUNTER)).toBe(original.ram.readU64(COUNTER));
  expect(copy.harts.map((hart) => hart.x(9))).toEqual(original.harts.map((hart) => hart.x(9)));
});
