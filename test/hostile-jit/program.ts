import { Random } from "../differential/random.ts";

/** Physical pages of RAM, by number from its beginning. */
export const PAGE = {
  code: 0,
  handler: 8,
  patched: 9,
  one: 10,
  other: 11,
  constants: 12,
  stack: 13,
  data: 16,
  tables: 64,
} as const;

/** Virtual pages: code and data have neighbours that are elsewhere, or nowhere. */
export const VIRTUAL = {
  code: 0x4000_0000,
  patched: 0x4000_8000,
  /** Mapped to one page of code or to another. */
  switched: 0x4000_a000,
  data: 0x4010_0000,
  device: 0x4020_0000,
  table: 0x4030_0000,
  constants: 0x4005_0000,
  stack: 0x4006_0000,
} as const;

/** Pages of data: some are mapped otherwise from time to time, one only to be read, one not at all. */
export const DATA_PAGES = 8;

/** Where the virtual page's entry can be written. */
export const entryOf = (address: number) => VIRTUAL.table + 8 * ((address >> 12) & 511);

/** How registers are used: bases of accesses are s0 to s10, and s11 is where a bad jump comes back. */
const BASES = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "zero"];
const LOADS = ["lb", "lbu", "lh", "lhu", "lw", "lwu", "ld"];
const STORES = ["sb", "sh", "sw", "sd"];
const AMOS = ["amoadd", "amoswap", "amoxor", "amomaxu"];
const RESULTS = ["a0", "a1", "a2", "a3", "a4", "a5", "t3", "t4"];
const FLOATS = ["fadd.d", "fmul.d", "fdiv.d", "fsub.s", "fmin.d", "fsgnj.d"];
const EDGES = [
  "-8",
  "0x7ffffffffffffff8",
  "0x3ffffffff8",
  "-0x4000000008",
  "0x8000000000000000",
  "0xffffffff",
  "0",
];

/**
 * A program for S-mode, without end, that does what a hostile guest may do; its handler in M-mode notes each trap and goes on
 * behind it.
 */
