import { describe, expect, it } from "vitest";
import { asm, type CauseName, matchers, type TestMachine } from "./index.ts";

expect.extend(matchers);

/** The message of an expectation that does not hold. */
function failure(check: () => void): string {
  try {
    check();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("the expectation held");
}

describe("asm", () => {
  it("runs a program to its end", () => {
    const machine = asm`
      li   a0, 40
      addi a0, a0, ${2}
    `;
    expect(machine).toReachEnd();
    expect(machine).toHaveRegister("a0", 42n);
    expect(machine).toHaveRegister("x10", 42);
    expect(machine).not.toHaveRegister("a0", 41);
    expect(machine.hart.retired).toBe(2);
  });

  it("compares registers of either kind, signed or unsigned", () => {
    const machine = asm`
      li     a0, -1
      li     a1, ${0x4045_0000_0000_0000n}
      fmv.d.x fa0, a1
      fcvt.s.d fa1, fa0
      fdiv.d fa2, fa3, fa3
    `;
    expect(machine).toHaveRegister("a0", -1n);
    expect(machine).toHaveRegister("a0", 0xffff_ffff_ffff_ffffn);
    expect(machine).toHaveRegister("fa0", 42);
    expect(machine).toHaveRegister("fa0", 0x4045_0000_0000_0000n);
    expect(machine).toHaveRegister("fa1", 42);
    expect(machine).toHaveRegister("fa2", Number.NaN);
  });

  it("looks at memory by label or address", () => {
    const machine = asm`
              la   t0, table
              ld   a0, 0(t0)
              sd   a0, 8(t0)
              sw   zero, 0(t0)
              .data
      text:   .ascii "hello"
              .balign 8
      table:  .dword 0x1122334455667788, 0
    `;
    expect(machine).toHaveMemory("text", "hello");
    expect(machine).toHaveMemory("table", 0x1122334400000000n);
    expect(machine).toHaveMemory("table", 0);
    expect(machine).toHaveMemory("table + 4", 0x11223344);
    expect(machine).toHaveMemory("table + 8", [0x88, 0x77, 0x66]);
    expect(machine).toHaveMemory(machine.address("table") + 8, 0x1122334455667788n);
    expect(machine).not.toHaveMemory("text", "hellO");
  });

  it("takes options: registers, a mode, a limit, devices", () => {
    const stores: number[] = [];
    const device = {
      name: "probe",
      load: (offset: number) => offset + 1,
      store: (offset: number, _size: number, value: number) => void stores.push(offset, value),
    };
    const machine = asm.with({
      registers: { a0: 0x1000_0000, fa0: 1.5 },
      mode: "user",
      devices: [{ base: 0x1000_0000, size: 0x100, device }],
    })`
      lw  a1, 4(a0)
      sw  a1, 8(a0)
      ecall
    `;
    expect(stores).toEqual([8, 5]);
    expect(machine).toHaveRegister("fa0", 1.5);
    expect(machine).toTrap("ecallU", { from: "user", to: "machine" });
    expect(machine.outcome).toBe("trap");
    const endless = asm.with({ limit: 10 })`j .`;
    expect([endless.outcome, endless.hart.retired]).toEqual(["limit", 10]);
  });

  it("records traps, handled or not", () => {
    const machine = asm`
              la    t0, handler
              csrw  mtvec, t0
              li    a1, 0x123
      bad:    lw    a0, 0(a1)
              ebreak
              j     done
              .balign 4
      handler:
              csrr  t1, mepc
              addi  t1, t1, 4
              csrw  mepc, t1
              addi  s0, s0, 1
              mret
      done:
    `;
    expect(machine).toReachEnd();
    expect(machine).toHaveRegister("s0", 2);
    expect(machine).toTrap("loadAccess", { tval: 0x123, pc: "bad" });
    expect(machine).toTrap("breakpoint");
    expect(machine).not.toTrap("loadAccess", { tval: 0x124 });
    expect(machine).not.toTrap("illegalInstruction");
    expect(machine.traps.map(({ cause }) => cause)).toEqual(["loadAccess", "breakpoint"]);
  });

  it("stops at wfi and goes on when an interrupt comes", () => {
    const machine = asm`
              la   t0, handler
              csrw mtvec, t0
              li   t0, 1 << 7
              csrs mie, t0
              csrsi mstatus, 8
              wfi
              li   a0, 1
              j    done
              .balign 4
      handler: li  s0, 7
              csrw mie, zero
              mret
      done:
    `;
    expect(machine.outcome).toBe("waiting");
    machine.hart.csrs.setLine(7, true);
    expect(machine.run()).toReachEnd();
    expect(machine).toTrap("machineTimer");
    expect(machine).toHaveRegister("s0", 7);
    expect(machine).toHaveRegister("a0", 1);
  });
});

describe("page tables", () => {
  const map = [
    { virtual: 0x8000_0000, flags: "rx" },
    { virtual: 0x4000_0000, physical: 0x8008_0000, size: 8192, flags: "rw" },
  ];

  it("are built from a list, and their faults are traps", () => {
    const machine = asm.with({ mode: "supervisor", map })`
              li   a0, 0x40000000
              li   a1, 5
              sd   a1, 16(a0)
              la   a2, .
      fault:  sd   a1, 0(a2)
    `;
    expect(machine).toHaveMemory(0x8008_0010, 5n);
    expect(machine).toMapPage(0x4000_0000, { physical: 0x8008_0000, flags: "rwad" });
    expect(machine).toMapPage(0x4000_1000, { physical: 0x8008_1000, flags: "rw" });
    expect(machine).toMapPage(0x4000_1004, { physical: 0x8008_1004 });
    expect(machine).not.toMapPage(0x4000_1000, { flags: "rwd" });
    expect(machine).not.toMapPage(0x4000_2000);
    expect(machine).toTrap("storePage", { pc: "fault", tval: 0x8000_000c, from: "supervisor" });
  });

  it("may be the program's own", () => {
    const machine = asm`
              la   t0, table                # a 1 GiB leaf: 0x80000000 to itself
              li   t1, (0x80000000 >> 12 << 10) | 0xcf
              sd   t1, 16(t0)
              srli t0, t0, 12
              li   t1, 8 << 60
              or   t0, t0, t1
              csrw satp, t0
              .bss
              .balign 4096
      table:  .space 4096
    `;
    expect(machine).toMapPage(0x8012_3456, { physical: 0x8012_3456, flags: "rwxad" });
    expect(machine).not.toMapPage(0x4000_0000);
  });
});

describe("failures say what happened", () => {
  const machine: TestMachine = asm`
    start: li a0, 42
           la a1, data
           lw a2, (zero)
           .data
    data:  .ascii "0123456789abcdefgh"
  `;

  it.each([
    [
      () => expect(machine).toHaveRegister("a0", 43),
      "expected a0 to be 43 (0x2b), it is 42 (0x2a)\n\nIt was stopped by a trap that it has no vector for: loadAccess at 0x8000000c <start+0xc> lw a2,0(zero), from machine to machine mode, tval 0x0.",
    ],
    [
      () => expect(machine).toHaveMemory("data", "0123456789abcdefgH"),
      "the first difference is at offset 17:\n  expected 67 48\n  found    67 68",
    ],
    [
      () => expect(machine).toTrap("loadPage", { tval: 0 }),
      "expected the trap loadPage, tval 0x0\n\nTraps taken:\n  loadAccess at 0x8000000c",
    ],
    [() => expect(machine).not.toTrap("loadAccess"), "expected no trap loadAccess\n"],
    [() => expect(machine).toReachEnd(), "expected the program to run to its end\n"],
    [() => expect(machine).toMapPage(0x1000), "satp says that addresses are not translated"],
    [() => expect(42).toReachEnd(), "expected the machine that asm`...` returns"],
    [() => expect(machine).toHaveRegister("a9", 1), "no register is called 'a9'"],
    [() => expect(machine).toHaveMemory("nothing", 1), "no label 'nothing' in the program"],
    [() => asm`addd a0, a1`, "asm:1:1: there is no instruction 'addd'"],
    [() => asm.with({ map: [{ virtual: 1, flags: "r" }] })`nop`, "0x1 must be a multiple of 4096"],
    [() => asm.with({ ram: 4096 })`.space 8192`, "the program does not fit 4096 bytes of RAM"],
  ])("%#", (check, message) => {
    expect(failure(check)).toContain(message);
  });

  it("shows the walk that ended early, level by level", () => {
    const mapped = asm.with({ map: [{ virtual: 0x4000_0000, flags: "r" }] })`nop`;
    expect(failure(() => expect(mapped).toMapPage(0x4000_1000))).toMatch(
      /walk of its page table:\n {2}level 2: .* flags -------v\n {2}level 1: .* flags -------v\n {2}level 0: .* flags --------\n {2}and there it ends: invalid/,
    );
    expect(failure(() => expect(mapped).toMapPage(0x4000_0000, { physical: 0, flags: "rw" }))).toContain(
      "expected 0x40000000 to be mapped to 0x0 rw, it is mapped to 0x40000000 r------",
    );
  });
});

it("answers a trap that there is none of with those there are", () => {
  const machine = asm`nop`;
  for (const name of ["load fault", "toString"])
    expect(() => expect(machine).toTrap(name as CauseName)).toThrow(
      `no trap is called '${name}' (there are instructionMisaligned, `,
    );
});
