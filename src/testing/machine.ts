import { arenaBytesFor } from "../cpu/code-cache.ts";
import { csrRow } from "../cpu/csr.ts";
import { Interrupt } from "../cpu/csr-state.ts";
import { Hart } from "../cpu/hart.ts";
import { Cause, Privilege } from "../cpu/layout.ts";
import { PageTable } from "../cpu/page-table.ts";
import { PAGE_SIZE, Pte, type Walk, walk } from "../cpu/sv39.ts";
import type { Assembled } from "../isa/assembler/assemble.ts";
import { type Placed, placeSections } from "../isa/assembler/place.ts";
import { csrNumber } from "../isa/csr-names.ts";
import { disassembleBits } from "../isa/disassemble.ts";
import { fNumber, xNumber } from "../isa/registers.ts";
import { Arena } from "../memory/arena.ts";
import { Bus, type Device } from "../memory/bus.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { UsageError } from "../messages/errors.ts";
import { hex } from "../messages/hex.ts";
import { testingMessages } from "../messages/testing.ts";

export const RAM_BASE = 0x8000_0000;
const SV39 = 8n << 60n;
const FLOAT_INITIAL = 1n << 13n;

export type Mode = keyof typeof Privilege;

/** Pages that the hart's page tables map before the program starts. */
export interface Mapping {
  /** Virtual address; a multiple of 4096. */
  readonly virtual: number;
  /** Physical address; by default the same as the virtual one. */
  readonly physical?: number;
  /** Bytes; by default one page. */
  readonly size?: number;
  /** Letters of `rwxugad`. */
  readonly flags: string;
}

export interface MachineOptions {
  /** Bytes of RAM from 0x80000000 on; whole pages. By default 1 MiB. */
  readonly ram?: number;
  /** The most instructions to run; 0 only loads the program. By default 100,000. */
  readonly limit?: number;
  /** The mode that the program starts in; by default `machine`. Below it, the PMP allows everything. */
  readonly mode?: Mode;
  /** Registers to set, by name; a number for a floating-point register is a double. */
  readonly registers?: Readonly<Record<string, bigint | number>>;
  /** Sv39 mappings: with them, page tables are built at the end of RAM and `satp` points to them. */
  readonly map?: readonly Mapping[];
  /** Devices on the bus. */
  readonly devices?: readonly { readonly base: number; readonly size: number; readonly device: Device }[];
  /** Label to start at; by default `_start`, or the first instruction. */
  readonly entry?: string;
}

/** A trap that the hart took. */
export interface Trap {
  /** A key of `Cause` or `Interrupt`, or the number of one that has no name. */
  readonly cause: string;
  readonly interrupt: boolean;
  /** Unsigned, as is `pc`. */
  readonly tval: bigint;
  /** The instruction that trapped; for an interrupt, the one it came before. */
  readonly pc: bigint;
  readonly from: Mode;
  readonly to: Mode;
}

/** Why a program stopped. */
export type Outcome =
  /** The pc came to the end of the code. */
  | "end"
  /** It took a trap for which it has set no vector. */
  | "trap"
  | "limit"
  /** `wfi`, and no interrupt is pending. */
  | "waiting"
  | "not run";

/** A bare hart with a program in RAM. `asm` makes it and runs it. */
export class TestMachine {
  readonly hart: Hart;
  readonly ram: PhysicalMemory;
  readonly program: Placed;
  readonly traps: Trap[] = [];
  outcome: Outcome = "not run";
  private readonly end: bigint;