export function hostileProgram(
  seed: number,
): Record<"code" | "handler" | "patched" | "one" | "other", string> {
  const r = new Random(seed);
  let labels = 0;
  const offset = () => (r.below(4) === 0 ? r.below(64) - 32 : 8 * (r.below(8) - 4));
  const base = () => r.pick(BASES);
  const access = (): string => {
    const kind = r.below(12);
    if (kind < 6) return `${r.pick(LOADS)} ${r.pick([...RESULTS, "zero"])}, ${offset()}(${base()})`;
    if (kind < 9) return `${r.pick(STORES)} ${r.pick(RESULTS)}, ${offset()}(${base()})`;
    if (kind < 10)
      return `${r.pick(AMOS)}.${r.pick(["w", "d"])} ${r.pick([...RESULTS, "zero"])}, ${r.pick(RESULTS)}, (${base()})`;
    if (kind < 11) {
      const [size, at] = [r.pick(["w", "d"]), base()];
      return `lr.${size} a4, (${at})\n addi a4, a4, 1\n sc.${size} a5, a4, (${at})`;
    }
    return r.below(2)
      ? `fld f${r.below(8)}, ${offset()}(${base()})`
      : `fsd f${r.below(8)}, ${offset()}(${base()})`;
  };
  const plain = (): string => {
    const [d, a, b] = [r.pick(RESULTS), r.pick(RESULTS), r.pick(RESULTS)];
    const kind = r.below(8);
    if (kind < 3)
      return `${r.pick(["add", "sub", "xor", "sltu", "mul", "addw", "sra", "div"])} ${d}, ${a}, ${b}`;
    if (kind < 4) return `${r.pick(FLOATS)} f${r.below(8)}, f${r.below(8)}, f${r.below(8)}`;
    if (kind < 5)
      return `${r.pick(["feq.d", "flt.d"])} ${r.pick([d, "zero"])}, f${r.below(8)}, f${r.below(8)}`;
    if (kind < 6) return `fcvt.d.l f${r.below(8)}, ${a}${r.below(2) ? ", rtz" : ""}`;
    return `addi ${d}, ${a}, ${r.below(4096) - 2048}`;
  };
  const rare = (): string => {
    switch (r.below(13)) {
      case 0: // Another page behind a data page, or none.
        return `ld t0, ${8 * r.below(16)}(s9)\n sd t0, ${8 * r.below(DATA_PAGES)}(s8)\n sfence.vma`;
      case 1: {
        const page = r.below(DATA_PAGES);
        return `ld t0, ${8 * r.below(16)}(s9)\n sd t0, ${8 * page}(s8)\n li t1, ${VIRTUAL.data + 4096 * page}\n sfence.vma t1, zero`;
      }
      case 2: // Other code in the function behind the code.
        return `lw t0, ${4 * r.below(4)}(s10)\n li t1, ${VIRTUAL.patched}\n sw t0, ${4 * r.below(3)}(t1)\n fence.i\n jalr t1`;
      case 3:
        return `li t1, ${VIRTUAL.patched}\n jalr t1`;
      case 4: // Another page of code.
        return `ld t0, ${128 + 8 * r.below(3)}(s9)\n li t1, ${entryOf(VIRTUAL.switched)}\n sd t0, 0(t1)\n li t1, ${VIRTUAL.switched}\n sfence.vma t1, zero\n jalr t1`;
      case 5:
        return `li t1, ${VIRTUAL.switched}\n jalr t1`;
      case 6:
        return `li t0, ${r.pick([0x2000, 0x4000, 0x6000])}\n ${r.pick(["csrc", "csrs"])} sstatus, t0`;
      case 7:
        return `${r.pick(["csrwi frm", "csrwi fflags"])}, ${r.below(8)}`;
      case 8:
        return "ecall";
      case 9:
        return `li t0, ${0x4_0000 * (1 + r.below(3))}\n ${r.pick(["csrc", "csrs"])} sstatus, t0`;
      case 10: // Nowhere, and back.
        return `li t1, ${r.pick(EDGES)}\n la s11, 1f\n jalr t1\n 1:`;
      case 11:
        return `li s${4 + r.below(3)}, ${r.pick(EDGES)}`;
      default:
        return `li t1, ${VIRTUAL.device}\n ${r.pick(LOADS)} a0, 0(t1)\n ${r.pick(STORES)} a0, ${8 * r.below(3)}(t1)`;
    }
  };
  const move = (): string =>
    r.pick([
      () => `addi s${r.below(3)}, s${r.below(3)}, ${8 * (r.below(9) - 4)}`,
      () =>
        `li s${r.below(4)}, ${VIRTUAL.data + 4096 * r.below(DATA_PAGES) + 8 * r.below(512) - r.below(3) * 4}`,
      () =>
        `li s${r.below(4)}, ${VIRTUAL.data + 4096 * (1 + r.below(DATA_PAGES)) - 8 * r.below(4) - r.below(8)}`,
      () =>
        `li s3, ${r.pick([VIRTUAL.device + 8, VIRTUAL.code, VIRTUAL.patched + 64, VIRTUAL.table + 3072])}`,
    ])();
  const some = (count: number, depth: number): string => {
    const lines: string[] = [];
    for (let i = 0; i < count; i++) {
      const kind = r.below(24);
      const name = `l${labels++}`;
      if (kind < 9) lines.push(access());
      else if (kind < 15) lines.push(plain());
      else if (kind < 17) lines.push(move());
      else if (kind < 18) lines.push(rare());
      else if (depth === 0) lines.push(plain());
      else if (kind < 20)
        lines.push(
          `li t${depth}, ${1 + r.below(12)}\n addi sp, sp, -16\n sd t${depth}, 0(sp)\n${name}:`,
          some(4, depth - 1),
          `ld t5, 0(sp)\n addi t5, t5, -1\n sd t5, 0(sp)\n bgtz t5, ${name}\n addi sp, sp, 16`,
        );
      else if (kind < 22)
        lines.push(
          `${r.pick(["beq", "blt", "bgeu"])} ${r.pick(RESULTS)}, ${r.pick(RESULTS)}, ${name}`,
          some(3, depth - 1),
          `${name}:`,
        );
      else
        lines.push(
          `j ${name}o\n${name}:`,
          `addi a6, a6, 1\n`,
          access(),
          `jr t6\n${name}o:\n jal t6, ${name}`,
        );
    }
    return lines.join("\n");
  };
  const body = () => Array.from({ length: 6 }, () => (r.below(2) ? access() : plain())).join("\n");
  return {
    code: `start:\n ${some(60, 3)}\n j start`,
    handler: HANDLER,
    patched: "addi a0, a0, 1\n addi a1, a1, 2\n addi a2, a2, 3\n jr ra",
    one: `addi a0, a0, 100\n ${body()}\n jr ra`,
    other: `addi a0, a0, 200\n ${body()}\n jr ra`,
  };
}

const HANDLER = `
    csrw mscratch, t0
    csrr t0, mcause
    slli gp, gp, 1
    add gp, gp, t0
    bltz t0, interrupt
    csrr t0, mtval
    xor gp, gp, t0
    addi tp, tp, 1
    csrr t0, mcause
    addi t0, t0, -9
    beqz t0, call
    addi t0, t0, -3
    beqz t0, lost
    addi t0, t0, 11
    beqz t0, lost
  behind:
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    csrr t0, mscratch
    mret
  lost:
    csrw mepc, s11
    csrr t0, mscratch
    mret
  call:
    # Memory protection comes and goes.
    csrr t0, pmpcfg0
    xori t0, t0, 0x18
    csrw pmpcfg0, t0
    sfence.vma
    j behind
  interrupt:
    csrw mip, zero
    csrr t0, mscratch
    mret
  `;
