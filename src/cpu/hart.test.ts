import { beforeEach, describe, expect, test } from "vitest";
import { Csr } from "./csr-state.ts";
import type { Hart } from "./hart.ts";
import { bareHart } from "./hart-fixture.ts";
import { Cause, HART, Privilege } from "./layout.ts";

const RAM = 0x8000_0000;
/** Four bytes each: `addi a0, a0, 1`. */
const ADD = 0x00150513;
const A0 = 10;
const [TOR, RWX] = [8, 7];

/**
 * PMP lets S-mode have the first 16 bytes of a page of additions and nothing behind them, so that every fetch has to be
 * checked for itself.
 */
describe("a page of which PMP allows a part", () => {
  let hart: Hart;

  beforeEach(() => {
    hart = bareHart();
    for (let at = RAM; at < RAM + 64; at += 4) hart.bus.ram.writeU32(at, ADD);
    hart.mmu.pmp.writeAddress(0, BigInt((RAM + 16) / 4));
    hart.mmu.pmp.writeConfig(0, BigInt(TOR | RWX));
    hart.csrs.set(Csr.mtvec, BigInt(RAM + 0x1000));
    hart.privilege = Privilege.supervisor;
    hart.mmu.refresh();
    hart.pc = BigInt(RAM);
    // Nothing may take this for the cause of a trap.
    hart.arena.i32[(hart.base + HART.cause) / 4] = Cause.breakpoint;
  });

  const faulted = () => [hart.csrs.get(Csr.mcause), hart.csrs.get(Csr.mepc), hart.x(A0)];
  const AT_THE_EDGE = [BigInt(Cause.instructionAccess), BigInt(RAM + 16), 4n];

  test("is stepped through to its edge", () => {
    for (let i = 1; i <= 4; i++) {
      hart.step();
      expect([hart.pc, hart.x(A0)]).toEqual([BigInt(RAM + 4 * i), BigInt(i)]);
    }
    hart.step();
    expect(faulted()).toEqual(AT_THE_EDGE);
  });

  test.each([5, 2000, 1_000_000])("is run to its edge with %i steps to spend", (limit) => {
    hart.bus.ram.writeU32(RAM + 0x1000, 0x10500073); // wfi
    expect(hart.run(limit)).toBe(limit === 5 ? "limit" : "wait");
    expect(faulted()).toEqual(AT_THE_EDGE);
  });

  test("can be used by atomic instructions, though it never enters the TLB", () => {
    const at = RAM + 0x2008;
    hart.mmu.pmp.writeAddress(1, BigInt((RAM + 0x2010) / 4));
    hart.mmu.pmp.writeConfig(0, BigInt((TOR | RWX) * 0x101));
    // amoadd.w a2, a1, (a0); lr.w a3, (a0); sc.w a4, a1, (a0)
    [0x00b5262f, 0x100526af, 0x18b5272f].forEach((bits, i) => {
      hart.bus.ram.writeU32(RAM + 4 * i, bits);
    });
    hart.bus.ram.writeU32(at, 7);
    hart.setXn(A0, at);
    hart.setXn(11, 5);
    expect(hart.run(3)).toBe("limit");
    expect([hart.x(12), hart.x(13), hart.x(14), hart.bus.ram.readU32(at)]).toEqual([7n, 12n, 0n, 5]);
    hart.setXn(A0, at + 8);
    hart.pc = BigInt(RAM);
    hart.step();
    expect([hart.csrs.get(Csr.mcause), hart.csrs.get(Csr.mtval)]).toEqual([
      BigInt(Cause.storeAccess),
      BigInt(at + 8),
    ]);
  });
});