  constructor(assembled: Assembled, options: MachineOptions = {}) {
    const size = options.ram ?? 1 << 20;
    const arena = new Arena(arenaBytesFor(size));
    this.ram = new PhysicalMemory(arena, RAM_BASE, size);
    const bus = new Bus(this.ram);
    for (const { base, size: bytes, device } of options.devices ?? []) bus.attach(base, bytes, device);
    this.hart = new Hart(0, arena, bus);
    this.program = placeSections(assembled, { base: BigInt(RAM_BASE), entry: options.entry });
    const top = this.load();
    const code = this.program.segments.find((segment) => segment.executable);
    this.end = code === undefined ? this.program.entry : code.address + code.size;
    this.setCsr("mstatus", FLOAT_INITIAL);
    this.hart.setXn(2, this.mapPages(options.map ?? [], RAM_BASE + size, top));
    if (options.mode !== undefined && options.mode !== "machine") {
      this.hart.mmu.pmp.allowAll();
      this.hart.privilege = Privilege[options.mode];
      this.hart.mmu.refresh();
    }
    for (const [name, value] of Object.entries(options.registers ?? {})) this.setRegister(name, value);
    this.hart.pc = this.program.entry;
  }

  /**
   * Runs `limit` instructions at most, and returns itself. A program that has stopped may go on, for example
   * when an interrupt has been raised.
   */
  run(limit = 100_000): this {
    const { hart } = this;
    for (let left = limit; left > 0; left--) {
      if (BigInt.asUintN(64, hart.pc) === this.end) {
        this.outcome = "end";
        return this;
      }
      const { retired, pc, privilege } = hart;
      const result = hart.step();
      if (result === "wait") {
        this.outcome = "waiting";
        return this;
      }
      if (hart.retired === retired && this.trapped(pc, privilege)) {
        this.outcome = "trap";
        return this;
      }
    }
    this.outcome = BigInt.asUintN(64, hart.pc) === this.end ? "end" : "limit";
    return this;
  }

  /** An integer register, signed, or the bits of a floating-point one. */
  register(name: string): bigint {
    const x = xNumber(name);
    if (x !== undefined) return this.hart.x(x);
    const f = fNumber(name);
    if (f !== undefined) return this.hart.f(f);
    if (name === "pc") return this.hart.pc;
    throw new UsageError(testingMessages.noRegister(name));
  }

  setRegister(name: string, value: bigint | number): void {
    const x = xNumber(name);
    const f = fNumber(name);
    if (x !== undefined) this.hart.setX(x, BigInt(value));
    else if (f !== undefined) this.hart.setF(f, typeof value === "number" ? doubleBits(value) : value);
    else throw new UsageError(testingMessages.noRegister(name));
  }

  /** A CSR as M-mode reads it, unsigned. */
  csr(name: string): bigint {
    return this.csrRow(name).read(this.hart);
  }

  /** Writes a CSR as M-mode does. */
  setCsr(name: string, value: bigint): void {
    this.csrRow(name).write?.(this.hart, value);
  }

  /** A physical address: a number, or a label, which may have a number added: `table + 8`. */
  address(at: string | number | bigint): number {
    if (typeof at !== "string") return Number(at);
    const [, name = "", offset = "0"] = /^\s*([\w.$]+)\s*(?:\+\s*(\w+))?\s*$/.exec(at) ?? [];
    const base = this.program.symbols.get(name);
    if (base === undefined) throw new UsageError(testingMessages.noLabel(at));
    return Number(base) + Number(offset);
  }

  /** Bytes of RAM at a physical address or label. */
  memory(at: string | number | bigint, length: number): Uint8Array {
    return this.ram.read(this.address(at), length);
  }

  /** How the hart would translate a virtual address by `satp`; undefined where it does not translate. */
  walk(virtual: number): Walk | undefined {
    const { csrs } = this.hart;
    return csrs.satpMode === 0 ? undefined : walk(this.ram, csrs.satpRoot, virtual);
  }

  /** An address with the label before it and, in RAM, the instruction there. */
  describe(address: bigint): string {
    let best: string | undefined;
    let start = 0n;
    for (const [name, at] of this.program.symbols) {
      if (at > address || at < start || at < BigInt(RAM_BASE) || name.includes("\u0001")) continue;
      [best, start] = [name, at];
    }
    const offset = address - start;
    const label = best === undefined ? "" : ` <${best}${offset === 0n ? "" : `+${hex64(offset)}`}>`;
    const at = Number(address);
    if (at % 2 !== 0 || !this.ram.contains(at) || !this.ram.contains(at + 3))
      return `${hex64(address)}${label}`;
    const bytes = this.ram.read(at, 4);
    const text = disassembleBits(new DataView(bytes.buffer).getInt32(0, true), address).replace("\t", " ");
    return `${hex64(address)}${label} ${text}`;
  }

