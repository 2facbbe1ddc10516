import { Csr } from "../../src/cpu/csr-state.ts";
import type { Hart } from "../../src/cpu/hart.ts";
import { HART } from "../../src/cpu/layout.ts";
import type { PhysicalMemory } from "../../src/memory/physical-memory.ts";
import type { Side } from "./side.ts";

const PAGE = 4096;

const hex = (value: bigint) => BigInt.asUintN(64, value).toString(16);

/** What software can see of two machines' harts and differs: a line for each. */
export function hartDifferences(one: Side, other: Side): string[] {
  return one.harts.flatMap((hart, id) => {
    const states = [stateOf(hart), stateOf(other.harts[id])];
    return [...states[0]].flatMap(([name, value]) => {
      const second = states[1].get(name) as bigint;
      return value === second ? [] : [`hart ${id}: ${name} ${hex(value)}, not ${hex(second)}`];
    });
  });
}

function stateOf(hart: Hart): Map<string, bigint> {
  const { i32, u64 } = hart.arena;
  const state = new Map<string, bigint>();
  state.set("pc", hart.pc);
  for (let i = 1; i < 32; i++) state.set(`x${i}`, hart.x(i));
  for (let i = 0; i < 32; i++) state.set(`f${i}`, hart.f(i));
  for (const name of ["fs", "fflags", "frm", "privilege"] as const)
    state.set(name, BigInt(i32[(hart.base + HART[name]) / 4]));
  // Where it is differs, that there is one must not.
  state.set("reservation", BigInt(i32[(hart.base + HART.reservation) / 4] !== 0));
  state.set("retired", BigInt(hart.retired));
  for (const [name, word] of Object.entries(Csr)) state.set(name, u64[(hart.base + HART.csrs) / 8 + word]);
  for (let i = 1; i < 16; i++) state.set(`pmpaddr${i}`, u64[(hart.base + HART.csrs) / 8 + Csr.pmpaddr + i]);
  return state;
}

/** The first addresses of guest-physical memory whose 64 bits differ, a line for each page, eight at most. */
export function memoryDifferences(one: PhysicalMemory, other: PhysicalMemory): string[] {
  const found: string[] = [];
  for (let index = 0; index < one.map.length && found.length < 8; index++) {
    // What neither has touched is zero in both.
    if (one.map[index] === 0 && other.map[index] === 0) continue;
    const page = one.base / PAGE + index;
    const [a, b] = [one, other].map((ram) => {
      const frame = ram.readable(page);
      return Buffer.from(ram.arena.memory.buffer, frame, PAGE);
    });
    if (a.equals(b)) continue;
    const at = [...a].findIndex((byte, i) => byte !== b[i]) & ~7;
    const address = (page * PAGE + at).toString(16);
    found.push(`memory ${address}: ${hex(a.readBigUInt64LE(at))}, not ${hex(b.readBigUInt64LE(at))}`);
  }
  return found;
}
