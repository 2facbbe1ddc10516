import { beforeAll, describe, expect, it } from "vitest";
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

/** Walks a guest forward and back through the debugger's API. */

const PROGRAM = `
        .option pic
        .text
        .globl _start
_start: li s0, 3
        li s1, 0
loop:   mv a0, s0
        call square
after:  add s1, s1, a0
        addi s0, s0, -1
        bnez s0, loop
        la t0, result
store:  sd s1, 0(t0)
        li a0, 1
        la a1, text
        li a2, 3
        li a7, 64
print:  ecall
        mv a0, s1
        li a7, 93
leave:  ecall
square: mul a0, a0, a0
        ret
        .section .rodata
text:   .ascii "hi\\n"
        .bss
        .balign 8
result: .space 8192
`;

const elf = linkElf(assemble(PROGRAM));

/** `output` gets the console of the machine that is looked at now. */
async function start(output: { console?: MemoryConsole } = {}): Promise<Debugger> {
  return Debugger.start(async () => {
    output.console = new MemoryConsole();
    const machine = await createHosted({
      program: { bytes: elf, path: "/bin/walk" },
      args: ["/bin/walk"],
      env: [],
      memory: 16 << 20,
      seed: 42n,
      deterministic: true,
      console: output.console,
      host: nodeHost,
    });
    return new HostedTarget(machine, await hostedSymbols(machine, elf));
  });
}

const A0 = 10;
const S0 = 8;
const S1 = 9;

describe("stepping forward", () => {
  it("starts at the entry, with the program's registers in place", async () => {
    const machine = await start();
    expect(machine.position).toBe(0);
    expect(machine.symbolize(machine.pc)).toBe("_start");
    expect(machine.registers.x[2]).toBeGreaterThan(0n);
  });

  it("tells what each step did", async () => {
    const machine = await start();
    const { line, changes, trap } = await machine.step();
    expect(line?.text).toBe("li s0,3");
    expect(changes).toEqual([{ name: "s0", before: 0n, after: 3n }]);
    expect(trap).toBeUndefined();
    expect(machine.position).toBe(1);
  });

  it("runs to an address, a call's end, a breakpoint and the end", async () => {
    const machine = await start();
    const at = (name: string) => machine.find(name) as number;
    expect(await machine.runTo(new Set([at("square")]))).toBe("there");
    expect(machine.registers.x[A0]).toBe(3n);

    const other = await start();
    await other.runTo(new Set([at("loop")]));
    await other.step();
    while (!other.line()?.text.startsWith("jal")) await other.step();
    expect(await other.next()).toBe("there");
    expect(other.pc).toBe(at("after"));
    expect(other.registers.x[A0]).toBe(9n);

    other.breakpoints.add(at("after"));
    expect(await other.continue()).toBe("there");
    expect(other.registers.x[A0]).toBe(4n);
    expect(await other.continue()).toBe("there");
    other.breakpoints.clear();
    expect(await other.continue()).toBe("ended");
    expect(other.ended).toEqual({ kind: "exit", code: 14 });
    expect(await other.continue()).toBe("ended");
  });

  it("gives a search up after its limit", async () => {
    const machine = await start();
    expect(await machine.runTo(new Set([1]), 5)).toBe("limit");
    expect(machine.position).toBe(5);
  });
});

describe("stepping backward", () => {
  it("undoes every step exactly", async () => {
    const machine = await start();
    const states: unknown[] = [];
    const state = () => ({ position: machine.position, registers: machine.registers, ended: machine.ended });
    while (!machine.ended) {
      states.push(state());
      await machine.step();
    }
    for (let position = states.length - 1; position >= 0; position -= 7) {
      await machine.goTo(position);
      expect(state()).toEqual(states[position]);
    }
    await machine.goTo(states.length - 1);
    for (let back = 1; back < 5; back++) {
      await machine.stepBack();
      expect(state()).toEqual(states[states.length - 1 - back]);
    }
  });

  it("stops at the start", async () => {
    const machine = await start();
    await machine.step();
    await machine.stepBack(1000);
    expect(machine.position).toBe(0);
    expect(machine.symbolize(machine.pc)).toBe("_start");
  });

  it("goes back over a trap and a write to memory", async () => {
    const machine = await start();
    const at = (name: string) => machine.find(name) as number;
    await machine.runTo(new Set([at("store")]));
    expect(machine.memory.read(at("result") + 4096, 1).length).toBe(0);
    await machine.step();
    // The first write to a page faults; the page is there then, and the store comes again.
    expect(machine.lastTraps.at(-1)).toMatchObject({ cause: 15, tval: BigInt(at("result")) });
    expect(machine.pc).toBe(at("store"));
    expect((await machine.step()).stored).toEqual({ address: at("result"), before: 0n, after: 14n });
    expect(machine.memory.word(at("result"))).toBe(14n);
    await machine.stepBack();
    expect(machine.pc).toBe(at("store"));
    expect(machine.memory.word(at("result"))).toBe(0n);
    await machine.stepBack();
    expect(machine.memory.word(at("result"))).toBeUndefined();
  });
});

describe("looking", () => {
  let machine: Debugger;
  const output: { console?: MemoryConsole } = {};

  beforeAll(async () => {
    machine = await start(output);
    await machine.runTo(new Set([machine.find("leave") as number]));
  });

  it("shows the last traps and system calls", () => {
    const call = machine.lastTraps.at(-1);
    expect(call).toMatchObject({ cause: 8, pc: BigInt(machine.find("print") as number) });
    expect(machine.lastCalls).toEqual([expect.stringMatching(/^write\(1, "hi\\n", 3\) += 3$/)]);
    expect(output.console?.text).toBe("hi\n");
  });

  it("shows what is mapped, and never as writable and executable", () => {
    const code = machine.areas.find(({ start, end }) => start <= machine.pc && machine.pc < end);
    expect(code).toMatchObject({ prot: 5, name: "/bin/walk" });
    expect(machine.areas.filter(({ prot }) => (prot & 6) === 6)).toEqual([]);
    expect(machine.areas.filter(({ guard }) => guard).length).toBe(3);
    expect(machine.registers.x[S0]).toBe(0n);
    expect(machine.registers.x[S1]).toBe(14n);
  });

  it("walks the page table as the hart does", () => {
    const walk = machine.memory.walk(machine.pc);
    expect(walk?.end).toBe("leaf");
    expect(walk?.steps.map(({ level }) => level)).toEqual([2, 1, 0]);
    expect([...machine.memory.read(machine.find("text") as number, 3)]).toEqual([0x68, 0x69, 0x0a]);
  });
});
