import { Interrupt } from "../cpu/csr-state.ts";
import { Cause } from "../cpu/layout.ts";
import { PAGE_SIZE } from "../cpu/sv39.ts";
import { fNumber } from "../isa/registers.ts";
import { UsageError } from "../messages/errors.ts";
import { hexBytes } from "../messages/hex.ts";
import { testingMessages as text } from "../messages/testing.ts";
import { doubleBits, flagBits, flagLetters, hex64, type Mode, TestMachine, type Trap } from "./machine.ts";
import { stopped, trapList, walkText } from "./report.ts";

export type CauseName = keyof typeof Cause | keyof typeof Interrupt;

const CAUSES = [...Object.keys(Cause), ...Object.keys(Interrupt)];

/** What is known of a trap; what is left out may be anything. */
export interface TrapDetails {
  readonly tval?: bigint | number;
  /** Address or label of the instruction that trapped. */
  readonly pc?: string | number | bigint;
  readonly from?: Mode;
  readonly to?: Mode;
}

export interface MappingDetails {
  /** Physical address that the virtual one comes to. */
  readonly physical?: number;
  /** Letters of `rwxugad`. R, W, X and U must be as said; G, A and D only where one of them is named. */
  readonly flags?: string;
}

/** Bytes; text as UTF-8; a number for a word of 4 bytes, a bigint for one of 8. */
export type MemoryValue = Uint8Array | readonly number[] | string | number | bigint;

interface Result {
  readonly pass: boolean;
  readonly message: () => string;
}

/** The matchers, for `expect.extend`. */
export const matchers = {
  /**
   * A register holds `value`, as a signed or unsigned 64-bit number. A floating-point register is compared by
   * value with a number (NaN equals NaN), by its bits with a bigint.
   */
  toHaveRegister(received: unknown, name: string, value: bigint | number): Result {
    const machine = asMachine(received);
    const found = machine.register(name);
    const float = fNumber(name) !== undefined && typeof value === "number";
    const pass = float
      ? Object.is(floatValue(found), value)
      : BigInt.asUintN(64, found) === BigInt.asUintN(64, BigInt(value));
    const shown = (bits: bigint) => (float ? `${floatValue(bits)} (${hex64(bits)})` : number(bits));
    const wanted = float ? `${value} (${hex64(doubleBits(value))})` : number(BigInt(value));
    return answer(pass, machine, text.register(name, wanted, shown(found)), text.notRegister(name, wanted));
  },

  /** Memory at a physical address or label holds these bytes. */
  toHaveMemory(received: unknown, at: string | number | bigint, value: MemoryValue): Result {
    const machine = asMachine(received);
    const expected = memoryBytes(value);
    const found = machine.memory(at, expected.length);
    const offset = expected.findIndex((byte, index) => byte !== found[index]);
    const where =
      typeof at === "string" ? `${at} (${hex64(BigInt(machine.address(at)))})` : hex64(BigInt(at));
    const from = Math.max(0, offset - (offset % 16));
    return answer(
      offset < 0,
      machine,
      text.memory(where, offset, byteText(expected, from), byteText(found, from)),
      text.notMemory(where, byteText(expected, 0)),
    );
  },

  /** The program took a trap (an exception or an interrupt) with this cause. */
  toTrap(received: unknown, cause: CauseName, details: TrapDetails = {}): Result {
    const machine = asMachine(received);
    if (!CAUSES.includes(cause)) throw new UsageError(text.noCause(cause, CAUSES.join(", ")));
    const pass = machine.traps.some((trap) => trap.cause === cause && fits(machine, trap, details));
    const list = Object.entries(details).map(([key, value]) => `${key} ${shownDetail(value)}`);
    const wanted = [cause, ...list].join(", ");
    return {
      pass,
      message: () =>
        `${pass ? text.expectedNoTrap(wanted) : text.expectedTrap(wanted)}\n\n${trapList(machine)}\n${stopped(machine)}`,
    };
  },

  /** The program ran to the end of its code. */
  toReachEnd(received: unknown): Result {
    const machine = asMachine(received);
    return answer(machine.outcome === "end", machine, text.expectedEnd(), text.expectedNoEnd());
  },

  /** The page tables that `satp` points to map a virtual address. */
  toMapPage(received: unknown, virtual: number, details: MappingDetails = {}): Result {
    const machine = asMachine(received);
    const found = machine.walk(virtual);
    const va = hex64(BigInt(virtual));
    if (found?.end !== "leaf")
      return {
        pass: false,
        message: () => `${text.notMapped(va, walkText(machine, virtual))}\n${stopped(machine)}`,
      };
    const physical = found.page * PAGE_SIZE + (((virtual % PAGE_SIZE) + PAGE_SIZE) % PAGE_SIZE);
    const { flags } = details;
    const compared = flags === undefined ? 0 : flagBits("rwxu") | flagBits(flags);
    const pass =
      (details.physical === undefined || details.physical === physical) &&
      (flags === undefined || (found.flags & compared) === flagBits(flags));
    const shown = `${hex64(BigInt(physical))} ${flagLetters(found.flags)}`;
    const wanted = [details.physical === undefined ? "" : hex64(BigInt(details.physical)), flags]
      .join(" ")
      .trim();
    return answer(pass, machine, text.mappedOtherwise(va, wanted, shown), text.mapped(va, shown));
  },
};

function answer(pass: boolean, machine: TestMachine, failure: string, negated: string): Result {
  return { pass, message: () => `${pass ? negated : failure}\n\n${stopped(machine)}` };
}

function asMachine(received: unknown): TestMachine {
  if (received instanceof TestMachine) return received;
  throw new UsageError(text.notMachine());
}

const number = (value: bigint) => `${BigInt.asIntN(64, value)} (${hex64(value)})`;

/** A double, or the single-precision value in a NaN-boxed register. */
function floatValue(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return bits >> 32n === 0xffff_ffffn ? view.getFloat32(4) : view.getFloat64(0);
}

function memoryBytes(value: MemoryValue): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(value);
  if (typeof value !== "number" && typeof value !== "bigint") return Uint8Array.from(value);
  const view = new DataView(new ArrayBuffer(typeof value === "number" ? 4 : 8));
  if (typeof value === "number") view.setInt32(0, value, true);
  else view.setBigInt64(0, value, true);
  return new Uint8Array(view.buffer);
}

/** Sixteen bytes from `from` on, in hexadecimal. */
function byteText(bytes: Uint8Array, from: number): string {
  return hexBytes(bytes.subarray(from, from + 16), " ") + (bytes.length > from + 16 ? " …" : "");
}

function fits(machine: TestMachine, trap: Trap, { tval, pc, from, to }: TrapDetails): boolean {
  return (
    (tval === undefined || trap.tval === BigInt.asUintN(64, BigInt(tval))) &&
    (pc === undefined || trap.pc === BigInt(machine.address(pc))) &&
    (from === undefined || trap.from === from) &&
    (to === undefined || trap.to === to)
  );
}

const shownDetail = (value: string | number | bigint) =>
  typeof value === "string" ? value : hex64(BigInt(value));
