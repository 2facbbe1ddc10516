import { describe, expect, test } from "vitest";
import { Csr, Mstatus } from "../csr-state.ts";
import { isHartBlock } from "../hart-block.ts";
import { Cause, Privilege } from "../layout.ts";
import { PageTable } from "../page-table.ts";
import { Pte } from "../sv39.ts";
import { load, RAM, type TestHart, Trio, testHart } from "./pair-fixture.ts";

const [SP, A0, A7] = [2, 10, 17];
const { R, W, X, U, A, D, V } = Pte;
const USER = R | W | X | U | A | D | V;
/** A page behind the code's. */
const DATA = RAM + 2 * 4096;

/** The program on all three, to where it waits or its supervisor says so; `piece`: stopped each so many instructions. */
function same(source: string, setUp: (one: TestHart) => void, piece = 3_000_000): Trio {
  const trio = new Trio((one) => {
    load(one, `.option norvc\n${source}`);
    one.hart.pc = BigInt(RAM);
    one.hart.setX(SP, BigInt(RAM + 0xf_0000));
    setUp(one);
  });
  let result = trio.run(piece);
  for (let n = 0; result === "limit" && n < 5000; n++) result = trio.run(piece);
  expect(result).not.toBe("limit");
  expect(trio.always.jit?.stats.regions).toBeGreaterThan(0);
  return trio;
}

/** In U-mode under a supervisor, which gets the number of the call; its result goes to a0. False: not to go on. */
function supervised(one: TestHart, call: (one: TestHart, number: number) => number | false): void {
  const { hart } = one;
  hart.privilege = Privilege.user;
  hart.mmu.refresh();
  hart.supervisor = {
    trap: (_, cause, tval, interrupt) => {
      if (cause !== Cause.ecallU || interrupt) {
        one.log.push(`${interrupt ? "interrupt" : "trap"} ${cause} ${tval} at ${hart.retired}`);
        if (interrupt) hart.csrs.setLow(Csr.mip, 0);
        else hart.pc += 4n;
        return true;
      }
      one.log.push(`call ${hart.xn(A7)} at ${hart.retired}, ${hart.spentSoFar} spent`);
      hart.pc += 4n;
      const result = call(one, hart.xn(A7));
      if (result !== false) hart.setXn(A0, result);
      return result !== false;
    },
  };
}

/** Calls itself 400 deep; there, and on the way back, a system call says what is added. */
const DEEP = `
  li s0, 60
  again: li a0, 400
  jal sum
  add s2, s2, a0
  addi s0, s0, -1
  bgtz s0, again
  li a7, 0
  ecall
  sum:
    addi sp, sp, -32
    sd ra, 0(sp)
    sd s1, 8(sp)
    mv s1, a0
    li a7, 1
    beqz a0, bottom
    addi a0, a0, -1
    jal sum
    add s1, s1, a0
    li a7, 2
  bottom:
    ecall
    add a0, a0, s1
    ld s1, 8(sp)
    ld ra, 0(sp)
    addi sp, sp, 32
    ret`;

const sum = (_: TestHart, number: number) => (number === 0 ? false : number + 5);

