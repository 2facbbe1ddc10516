import { beforeEach, describe, expect, test } from "vitest";
import { Csr, Interrupt, MPP_SHIFT, Mstatus } from "./csr-state.ts";
import type { Hart } from "./hart.ts";
import { bareHart } from "./hart-fixture.ts";
import { interruptToTake } from "./interrupts.ts";
import { Cause, HART, Privilege } from "./layout.ts";
import { returnFromMachine, returnFromSupervisor, takeTrap } from "./traps.ts";

const { user, supervisor, machine } = Privilege;
const { SIE, MIE, SPIE, MPIE, SPP, MPP, MPRV } = Mstatus;
const VECTOR = { m: 0x8000_1000n, s: 0x8000_2000n };

let hart: Hart;

beforeEach(() => {
  hart = bareHart();
  hart.pc = -0x1000n;
  hart.csrs.set(Csr.mtvec, VECTOR.m);
  hart.csrs.set(Csr.stvec, VECTOR.s);
});

const words = (...names: (keyof typeof Csr)[]) => names.map((name) => hart.csrs.get(Csr[name]));

describe("entering a trap", () => {
  test("M-mode by default: cause, pc and value are recorded, the status stacked", () => {
    hart.privilege = supervisor;
    hart.csrs.status = MIE | SIE;
    takeTrap(hart, Cause.loadPage, -8n, false);
    expect(words("mcause", "mepc", "mtval")).toEqual([13n, 2n ** 64n - 0x1000n, 2n ** 64n - 8n]);
    expect(hart.csrs.status).toBe(MPIE | SIE | (supervisor << MPP_SHIFT));
    expect([hart.pc, hart.privilege]).toEqual([VECTOR.m, machine]);
  });

  test("S-mode where it is delegated, unless it comes from M-mode", () => {
    hart.csrs.set(Csr.medeleg, 1n << 8n);
    hart.privilege = user;
    hart.csrs.status = MIE | SIE | SPP;
    takeTrap(hart, Cause.ecallU, 0n, false);
    expect(words("scause", "sepc", "stval", "mcause")).toEqual([8n, 2n ** 64n - 0x1000n, 0n, 0n]);
    expect(hart.csrs.status).toBe(MIE | SPIE);
    expect([hart.pc, hart.privilege]).toEqual([VECTOR.s, supervisor]);
    takeTrap(hart, Cause.ecallU, 0n, false);
    expect(hart.csrs.status & SPP).toBe(SPP);
    hart.privilege = machine;
    takeTrap(hart, Cause.ecallU, 0n, false);
    expect(hart.pc).toBe(VECTOR.m);
  });

  test("vectored mode spreads interrupts, not exceptions", () => {
    hart.csrs.set(Csr.mtvec, VECTOR.m | 1n);
    takeTrap(hart, Cause.breakpoint, 0n, false);
    expect(hart.pc).toBe(VECTOR.m);
    takeTrap(hart, Interrupt.machineTimer, 0n, true);
    expect(hart.pc).toBe(VECTOR.m + 28n);
    expect(words("mcause")).toEqual([(1n << 63n) | 7n]);
  });

  test("interrupts are delegated by mideleg, exceptions by medeleg", () => {
    hart.csrs.set(Csr.medeleg, 1n << 5n);
    hart.privilege = supervisor;
    takeTrap(hart, Interrupt.supervisorTimer, 0n, true);
    expect(hart.privilege).toBe(machine);
  });

  test("the reservation is lost", () => {
    const reservation = (hart.base + HART.reservation) / 4;
    hart.arena.i32[reservation] = 64;
    takeTrap(hart, Cause.ecallM, 0n, false);
    expect(hart.arena.i32[reservation]).toBe(0);
    hart.arena.i32[reservation] = 64;
    returnFromMachine(hart);
    expect(hart.arena.i32[reservation]).toBe(0);
  });
});

describe("returning", () => {
  test("mret", () => {
    hart.csrs.set(Csr.mepc, 0x8000_0004n);
    hart.csrs.status = MPIE | MPRV | (supervisor << MPP_SHIFT);
    returnFromMachine(hart);
    expect([hart.pc, hart.privilege]).toEqual([0x8000_0004n, supervisor]);
    expect(hart.csrs.status).toBe(MIE | MPIE);
  });

  test("mret to M-mode keeps MPRV and leaves MPP at the least mode", () => {
    hart.csrs.status = MPRV | MPP;
    returnFromMachine(hart);
    expect(hart.privilege).toBe(machine);
    expect(hart.csrs.status).toBe(MPRV | MPIE);
  });

  test("sret", () => {
    hart.privilege = supervisor;
    hart.csrs.set(Csr.sepc, 0x1234n);
    hart.csrs.status = SPIE | MIE;
    returnFromSupervisor(hart);
    expect([hart.pc, hart.privilege]).toEqual([0x1234n, user]);
    expect(hart.csrs.status).toBe(SIE | SPIE | MIE);
    hart.csrs.status = SPP;
    returnFromSupervisor(hart);
    expect(hart.privilege).toBe(supervisor);
    expect(hart.csrs.status).toBe(SPIE);
  });
});

describe("interruptToTake", () => {
  const ALL = 0xaaan;
  const set = (privilege: number, status: number, pending: bigint, delegated = 0n) => {
    hart.privilege = privilege;
    hart.csrs.status = status;
    hart.csrs.set(Csr.lines, pending);
    hart.csrs.set(Csr.mideleg, delegated);
    return interruptToTake(hart);
  };

  beforeEach(() => hart.csrs.set(Csr.mie, ALL));

  test("order of priority", () => {
    const order: number[] = [];
    for (let pending = ALL; pending !== 0n; pending &= ~(1n << BigInt(order[order.length - 1])))
      order.push(set(machine, MIE, pending));
    expect(order).toEqual([11, 3, 7, 9, 1, 5]);
  });

  test("what is not enabled does not count", () => {
    hart.csrs.set(Csr.mie, 0x20n);
    expect(set(user, 0, ALL)).toBe(5);
    hart.csrs.set(Csr.mie, 0n);
    expect(set(user, 0, ALL)).toBe(-1);
  });

  test.each([
    // privilege, status, taken for M-mode, taken for S-mode
    [machine, 0, false, false],
    [machine, MIE | SIE, true, false],
    [supervisor, 0, true, false],
    [supervisor, SIE, true, true],
    [user, 0, true, true],
  ])("at privilege %i with status %i", (privilege, status, forMachine, forSupervisor) => {
    expect(set(privilege, status, 1n << 5n)).toBe(forMachine ? 5 : -1);
    expect(set(privilege, status, 1n << 5n, 0x222n)).toBe(forSupervisor ? 5 : -1);
  });

  test("those for M-mode come first", () => {
    expect(set(user, 0, (1n << 9n) | (1n << 7n), 0x222n)).toBe(7);
    expect(set(user, 0, (1n << 9n) | (1n << 5n), 0x200n)).toBe(5);
  });
});
