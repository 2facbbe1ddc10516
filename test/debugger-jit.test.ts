import { beforeAll, describe, expect, it } from "vitest";
import type { Hart } from "../src/cpu/hart.ts";
import type { JitMode } from "../src/cpu/jit/jit.ts";
import {
  assemble,
  createHosted,
  Debugger,
  HostedTarget,
  hostedSymbols,
  linkElf,
  MemoryConsole,
  nodeHost,
} from "../src/index.ts";

/** A debugger that looks at a machine with translated code sees what it sees of one without, step by step. */

/** Calls a function 5,000 times, whose loop goes around 1 to 16 times, and writes a byte now and then. */
const PROGRAM = `
        .option pic
        .globl _start
_start: li s0, 5000
        la s1, words
again:  andi a0, s0, 15
        call sum
        add s2, s2, a0
        fcvt.d.l fa0, s2
        fdiv.d fa1, fa1, fa0
        andi t0, s0, 1023
here:   bnez t0, on
        li a0, 1
        la a1, words
        li a2, 1
        li a7, 64
print:  ecall
on:     addi s0, s0, -1
        bnez s0, again
        li a0, 0
        li a7, 93
        ecall
sum:    mv t1, s1
1:      ld t2, 0(t1)
        addi t2, t2, 3
        sd t2, 0(t1)
        addi t1, t1, 8
        addi a0, a0, -1
        bgez a0, 1b
        mv a0, t2
        ret
        .data
words:  .zero 128
`;
const elf = linkElf(assemble(PROGRAM));

async function start(jit: JitMode): Promise<{ machine: Debugger; hart: () => Hart }> {
  let hart: Hart | undefined;
  const machine = await Debugger.start(async () => {
    const hosted = await createHosted({
      program: { bytes: elf, path: "/bin/sums" },
      args: ["/bin/sums"],
      env: [],
      memory: 16 << 20,
      seed: 42n,
      deterministic: true,
      console: new MemoryConsole(),
      // Without a thread that translates, there is no waiting for it, nor for the host to be warm.
      host: { ...nodeHost, translator: undefined },
      jit,
    });
    hart = hosted.board.hart;
    return new HostedTarget(hosted, await hostedSymbols(hosted, elf));
  });
  return { machine, hart: () => hart as Hart };
}

function stateOf(machine: Debugger) {
  const words = machine.memory.read(machine.find("words") as number, 128);
  return {
    position: machine.position,
    retired: machine.hart.retired,
    registers: machine.registers,
    words: [...words],
    traps: machine.lastTraps,
    calls: machine.lastCalls,
    ended: machine.ended,
  };
}

describe.each(["on", "always"] as const)("with --jit=%s", (jit) => {
  let machine: Debugger;
  let plain: Debugger;
  let hart: () => Hart;
  const both = () => [machine, plain];
  const expectSame = () => expect(stateOf(machine)).toEqual(stateOf(plain));
  const goTo = async (position: number) => {
    for (const each of both()) await each.goTo(position);
    expectSame();
  };

  beforeAll(async () => {
    ({ machine, hart } = await start(jit));
    plain = (await start("off")).machine;
  });

  it("any step is the same, forward and back", async () => {
    await goTo(250_000);
    expect(hart().engine.jit?.stats.regions).toBeGreaterThan(0);
    for (let i = 0; i < 40; i++) {
      const [one, other] = [await machine.step(), await plain.step()];
      expect(one).toEqual(other);
    }
    expectSame();
    for (const back of [1, 2, 3, 1000, 9999]) {
      for (const each of both()) await each.stepBack(back);
      expectSame();
    }
    for (const position of [200_001, 123_456, 3, 77_777]) await goTo(position);
  });

  it("breakpoints stop translated code before each time that it comes there", async () => {
    await goTo(100_000);
    for (const each of both()) each.breakpoints.add(each.find("here") as number);
    for (let i = 0; i < 5; i++) {
      for (const each of both()) {
        expect(await each.continue()).toBe("there");
        expect(each.symbolize(each.pc)).toMatch(/^here/);
      }
      expectSame();
    }
    for (const each of both()) each.breakpoints.clear();
  });

  it("the end is after as many steps", async () => {
    await goTo(10_000_000);
    expect(machine.ended).toEqual({ kind: "exit", code: 0 });
  });
});