describe("a system call", () => {
  test.each([3_000_000, 5003])("finds counts and registers, at any depth, in runs of %i", (piece) => {
    const { always } = same(DEEP, (one) => supervised(one, sum), piece);
    expect(always.log.length).toBe(60 * 401 + 1);
  });

  test("leaves the calls of regions standing that it is inside of", () => {
    const one = testHart("always");
    load(one, `.option norvc\n${DEEP}`);
    one.hart.pc = BigInt(RAM);
    one.hart.setX(SP, BigInt(RAM + 0xf_0000));
    supervised(one, sum);
    let entered = 0;
    const { engine } = one.hart;
    const run = engine.run.bind(engine);
    engine.run = (...parameters) => {
      entered++;
      run(...parameters);
    };
    expect(one.hart.run(3_000_000)).toBe("supervisor");
    expect(one.log.length).toBe(60 * 401 + 1);
    expect(entered).toBeLessThan(1000);
  });

  test("is an exception where guest code takes it", () => {
    same(
      `la t0, handler
      csrw mtvec, t0
      csrw mepc, zero
      la t0, user
      csrw mepc, t0
      li s0, 400
      mret
    user:
      ecall
      addi a1, a1, 1
      addi s0, s0, -1
      j user
    handler:
      csrr t0, mepc
      addi t0, t0, 4
      csrw mepc, t0
      blez s0, 1f
      mret
    1: wfi`,
      ({ hart }) => hart.csrs.set(Csr.mscratch, 0n),
    );
  });

  /** Adds up what the calls return, and what is in memory before and after them. */
  const LOOP = `
    li s0, 500
    li s1, ${DATA}
    fcvt.d.l fa1, s1
    fdiv.d fa1, fa1, fa2
  again:
    ld a1, 0(s1)
    add s2, s2, a1
    jal call
    add s2, s2, a0
    ld a1, 0(s1)
    add s2, s2, a1
    fadd.d fa0, fa0, fa1
    frflags a2
    add s2, s2, a2
    sd s2, 8(s1)
    addi s0, s0, -1
    bgez s0, again
  call:
    mv a7, s0
    ecall
    addi a0, a0, 1
    jr ra`;

  type Act = (one: TestHart, number: number) => void;
  const acts: Readonly<Record<string, Act>> = {
    "does nothing else": () => {},
    "goes on elsewhere": ({ hart }) => {
      hart.pc += 4n;
    },
    "fences all": ({ hart }) => hart.mmu.fence(),
    "changes the code behind it": (one) => {
      const { hart, ram } = one;
      const address = Number(hart.pc);
      const bits = new DataView(ram.read(address, 4).buffer).getInt32(0, true) + (1 << 20);
      ram.write(address, new Uint8Array(Int32Array.of(bits).buffer));
      hart.code.invalidate(Math.floor(address / 4096));
    },
    "clears the flags": ({ hart }) => {
      hart.csrs.fflags = 0;
    },
    "rounds in another way": ({ hart }, number) => hart.csrs.setFrm(number % 5),
    "raises an interrupt": ({ hart }) => {
      for (const csr of [Csr.mie, Csr.mip, Csr.mideleg]) hart.csrs.setLow(csr, 2);
    },
    "wants attention": ({ hart }, number) => hart.requestAttention(number % 7),
  };

  test.each(Object.entries(acts))("that %s", (_, act) => {
    const { interpreted } = same(LOOP, (one) =>
      supervised(one, (who, number) => {
        if (number % 10 === 3) act(who, number);
        return number === 0 ? false : number;
      }),
    );
    expect(interpreted.log.filter((line) => line.startsWith("call")).length).toBe(501);
  });

  test("that changes what a page is", () => {
    same(LOOP, (one) => {
      const { hart, ram } = one;
      let next = RAM / 4096 + 64;
      const table = new PageTable(ram, () => next++);
      for (const page of [0, 1, 2]) table.map(RAM + page * 4096, RAM / 4096 + page, USER);
      ram.write(RAM + 5 * 4096, Uint8Array.of(77));
      hart.mmu.useTable(table.rootPage, 0);
      supervised(one, (_, number) => {
        table.unmap(DATA);
        table.map(DATA, RAM / 4096 + 2 + (number & 3), USER);
        if (number % 3 > 0) hart.mmu.fence(DATA);
        return number === 0 ? false : number;
      });
    });
  });

  test("that gives the hart to others", () => {
    same(LOOP, (one) => {
      const { hart } = one;
      const others = [1, 2, 3].map((n) => Array.from({ length: 32 }, (_, i) => BigInt(n * i)));
      supervised(one, (_, number) => {
        if (number % 5 > 0) return number;
        const kept = Array.from({ length: 32 }, (_, i) => hart.x(i));
        const other = others.shift() as bigint[];
        others.push(kept);
        // At the same place, with the same count and memory, so that it ends.
        other.forEach((value, i) => {
          if (![0, 1, SP, 8, 9].includes(i)) hart.setX(i, value);
        });
        return number === 0 ? false : number;
      });
    });
  });

  test("whose handler throws leaves what has retired counted", () => {
    const counts = (["off", "always"] as const).map((mode) => {
      const one = testHart(mode);
      load(one, LOOP);
      one.hart.pc = BigInt(RAM);
      supervised(one, (_, number) => {
        if (number === 100) throw new Error("broken");
        return number;
      });
      expect(() => one.hart.run(1_000_000)).toThrow("broken");
      expect(isHartBlock(one.hart.save())).toBe(true);
      return one.hart.retired;
    });
    expect(counts[1]).toBe(counts[0]);
  });
});

