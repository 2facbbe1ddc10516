import { LOWER_HALF_END, PAGE_SIZE } from "../cpu/sv39.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { isCall, lineAt } from "./listing.ts";
import type { Registers } from "./registers.ts";

export interface Backtrace {
  /**
   * `frames`: each caller was found through saved frame pointers. `scan`: the program keeps none, so these are
   * the words on the stack that look like return addresses; some may be left from calls that have returned.
   */
  readonly method: "frames" | "scan";
  /** The pc first, then return addresses, innermost first. */
  readonly addresses: readonly number[];
  /** There were more than asked for. */
  readonly more: boolean;
}

const RA = 1;
const SP = 2;
const FP = 8;
/** Bytes of stack that a scan looks through. */
const SCAN_LIMIT = 64 * 1024;
/** How far above an unreadable `sp` the stack is looked for: more than a guard area. */
const GUARD_LIMIT = 2 * 1024 * 1024;

/** Who called whom, as far as the stack shows it; never throws and always ends, whatever the guest left there. */
export function backtrace(registers: Registers, memory: GuestMemory, most = 16): Backtrace {
  const pc = Number(registers.pc);
  const byFrames = [pc, ...framePointers(registers, memory, most)];
  const method = byFrames.length > 2 ? "frames" : "scan";
  const found = method === "frames" ? byFrames : [pc, ...scan(registers, memory, most)];
  return { method, addresses: found.slice(0, most), more: found.length > most };
}

/**
 * The frame records of code built with -fno-omit-frame-pointer (RISC-V psABI, "Frame Pointer Convention"):
 *
 *     fp - 8   return address
 *     fp - 16  the caller's fp
 */
function framePointers(registers: Registers, memory: GuestMemory, most: number): number[] {
  const callers: number[] = [];
  let fp = Number(registers.x[FP]);
  let lowest = Number(registers.x[SP]);
  while (callers.length <= most && fp > lowest && fp % 16 === 0) {
    const ra = Number(memory.word(fp - 8) ?? 0n);
    if (!isReturnAddress(ra, memory)) break;
    callers.push(ra);
    lowest = fp;
    fp = Number(memory.word(fp - 16) ?? 0n);
  }
  return callers;
}

function scan(registers: Registers, memory: GuestMemory, most: number): number[] {
  const callers: number[] = [];
  const ra = Number(registers.x[RA]);
  if (isReturnAddress(ra, memory)) callers.push(ra);
  const sp = firstReadable(Math.ceil(Number(registers.x[SP]) / 8) * 8, memory);
  for (let at = sp; at < sp + SCAN_LIMIT && callers.length <= most; at += 8) {
    const word = memory.word(at);
    if (word === undefined) break;
    // A leaf function has its return address in ra alone; others also keep it on the stack.
    if (
      isReturnAddress(Number(word), memory) &&
      !(at < sp + 1024 && callers.length === 1 && Number(word) === ra)
    )
      callers.push(Number(word));
  }
  return callers;
}

/** Where the stack begins to be there: after an overflow, `sp` is below it. */
function firstReadable(sp: number, memory: GuestMemory): number {
  let at = sp;
  while (memory.word(at) === undefined && at < sp + GUARD_LIMIT)
    at = (Math.floor(at / PAGE_SIZE) + 1) * PAGE_SIZE;
  return at;
}

/** Just behind a call. */
function isReturnAddress(address: number, memory: GuestMemory): boolean {
  if (address < 4 || address % 2 !== 0 || address >= LOWER_HALF_END) return false;
  return [4, 2].some((length) => {
    const line = lineAt(memory, address - length);
    return line !== undefined && line.length === length && isCall(line.instruction);
  });
}