  private csrRow(name: string) {
    const row = csrRow(csrNumber(name) ?? -1);
    if (row === undefined) throw new UsageError(testingMessages.noCsr(name));
    return row;
  }

  /** Puts the program into RAM. Returns the first address behind it. */
  private load(): number {
    let top = RAM_BASE;
    for (const { address, size, sections } of this.program.segments) {
      top = Number(address + size);
      if (top > RAM_BASE + this.ram.size)
        throw new UsageError(testingMessages.programTooLarge(this.ram.size));
      for (const section of sections) this.ram.write(Number(section.address), section.bytes);
    }
    return top;
  }

  /** Builds the page tables, downwards from the end of RAM. Returns where they begin: the stack's top. */
  private mapPages(mappings: readonly Mapping[], end: number, top: number): number {
    if (mappings.length === 0) return end;
    let next = end;
    const table = new PageTable(this.ram, () => {
      next -= PAGE_SIZE;
      if (next < top) throw new UsageError(testingMessages.programTooLarge(this.ram.size));
      return next / PAGE_SIZE;
    });
    for (const { virtual, physical = virtual, size = PAGE_SIZE, flags } of mappings) {
      for (const value of [virtual, physical, size])
        if (value % PAGE_SIZE !== 0) throw new UsageError(testingMessages.badMapping(hex64(BigInt(value))));
      for (let at = 0; at < size; at += PAGE_SIZE)
        table.map(virtual + at, (physical + at) / PAGE_SIZE, flagBits(flags));
    }
    this.setCsr("satp", SV39 | BigInt(table.rootPage));
    return next;
  }

  /** Records a trap that was just taken. True where the program has no vector for it. */
  private trapped(pc: bigint, privilege: number): boolean {
    const toSupervisor = this.hart.privilege === Privilege.supervisor;
    const [cause, tval, vector] = toSupervisor ? ["scause", "stval", "stvec"] : ["mcause", "mtval", "mtvec"];
    const code = this.csr(cause);
    const interrupt = code >> 63n !== 0n;
    const number = Number(code & 0xffffn);
    this.traps.push({
      cause: causeName(number, interrupt),
      interrupt,
      tval: this.csr(tval),
      pc: BigInt.asUintN(64, pc),
      from: modeName(privilege),
      to: modeName(this.hart.privilege),
    });
    return this.csr(vector) === 0n;
  }
}

/** The flag bits of letters `rwxugad`. */
export function flagBits(letters: string): number {
  return Array.from(letters).reduce((bits, letter) => bits | (LETTERS[letter] ?? 0), 0);
}

const LETTERS: Readonly<Record<string, number>> = {
  ...{ r: Pte.R, w: Pte.W, x: Pte.X, u: Pte.U, g: Pte.G, a: Pte.A, d: Pte.D },
};

export function flagLetters(bits: number): string {
  return Object.entries(LETTERS)
    .map(([letter, bit]) => ((bits & bit) !== 0 ? letter : "-"))
    .join("");
}

/** A value of 64 bits, unsigned. */
export function hex64(value: bigint): string {
  return hex(BigInt.asUintN(64, value));
}

export function doubleBits(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
}

function causeName(number: number, interrupt: boolean): string {
  const names: Readonly<Record<string, number>> = interrupt ? Interrupt : Cause;
  return Object.keys(names).find((name) => names[name] === number) ?? String(number);
}

function modeName(privilege: number): Mode {
  return (Object.keys(Privilege) as Mode[]).find((name) => Privilege[name] === privilege) ?? "machine";
}
