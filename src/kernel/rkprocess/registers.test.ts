import { beforeEach, expect, test } from "vitest";
import { Hart } from "../../cpu/hart.ts";
import { Arena } from "../../memory/arena.ts";
import { Bus } from "../../memory/bus.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { CONTEXT_BYTES, loadRegisters, passEcall, saveRegisters, startRegisters } from "./registers.ts";

let hart: Hart;
beforeEach(() => {
  const arena = new Arena(64 << 20);
  hart = new Hart(0, arena, new Bus(new PhysicalMemory(arena, 0x8000_0000, 1 << 20)));
});

test("saved registers come back, the rounding mode and flags too", () => {
  for (let i = 1; i < 32; i++) hart.setX(i, BigInt(-i) << 40n);
  for (let i = 0; i < 32; i++) hart.setF(i, BigInt(i) << 33n);
  hart.pc = 0x12_3456_789an;
  hart.csrs.fflags = 0x15;
  hart.csrs.setFrm(3);
  const context = new Uint8Array(CONTEXT_BYTES);
  saveRegisters(hart, context);
  const fresh = new Uint8Array(CONTEXT_BYTES);
  startRegisters(fresh, 0x1000, 0x2000);
  loadRegisters(hart, fresh);
  expect([hart.pc, hart.x(2), hart.x(5), hart.f(5), hart.csrs.frm]).toEqual([0x1000n, 0x2000n, 0n, 0n, 0]);
  loadRegisters(hart, context);
  for (let i = 1; i < 32; i++) expect(hart.x(i)).toBe(BigInt(-i) << 40n);
  for (let i = 0; i < 32; i++) expect(hart.f(i)).toBe(BigInt(i) << 33n);
  expect([hart.pc, hart.csrs.fflags, hart.csrs.frm]).toEqual([0x12_3456_789an, 0x15, 3]);
});

test("going behind an ecall carries into the upper half", () => {
  for (const pc of [
    0x1000n,
    0x7fff_fffcn,
    0x8000_0000n,
    0xffff_fff8n,
    0xffff_fffcn,
    0xffff_fffen,
    0x3f_ffff_fffcn,
  ]) {
    hart.pc = pc;
    passEcall(hart);
    expect(hart.pc).toBe(pc + 4n);
  }
});
