import { describe, expect, test } from "vitest";
import { bareBoard as board, COUNTER, DONE, END, hostTime, RAM, untilIdle } from "./bare-board-fixture.ts";

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

/** Hart 0 interrupts hart 1 until it sees the flag down that hart 1 puts up again before it waits. */
test("a hart that interrupts another one until a flag is down sees it down", () => {
  const machine = board(
    2,
    `li t2, 0x02000000
     csrwi mie, 8
     li t1, 1
     bnez a0, other
     1: ld t0, (a1)
     beqz t0, 1b
     2: sw t1, 4(t2)
     ld t0, (a1)
     bnez t0, 2b
     j end
other: sd t1, (a1)
     3: wfi
     lw t0, 4(t2)
     beqz t0, 3b
     sw x0, 4(t2)
     sd x0, (a1)
     li s0, 200
     4: addi s0, s0, -1
     bnez s0, 4b
     sd t1, (a1)
     ld t0, (a2)
     beqz t0, 3b
end: ${END}`,
  );
  for (let spent = 0; machine.ram.readU64(DONE) === 0n && spent < 100_000; spent += machine.spent)
    machine.run(100_000);
  expect(machine.ram.readU64(DONE)).toBe(1n);
});

test("a hart that spins costs no more than the time that two others need for handing work over", () => {
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
     li s0, 500
     bnez a0, 2f
1:   sw t1, 0(t3)
2:   wfi
     lw t5, 0(t4)
     beqz t5, 2b
     sw x0, 0(t4)
     addi s0, s0, -1
     bnez s0, 1b
     sw t1, 0(t3)
     j end
third: ld t0, (a2)
     li t1, 2
     bne t0, t1, third
end: ${END}`,
  );
  untilIdle(machine);
  const [first, second, spinner] = machine.harts.map((hart) => hart.retired);
  expect(spinner).toBeLessThan(first + second + 20_000);
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
