import { beforeEach, describe, expect, test } from "vitest";
import { csrNumber } from "../isa/csr-names.ts";
import { Csr, Mstatus } from "./csr-state.ts";
import type { Hart } from "./hart.ts";
import { bareHart } from "./hart-fixture.ts";
import { Cause, HART, Privilege } from "./layout.ts";
import { executeSystem } from "./system.ts";

const { user, supervisor, machine } = Privilege;
const [ECALL, EBREAK, C_EBREAK] = [0x73, 0x0010_0073, 0x9002];
const [MRET, SRET, WFI, FENCE_I] = [0x3020_0073, 0x1020_0073, 0x1050_0073, 0x100f];
const sfence = (rs1: number, rs2: number) => 0x1200_0073 | (rs2 << 20) | (rs1 << 15);
const [RW, RS, RC, RWI, RSI, RCI] = [1, 2, 3, 5, 6, 7];
const csr = (kind: number, name: string, rd: number, source: number) =>
  (((csrNumber(name) as number) << 20) | (source << 15) | (kind << 12) | (rd << 7) | 0x73) >>> 0;

let hart: Hart;

beforeEach(() => {
  hart = bareHart();
  hart.pc = 0x8000_0000n;
});

/** The result; of a trap, its cause and tval. */
function execute(bits: number, privilege: number = machine) {
  hart.privilege = privilege;
  const result = executeSystem(hart, bits);
  if (result !== "trap") return result;
  return [hart.arena.i32[(hart.base + HART.cause) / 4], hart.arena.i64[(hart.base + HART.tval) / 8]];
}

const illegal = (bits: number) => [Cause.illegalInstruction, BigInt(bits)];

describe("CSR instructions", () => {
  test.each([
    ["csrrw", RW, 0x0fn],
    ["csrrs", RS, 0xffn],
    ["csrrc", RC, 0xf0n],
  ])("%s", (_, kind, after) => {
    hart.csrs.set(Csr.mscratch, 0xf0n);
    hart.setX(6, 0x0fn);
    if (kind === RC) hart.setX(6, 0x0f0fn);
    expect(execute(csr(kind, "mscratch", 5, 6))).toBe("next");
    expect(hart.x(5)).toBe(0xf0n);
    expect(hart.csrs.get(Csr.mscratch)).toBe(after);
  });

  test.each([
    ["csrrwi", RWI, 0x13n],
    ["csrrsi", RSI, 0xf3n],
    ["csrrci", RCI, 0xe0n],
  ])("%s", (_, kind, after) => {
    hart.csrs.set(Csr.mscratch, 0xf0n);
    execute(csr(kind, "mscratch", 5, 0x13));
    expect(hart.x(5)).toBe(0xf0n);
    expect(hart.csrs.get(Csr.mscratch)).toBe(after);
  });

  test("the old value is the register's even where source and destination are one", () => {
    hart.csrs.set(Csr.mscratch, 1n << 63n);
    hart.setX(5, 7n);
    execute(csr(RW, "mscratch", 5, 5));
    expect([hart.x(5), hart.csrs.get(Csr.mscratch)]).toEqual([-(1n << 63n), 7n]);
  });

  test("x0 stays zero", () => {
    hart.csrs.set(Csr.mscratch, 5n);
    execute(csr(RS, "mscratch", 0, 0));
    expect(hart.x(0)).toBe(0n);
  });

  test("setting or clearing with x0 or 0 is no write; csrrw always is one", () => {
    expect(execute(csr(RS, "mhartid", 5, 0))).toBe("next");
    expect(execute(csr(RCI, "mhartid", 5, 0))).toBe("next");
    for (const bits of [csr(RS, "mhartid", 5, 6), csr(RSI, "mhartid", 5, 1), csr(RW, "mhartid", 5, 0)])
      expect(execute(bits)).toEqual(illegal(bits));
  });

  test("an illegal access changes nothing", () => {
    hart.setX(5, 99n);
    const bits = csr(RW, "mscratch", 5, 0);
    expect(execute(bits, supervisor)).toEqual(illegal(bits));
    expect(hart.x(5)).toBe(99n);
  });
});

describe("calls and returns", () => {
  test("ecall names the privilege, ebreak its address", () => {
    expect(execute(ECALL, user)).toEqual([Cause.ecallU, 0n]);
    expect(execute(ECALL, supervisor)).toEqual([Cause.ecallS, 0n]);
    expect(execute(ECALL, machine)).toEqual([Cause.ecallM, 0n]);
    expect(execute(EBREAK)).toEqual([Cause.breakpoint, 0x8000_0000n]);
    expect(execute(C_EBREAK)).toEqual([Cause.breakpoint, 0x8000_0000n]);
  });

  test.each([
    // bits, the mstatus bit that takes it from S-mode
    ["sret", SRET, Mstatus.TSR, "jumped"],
    ["wfi", WFI, Mstatus.TW, "wait"],
    ["sfence.vma", sfence(0, 0), Mstatus.TVM, "next"],
  ])("%s is for S-mode unless mstatus says otherwise", (_, bits, trapBit, done) => {
    expect(execute(bits, user)).toEqual(illegal(bits));
    expect(execute(bits, supervisor)).toBe(done);
    hart.csrs.status = trapBit;
    expect(execute(bits, supervisor)).toEqual(illegal(bits));
    expect(execute(bits, machine)).toBe(done);
  });

  test("mret is for M-mode", () => {
    expect(execute(MRET, supervisor)).toEqual(illegal(MRET));
    expect(execute(MRET, machine)).toBe("jumped");
    expect(hart.privilege).toBe(user);
  });

  test("wfi goes on where an enabled interrupt is pending, deliverable or not", () => {
    hart.csrs.set(Csr.lines, 0x80n);
    expect(execute(WFI)).toBe("wait");
    hart.csrs.set(Csr.mie, 0x80n);
    expect(execute(WFI)).toBe("next");
  });
});

test("fence.i makes written code take effect", () => {
  let fences = 0;
  hart.code.fence = () => {
    fences++;
  };
  expect(execute(FENCE_I, user)).toBe("next");
  expect(fences).toBe(1);
});

test("sfence.vma passes its address and address space on", () => {
  const seen: unknown[] = [];
  hart.mmu.fence = (va, asid) => {
    seen.push([va, asid]);
  };
  hart.setX(5, -0x1000n);
  hart.setX(6, 0x1_0003n);
  for (const bits of [sfence(0, 0), sfence(5, 0), sfence(0, 6), sfence(5, 6)]) execute(bits);
  expect(seen).toEqual([
    [undefined, undefined],
    [-0x1000, undefined],
    [undefined, 3],
    [-0x1000, 3],
  ]);
});
