import { beforeEach, describe, expect, test } from "vitest";
import { csrNumber } from "../isa/csr-names.ts";
import { accessCsr, type CsrChange, csrRow, csrRows } from "./csr.ts";
import { Csr, Interrupt, Mstatus } from "./csr-state.ts";
import type { Hart } from "./hart.ts";
import { bareHart } from "./hart-fixture.ts";
import { HART, Privilege } from "./layout.ts";

const ALL = 0xffff_ffff_ffff_ffffn;
const { user, supervisor, machine } = Privilege;

let hart: Hart;

beforeEach(() => {
  hart = bareHart();
});

const access = (name: string, change: CsrChange | undefined, value = 0n) =>
  accessCsr(hart, csrNumber(name) as number, change, value);
const read = (name: string) => access(name, undefined);
/** Writes, and returns what the register then reads as. */
const write = (name: string, value: bigint) => {
  access(name, "write", value);
  return read(name);
};

function at<T>(privilege: number, action: () => T): T {
  const before = hart.privilege;
  hart.privilege = privilege;
  try {
    return action();
  } finally {
    hart.privilege = before;
  }
}

describe("legality", () => {
  test("every register is illegal below the privilege in its number, and legal at it", () => {
    write("mcounteren", 7n);
    write("scounteren", 7n);
    write("menvcfg", 1n << 63n);
    hart.csrs.floatState = 1;
    for (const { number, name } of csrRows) {
      const lowest = (number >> 8) & 3;
      for (const privilege of [user, supervisor, machine]) {
        // The counters beyond instret are never delegated.
        const legal = privilege >= (name.startsWith("hpmcounter") ? machine : lowest);
        const got = at(privilege, () => read(name));
        expect([name, privilege, got !== undefined]).toEqual([name, privilege, legal]);
      }
    }
  });

  test("a register that is read-only by its number cannot be written, even with no change", () => {
    for (const { number, name } of csrRows) {
      const readOnly = number >= 0xc00;
      hart.csrs.floatState = 1;
      expect([name, access(name, "set", 0n) === undefined]).toEqual([name, readOnly]);
    }
  });

  test("what is not in the table is illegal", () => {
    for (let number = 0; number < 4096; number++)
      if (!csrRow(number)) expect(accessCsr(hart, number, undefined, 0n)).toBeUndefined();
    expect(["pmpcfg1", "mseccfg", "vstimecmp", "mstatush", "pmpaddr16"].map(read)).toEqual(
      Array(5).fill(undefined),
    );
  });

  test("counters are readable below M-mode as counteren says", () => {
    const readable = (privilege: number) =>
      ["cycle", "time", "instret"].map((name) => at(privilege, () => read(name) !== undefined));
    expect(readable(supervisor)).toEqual([false, false, false]);
    write("mcounteren", 0b101n);
    expect(readable(supervisor)).toEqual([true, false, true]);
    expect(readable(user)).toEqual([false, false, false]);
    write("scounteren", 0b110n);
    expect(readable(user)).toEqual([false, false, true]);
  });

  test("TVM keeps satp from S-mode", () => {
    write("mstatus", BigInt(Mstatus.TVM));
    expect(at(supervisor, () => read("satp"))).toBeUndefined();
    expect(read("satp")).toBe(0n);
  });
});

describe("mstatus", () => {
  const fixed = 0xa_0000_0000n;

  test("keeps what is writable", () => {
    expect(read("mstatus")).toBe(fixed);
    expect(write("mstatus", ALL)).toBe(0x8000_000a_007e_79aan);
    expect(write("mstatus", 0n)).toBe(fixed);
  });

  test("MPP does not take the reserved mode", () => {
    for (const [mpp, kept] of [
      [1n, 1n],
      [2n, 1n],
      [3n, 3n],
      [2n, 3n],
      [0n, 0n],
    ])
      expect(write("mstatus", mpp << 11n)).toBe(fixed | (kept << 11n));
  });

  test("FS stands where compiled code looks, and SD follows it", () => {
    const fs = () => hart.arena.i32[(hart.base + HART.fs) / 4];
    write("mstatus", 1n << 13n);
    expect(fs()).toBe(1);
    access("sstatus", "set", 3n << 13n);
    expect(fs()).toBe(3);
    expect((read("sstatus") as bigint) >> 63n).toBe(1n);
  });

  test("sstatus shows and changes the supervisor's fields only", () => {
    write("mstatus", ALL);
    expect(read("sstatus")).toBe(0x8000_0002_000c_6122n);
    expect(write("sstatus", 0n)).toBe(0x2_0000_0000n);
    expect(read("mstatus")).toBe(fixed | BigInt(0x72_1888));
  });

  test("changes of SUM take another TLB context at once", () => {
    hart.privilege = supervisor;
    hart.mmu.useTable(0x80000, 0);
    const context = () => hart.arena.i32[(hart.base + HART.dataTlb) / 4];
    const before = context();
    access("sstatus", "set", BigInt(Mstatus.SUM));
    expect(context()).not.toBe(before);
    access("sstatus", "clear", BigInt(Mstatus.SUM));
    expect(context()).toBe(before);
  });
});

