import { expect, test } from "vitest";
import { Random } from "../../../test/differential/random.ts";
import { csrNumber } from "../../isa/csr-names.ts";
import { Csr, Mstatus } from "../csr-state.ts";
import type { Hart } from "../hart.ts";
import { RAM, testHart } from "../jit/pair-fixture.ts";
import { Privilege } from "../layout.ts";
import { executeSystem } from "../system.ts";

const NAMES = [
  "fflags",
  "frm",
  "sstatus",
  "sie",
  "sip",
  "satp",
  "stvec",
  "mstatus",
  "mtvec",
  "medeleg",
  "pmpaddr0",
];
const WORDS = ["sscratch", "sepc", "scause", "stval", "mscratch", "mepc", "mcause", "mtval"];
const { SIE, SPIE, SPP, SUM, MXR, MIE, MPP } = Mstatus;

/** What a CSR instruction may read or change. */
const visible = (hart: Hart) => ({
  x: Array.from({ length: 32 }, (_, i) => hart.x(i).toString(16)).join(" "),
  csrs: Array.from({ length: 48 }, (_, i) => hart.csrs.get(i).toString(16)).join(" "),
  floats: [hart.csrs.fflags, hart.csrs.frm, hart.csrs.floatState],
  privilege: hart.privilege,
  pc: hart.pc,
});

test("does what the table of CSRs says", () => {
  const [quick, plain] = [testHart("off"), testHart("off")].map(({ hart }) => hart);
  const r = new Random(7);
  const wide = () => BigInt.asIntN(64, (BigInt(r.below(2 ** 31)) << 33n) ^ BigInt(r.below(2 ** 31)));
  let done = 0;
  let illegal = 0;
  for (let n = 0; n < 2500; n++) {
    const name = r.pick(r.below(2) === 0 ? WORDS : NAMES);
    const [rd, rs1] = [r.below(4), r.below(4)];
    const funct3 = r.pick([1, 2, 3, 5, 6, 7]);
    const bits = ((csrNumber(name) as number) << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | 0x73;
    const words = WORDS.map(() => wide());
    const status = [SIE, SPIE, SPP, SUM, MXR, MIE, MPP].reduce((all, bit) => all | (r.below(2) * bit), 0);
    const [x1, x2] = [r.pick([BigInt(SIE), 0n, wide()]), wide()];
    const [fs, fflags, privilege] = [r.below(4), r.below(32), r.pick(Object.values(Privilege))];
    const [mie, mip] = [r.below(2) * 0x222, r.below(4) === 0 ? 2 : 0];
    for (const hart of [quick, plain]) {
      hart.reset();
      hart.mmu.pmp.allowAll();
      hart.pc = BigInt(RAM);
      hart.privilege = privilege;
      hart.setX(1, x1);
      hart.setX(2, x2);
      hart.setX(3, 2n);
      WORDS.forEach((word, i) => {
        const mask = word.endsWith("epc") ? ~1n : -1n;
        hart.csrs.set(Csr[word as keyof typeof Csr], words[i] & mask);
      });
      hart.csrs.status = status;
      hart.csrs.floatState = fs;
      hart.csrs.fflags = fflags;
      hart.csrs.setLow(Csr.mie, mie);
      hart.csrs.setLow(Csr.mip, mip);
      hart.csrs.setLow(Csr.mideleg, 0x222);
      hart.mmu.refresh();
    }
    // Not where it would be taken before the instruction.
    if (mie !== 0 && mip !== 0 && (privilege === Privilege.user || (privilege === 1 && (status & SIE) !== 0)))
      continue;
    quick.bus.ram.write(RAM, new Uint8Array(Int32Array.of(bits).buffer));
    quick.code.invalidate(RAM / 4096);
    if (executeSystem(plain, bits) === "trap") {
      quick.step();
      expect(quick.csrs.get(Csr.mcause)).toBe(2n);
      illegal++;
      continue;
    }
    plain.pc += 4n;
    quick.step();
    expect(visible(quick), `${name} ${bits.toString(16)}`).toEqual(visible(plain));
    done++;
  }
  expect(done).toBeGreaterThan(800);
  expect(illegal).toBeGreaterThan(200);
});