describe("a CSR", () => {
  const supervisor = ({ hart }: TestHart) => {
    hart.privilege = Privilege.supervisor;
    hart.csrs.set(Csr.mcounteren, 7n);
    hart.csrs.set(Csr.stvec, BigInt(RAM + 0x800));
    hart.csrs.set(Csr.mideleg, 0x222n);
    hart.csrs.set(Csr.mie, 0x222n);
    hart.csrs.set(Csr.medeleg, 0xb3ffn);
    hart.mmu.refresh();
  };

  test("that counts what retires is exact in a loop", () => {
    const { interpreted } = same(
      `li s0, 300
      1: csrr a0, instret
      addi a2, a2, 1
      csrr a1, cycle
      sub a1, a1, a0
      add s1, s1, a1
      add s2, s2, a0
      addi s0, s0, -1
      bgtz s0, 1b
      wfi`,
      supervisor,
    );
    expect(interpreted.hart.xn(9)).toBe(600);
  });

  test("lets an interrupt in that was pending, at once", () => {
    const { interpreted } = same(
      `li s0, 500
      1: csrci sstatus, 2
      csrsi sip, 2
      addi a1, a1, 1
      csrr a2, sstatus
      add s2, s2, a2
      csrsi sstatus, 2
      addi a1, a1, 1
      csrrci a3, sstatus, 2
      addi s0, s0, -1
      bgtz s0, 1b
      wfi
      .balign 0x800
      csrr t0, scause
      add s3, s3, t0
      csrr t0, sepc
      csrw sscratch, t0
      csrr t1, sscratch
      add s4, s4, t1
      csrci sip, 2
      sret`,
      supervisor,
    );
    expect(interpreted.hart.xn(11)).toBe(1000);
  });

  test("that lets S-mode reach into user pages does so for the next access", () => {
    same(
      `li s0, 300
      li s1, ${DATA}
      li s2, ${Mstatus.SUM}
      1: csrs sstatus, s2
      ld a0, 0(s1)
      addi a0, a0, 1
      sd a0, 0(s1)
      csrc sstatus, s2
      ld a1, 0(s1)
      addi a2, a2, 1
      addi s0, s0, -1
      bgtz s0, 1b
      wfi
      .balign 0x800
      csrr t0, sepc
      addi t0, t0, 4
      csrw sepc, t0
      addi a3, a3, 1
      sret`,
      (one) => {
        const { hart, ram } = one;
        let next = RAM / 4096 + 64;
        const table = new PageTable(ram, () => next++);
        table.map(RAM, RAM / 4096, USER & ~Pte.U);
        table.map(DATA, RAM / 4096 + 2, USER);
        supervisor(one);
        hart.mmu.useTable(table.rootPage, 0);
      },
    );
  });

  test("that is not there is illegal", () => {
    same(
      `li s0, 300
      1: csrr a0, 0x123
      addi a1, a1, 1
      addi s0, s0, -1
      bgtz s0, 1b
      wfi
      .balign 0x800
      csrr t0, sepc
      addi t0, t0, 4
      csrw sepc, t0
      sret`,
      supervisor,
    );
  });
});