describe("interrupt registers", () => {
  test("keep the bits that exist", () => {
    expect(write("mie", ALL)).toBe(0xaaan);
    expect(write("mideleg", ALL)).toBe(0x222n);
    expect(write("medeleg", ALL)).toBe(0xb3ffn);
    expect(write("mip", ALL)).toBe(0x222n);
  });

  test("sie and sip are the delegated part", () => {
    write("mie", 0x888n);
    write("mideleg", 0x22n);
    expect(write("sie", ALL)).toBe(0x22n);
    expect(read("mie")).toBe(0x8aan);
    expect(write("sip", ALL)).toBe(0x2n);
    write("mip", 0x222n);
    expect(read("sip")).toBe(0x22n);
    expect(write("sip", 0n)).toBe(0x20n);
    write("mideleg", 0n);
    expect([read("sie"), read("sip")]).toEqual([0n, 0n]);
  });

  test("a device's line shows in mip, is not software's to clear, and is not latched by csrrs", () => {
    hart.csrs.setLine(Interrupt.supervisorExternal, true);
    hart.csrs.setLine(Interrupt.machineTimer, true);
    expect(access("mip", "set", 0x2n)).toBe(0x280n);
    expect(write("mip", 0n)).toBe(0x280n);
    access("mip", "set", 0x2n);
    hart.csrs.setLine(Interrupt.supervisorExternal, false);
    hart.csrs.setLine(Interrupt.machineTimer, false);
    expect(read("mip")).toBe(0x2n);
  });
});

describe("counters", () => {
  const retire = (count: number) => {
    hart.arena.i64[(hart.base + HART.retired) / 8] += BigInt(count);
  };

  test("read as written by the next instruction", () => {
    for (const name of ["mcycle", "minstret"]) {
      access(name, "write", ALL);
      retire(1);
      expect(read(name)).toBe(ALL);
      retire(1);
      expect(read(name)).toBe(0n);
    }
    expect(read("instret")).toBe(read("minstret"));
  });

  test("stand still while inhibited, and go on from there", () => {
    retire(10);
    expect(write("mcountinhibit", ALL)).toBe(5n);
    retire(100);
    expect([read("mcycle"), read("minstret")]).toEqual([10n, 10n]);
    expect(write("minstret", 7n)).toBe(7n);
    write("mcountinhibit", 1n);
    retire(5);
    expect([read("mcycle"), read("minstret")]).toEqual([10n, 12n]);
  });

  test("time is the machine's", () => {
    hart.csrs.time = () => 123n;
    expect(read("time")).toBe(123n);
  });
});

describe("floating point", () => {
  test("is illegal while FS is off and dirties FS when written", () => {
    expect(["fflags", "frm", "fcsr"].map(read)).toEqual([undefined, undefined, undefined]);
    hart.csrs.floatState = 1;
    expect(read("fcsr")).toBe(0n);
    expect(hart.csrs.floatState).toBe(1);
    access("fflags", "write", 0n);
    expect(hart.csrs.floatState).toBe(3);
  });

  test("fcsr is frm and fflags", () => {
    hart.csrs.floatState = 1;
    expect(write("fcsr", ALL)).toBe(0xffn);
    expect([read("frm"), read("fflags")]).toEqual([7n, 0x1fn]);
    write("frm", 2n);
    access("fflags", "clear", 0x11n);
    expect(read("fcsr")).toBe(0x4en);
  });

  test("the rounding modes that rm selects follow frm", () => {
    hart.csrs.floatState = 1;
    const modes = () => [...hart.arena.u8.subarray(hart.base + HART.roundingModes, hart.base + 600)];
    expect(modes()).toEqual([0, 1, 2, 3, 4, 255, 255, 0]);
    for (let frm = 0n; frm < 8n; frm++) {
      write("frm", frm);
      expect(modes()[7]).toBe(frm < 5n ? Number(frm) : 255);
    }
  });
});

describe("addresses", () => {
  test("satp takes bare and Sv39 and ignores other modes as a whole", () => {
    const sv39 = (8n << 60n) | (0xffffn << 44n) | 0xfff_ffff_ffffn;
    expect(write("satp", sv39)).toBe(sv39);
    for (const mode of [1n, 9n, 10n, 15n]) expect(write("satp", mode << 60n)).toBe(sv39);
    expect(write("satp", 0n)).toBe(0n);
  });

  test("trap vectors are direct or vectored", () => {
    for (const name of ["mtvec", "stvec"]) {
      expect(write(name, 0x8000_0001n)).toBe(0x8000_0001n);
      expect(write(name, 0x9000_0002n)).toBe(0x8000_0001n);
      expect(write(name, 0x9000_0000n)).toBe(0x9000_0000n);
    }
  });

  test("exception pcs are even", () => {
    expect(write("mepc", ALL)).toBe(ALL - 1n);
    expect(write("sepc", 0x1003n)).toBe(0x1002n);
  });
});

describe("PMP", () => {
  test("W without R and the reserved bits are not kept", () => {
    expect(write("pmpcfg0", 0x7f_1f_1e_1a_02n)).toBe(0x1f_1f_1c_18_00n);
    expect(write("pmpaddr15", ALL)).toBe(0x3f_ffff_ffff_ffffn);
  });

  test("locked entries stay, and so does the lower bound of a locked TOR entry", () => {
    write("pmpaddr2", 0x100n);
    write("pmpaddr3", 0x200n);
    const locked = 0x8fn << 24n;
    write("pmpcfg0", locked);
    expect(write("pmpcfg0", 0x1fn)).toBe(locked | 0x1fn);
    expect(write("pmpaddr3", 0x300n)).toBe(0x200n);
    expect(write("pmpaddr2", 0x300n)).toBe(0x100n);
    expect(write("pmpaddr1", 0x300n)).toBe(0x300n);
  });
});

test("misa says RV64 with A, B, C, D, F, I, M, S, U", () => {
  expect(write("misa", 0n)).toBe((2n << 62n) | 0x14_112fn);
});

test("the host's words hold what software wrote", () => {
  write("mscratch", 0x1234_5678_9abc_def0n);
  expect(hart.csrs.get(Csr.mscratch)).toBe(0x1234_5678_9abc_def0n);
});
