import { assemble } from "../../isa/assembler/assemble.ts";
import { placeSections } from "../../isa/assembler/place.ts";
import { Arena } from "../../memory/arena.ts";
import { Bus, type Device } from "../../memory/bus.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { Csr } from "../csr-state.ts";
import { Engine } from "../engine.ts";
import { Hart, type RunResult } from "../hart.ts";
import { HART } from "../layout.ts";
import type { Jit, JitMode } from "./jit.ts";
import { LateTranslator } from "./late-translator-fixture.ts";
import type { MakeTranslator } from "./translator.ts";

export const RAM = 0x8000_0000;
export const RAM_SIZE = 1 << 20;
export const DEVICE = 0x1000_0000;

export interface TestHart {
  readonly hart: Hart;
  readonly ram: PhysicalMemory;
  /** What the device at `DEVICE` was asked, and how many instructions had retired then. */
  readonly log: string[];
  readonly jit: Jit | undefined;
}

export interface TestHartOptions {
  readonly capacity?: number;
  readonly ramSize?: number;
  readonly translator?: MakeTranslator;
}

export function testHart(mode: JitMode, options: TestHartOptions = {}): TestHart {
  const { capacity, ramSize = RAM_SIZE, translator } = options;
  const arena = new Arena(64 << 20);
  const ram = new PhysicalMemory(arena, RAM, ramSize);
  const bus = new Bus(ram);
  const engine = new Engine(ram, { jit: mode, capacity, translator });
  const hart = new Hart(0, arena, bus, engine);
  const log: string[] = [];
  const device: Device = {
    name: "device",
    load: (offset, size) => {
      log.push(`load ${offset} ${size} at ${hart.retired}`);
      return hart.retired & 0xff;
    },
    store: (offset, size, value) => {
      log.push(`store ${offset} ${size} ${value} at ${hart.retired}`);
      if (offset === 8) hart.requestAttention();
    },
  };
  bus.attach(DEVICE, 0x100, device);
  hart.mmu.pmp.allowAll();
  hart.csrs.floatState = 3;
  return { hart, ram, log, jit: engine.jit };
}

/** Puts assembled code where it says (`at` first) and gives its labels. */
export function load({ ram, hart }: TestHart, source: string, at = RAM): ReadonlyMap<string, bigint> {
  const placed = placeSections(assemble(source), { base: BigInt(at) });
  for (const section of placed.segments.flatMap((segment) => segment.sections)) {
    ram.write(Number(section.address), section.bytes);
    const last = Number(section.address) + section.bytes.length - 1;
    for (let page = Math.floor(Number(section.address) / 4096); page * 4096 <= last; page++)
      hart.code.invalidate(page);
  }
  return placed.symbols;
}

/** All that a program can see of a hart, in words that a failing test can show. */
export function stateOf({ hart, log }: TestHart): Record<string, unknown> {
  const word = (offset: number) => hart.arena.i32[(hart.base + offset) / 4];
  const registers = Array.from({ length: 32 }, (_, i) => hart.x(i).toString(16));
  const floats = Array.from({ length: 32 }, (_, i) => hart.f(i).toString(16));
  const csrs = ["mcause", "mepc", "mtval", "mstatus", "scause", "sepc", "stval"] as const;
  return {
    pc: hart.pc.toString(16),
    retired: hart.retired,
    spent: hart.spent,
    privilege: hart.privilege,
    x: registers.join(" "),
    f: floats.join(" "),
    fflags: word(HART.fflags),
    fs: word(HART.fs),
    csrs: csrs.map((name) => `${name} ${hart.csrs.get(Csr[name]).toString(16)}`).join(" "),
    log: log.join("; "),
  };
}

/** The same program on three harts: interpreted, with hot code translated beside it, with all code translated at once. */
export class Trio {
  readonly harts: readonly TestHart[];

  constructor(setUp: (one: TestHart) => void, options: TestHartOptions = {}) {
    const translator: MakeTranslator = (memory) => new LateTranslator(memory);
    this.harts = (["off", "on", "always"] as const).map((mode) => testHart(mode, { translator, ...options }));
    for (const one of this.harts) setUp(one);
  }

  get interpreted(): TestHart {
    return this.harts[0];
  }

  get always(): TestHart {
    return this.harts[2];
  }

  /** Runs each so far, and returns how that ended: states that differ are an error. */
  run(limit: number): RunResult {
    const results = this.harts.map(({ hart }) => hart.run(limit));
    this.compare(results);
    return results[0];
  }

  private compare(results: readonly RunResult[]): void {
    const [expected, ...others] = this.harts.map((one, i) => ({ result: results[i], ...stateOf(one) }));
    for (const [i, other] of others.entries())
      for (const [name, value] of Object.entries(expected))
        if (other[name as keyof typeof other] !== value)
          throw new Error(
            `${name}, jit ${["on", "always"][i]}:\n${other[name as keyof typeof other]}\ninterpreted:\n${value}`,
          );
    const ram = this.interpreted.ram;
    for (let page = RAM / 4096; page < (RAM + ram.size) / 4096; page++) {
      const bytes = Buffer.from(ram.read(page * 4096, 4096));
      for (const other of this.harts.slice(1))
        if (!bytes.equals(other.ram.read(page * 4096, 4096)))
          throw new Error(`memory differs in page ${page.toString(16)}`);
    }
  }
}
