import type { PhysicalMemory } from "../../src/memory/physical-memory.ts";
import type { Side } from "./side.ts";
import { FIELDS, fieldDifferences, hasReservation } from "./state.ts";

const PAGE = 4096;

const hex = (value: bigint) => value.toString(16);

/** What software can see of two machines' harts and differs: a line for each. */
export function hartDifferences(one: Side, other: Side): string[] {
  return one.harts.flatMap((hart, id) => {
    const second = other.harts[id];
    const blocks = [hart, second].map(({ arena, base }) => [arena.i32, base / 4] as const);
    const found = fieldDifferences(FIELDS, blocks[0], blocks[1]);
    if (hasReservation(blocks[0]) !== hasReservation(blocks[1])) found.push("only one has a reservation");
    if (hart.retired !== second.retired) found.push(`retired ${hart.retired}, not ${second.retired}`);
    return found.map((line) => `hart ${id}: ${line}`);
  });
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
