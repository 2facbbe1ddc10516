import type { Fields, Instruction } from "./row.ts";

/**
 * Another name for some operands of one instruction, read both ways: the disassembler prints the first one that
 * fits (as GNU `objdump` does), the assembler takes them all.
 */
export interface Alias {
  readonly name: string;
  /** As `Row.syntax`. */
  readonly syntax: string;
  /** Name of the row. */
  readonly row: string;
  /** What the operands not written are: a number, or the same as `rs1`. */
  readonly fixed: Readonly<Partial<Record<keyof Fields, number | "rs1">>>;
  readonly use: "both" | "assembler" | "disassembler";
}

const alias = (name: string, row: string, syntax: string, fixed: Alias["fixed"] = {}): Alias => ({
  name,
  syntax,
  row,
  fixed,
  use: "both",
});
const printedOnly = (name: string, row: string, syntax: string, fixed: Alias["fixed"] = {}): Alias => ({
  ...alias(name, row, syntax, fixed),
  use: "disassembler",
});
const unprinted = (name: string, row: string, syntax: string, fixed: Alias["fixed"] = {}): Alias => ({
  ...alias(name, row, syntax, fixed),
  use: "assembler",
});

const CSR = { fflags: 1, frm: 2, fcsr: 3, cycle: 0xc00, time: 0xc01, instret: 0xc02 };

/** Reading, swapping and writing one of the floating-point CSRs. */
const floatCsr = (csr: number, read: string, write: string): Alias[] => [
  alias(read, "csrrs", "rd", { rs1: 0, imm: csr }),
  alias(write, "csrrw", "rs1", { rd: 0, imm: csr }),
  alias(write, "csrrw", "rd, rs1", { imm: csr }),
];

const floatMoves = (format: "s" | "d"): Alias[] => [
  alias(`fmv.${format}`, `fsgnj.${format}`, "fd, fs1", { rs2: "rs1" }),
  alias(`fneg.${format}`, `fsgnjn.${format}`, "fd, fs1", { rs2: "rs1" }),
  alias(`fabs.${format}`, `fsgnjx.${format}`, "fd, fs1", { rs2: "rs1" }),
  unprinted(`fgt.${format}`, `flt.${format}`, "rd, fs2, fs1"),
  unprinted(`fge.${format}`, `fle.${format}`, "rd, fs2, fs1"),
];

/** The immediate form under the register form's name: `add a0, a0, 1`. */
const immediateForms = [
  ...["add", "and", "or", "xor", "sll", "srl", "sra", "addw", "sllw", "srlw", "sraw", "slt"],
  ...["ror", "rorw", "bclr", "bext", "binv", "bset"],
].map((name) => unprinted(name, name.endsWith("w") ? `${name.slice(0, -1)}iw` : `${name}i`, "rd, rs1, imm"));

/**
 * Compressed instructions are printed as their base rows are, with these exceptions: moves and additions of
 * zero keep their names, and hints show that they are compressed.
 */
const compressed: readonly Alias[] = [
  printedOnly("nop", "c.nop", "", { imm: 0 }),
  alias("c.nop", "c.nop", "", { imm: 0 }),
  alias("c.slli64", "c.slli", "rd", { imm: 0 }),
  alias("c.srli64", "c.srli", "rd", { imm: 0 }),
  alias("c.srai64", "c.srai", "rd", { imm: 0 }),
  printedOnly("c.nop", "c.nop", "imm"),
  ...["c.li", "c.lui", "c.slli"].map((name) => printedOnly(name, name, "rd, imm", { rd: 0 })),
  ...["c.mv", "c.add"].map((name) => printedOnly(name, name, "rd, rs2", { rd: 0 })),
  printedOnly("mv", "c.mv", "rd, rs2"),
  printedOnly("addi", "c.addi", "rd, rs1, imm", { imm: 0 }),
];

/** The aliases, the preferred first (RISC-V Assembly Programmer's Manual, "pseudoinstructions"). */
export const aliases: readonly Alias[] = [
  alias("nop", "addi", "", { rd: 0, rs1: 0, imm: 0 }),
  alias("li", "addi", "rd, imm", { rs1: 0 }),
  alias("mv", "addi", "rd, rs1", { imm: 0 }),
  unprinted("move", "addi", "rd, rs1", { imm: 0 }),
  alias("not", "xori", "rd, rs1", { imm: -1 }),
  alias("zext.b", "andi", "rd, rs1", { imm: 255 }),
  alias("neg", "sub", "rd, rs2", { rs1: 0 }),
  alias("negw", "subw", "rd, rs2", { rs1: 0 }),
  alias("sext.w", "addiw", "rd, rs1", { imm: 0 }),
  alias("zext.w", "add.uw", "rd, rs1", { rs2: 0 }),
  alias("seqz", "sltiu", "rd, rs1", { imm: 1 }),
  alias("snez", "sltu", "rd, rs2", { rs1: 0 }),
  alias("sltz", "slt", "rd, rs1", { rs2: 0 }),
  alias("sgtz", "slt", "rd, rs2", { rs1: 0 }),
  unprinted("sgt", "slt", "rd, rs2, rs1"),
  unprinted("sgtu", "sltu", "rd, rs2, rs1"),
  unprinted("sltu", "sltiu", "rd, rs1, imm"),
  ...immediateForms,

  alias("beqz", "beq", "rs1, target", { rs2: 0 }),
  alias("bnez", "bne", "rs1, target", { rs2: 0 }),
  alias("blez", "bge", "rs2, target", { rs1: 0 }),
  alias("bgez", "bge", "rs1, target", { rs2: 0 }),
  alias("bltz", "blt", "rs1, target", { rs2: 0 }),
  alias("bgtz", "blt", "rs2, target", { rs1: 0 }),
  unprinted("bgt", "blt", "rs2, rs1, target"),
  unprinted("ble", "bge", "rs2, rs1, target"),
  unprinted("bgtu", "bltu", "rs2, rs1, target"),
  unprinted("bleu", "bgeu", "rs2, rs1, target"),

  alias("j", "jal", "target", { rd: 0 }),
  alias("jal", "jal", "target", { rd: 1 }),
  alias("ret", "jalr", "", { rd: 0, rs1: 1, imm: 0 }),
  alias("jr", "jalr", "rs1", { rd: 0, imm: 0 }),
  alias("jr", "jalr", "imm(rs1)", { rd: 0 }),
  alias("jalr", "jalr", "rs1", { rd: 1, imm: 0 }),
  alias("jalr", "jalr", "imm(rs1)", { rd: 1 }),
  alias("jalr", "jalr", "rd, rs1", { imm: 0 }),
  unprinted("jr", "jalr", "rs1, imm", { rd: 0 }),
  unprinted("jalr", "jalr", "rs1, imm", { rd: 1 }),
  unprinted("jalr", "jalr", "rd, rs1, imm"),

  alias("unimp", "csrrw", "", { rd: 0, rs1: 0, imm: CSR.cycle }),
  alias("rdcycle", "csrrs", "rd", { rs1: 0, imm: CSR.cycle }),
  alias("rdtime", "csrrs", "rd", { rs1: 0, imm: CSR.time }),
  alias("rdinstret", "csrrs", "rd", { rs1: 0, imm: CSR.instret }),
  ...floatCsr(CSR.fcsr, "frcsr", "fscsr"),
  ...floatCsr(CSR.frm, "frrm", "fsrm"),
  ...floatCsr(CSR.fflags, "frflags", "fsflags"),
  alias("fsrmi", "csrrwi", "rd, uimm", { imm: CSR.frm }),
  alias("fsflagsi", "csrrwi", "rd, uimm", { imm: CSR.fflags }),
  unprinted("fsrmi", "csrrwi", "uimm", { rd: 0, imm: CSR.frm }),
  unprinted("fsflagsi", "csrrwi", "uimm", { rd: 0, imm: CSR.fflags }),
  alias("csrr", "csrrs", "rd, csr", { rs1: 0 }),
  alias("csrw", "csrrw", "csr, rs1", { rd: 0 }),
  alias("csrs", "csrrs", "csr, rs1", { rd: 0 }),
  alias("csrc", "csrrc", "csr, rs1", { rd: 0 }),
  alias("csrwi", "csrrwi", "csr, uimm", { rd: 0 }),
  alias("csrsi", "csrrsi", "csr, uimm", { rd: 0 }),
  alias("csrci", "csrrci", "csr, uimm", { rd: 0 }),
  unprinted("csrw", "csrrwi", "csr, uimm", { rd: 0 }),
  unprinted("csrs", "csrrsi", "csr, uimm", { rd: 0 }),
  unprinted("csrc", "csrrci", "csr, uimm", { rd: 0 }),
  unprinted("csrrw", "csrrwi", "rd, csr, uimm"),
  unprinted("csrrs", "csrrsi", "rd, csr, uimm"),
  unprinted("csrrc", "csrrci", "rd, csr, uimm"),

  alias("fence", "fence", "", { imm: 0xff }),
  alias("sfence.vma", "sfence.vma", "", { rs1: 0, rs2: 0 }),
  alias("sfence.vma", "sfence.vma", "rs1", { rs2: 0 }),
  unprinted("scall", "ecall", ""),
  unprinted("sbreak", "ebreak", ""),

  ...floatMoves("s"),
  ...floatMoves("d"),
  unprinted("fmv.x.s", "fmv.x.w", "rd, fs1"),
  unprinted("fmv.s.x", "fmv.w.x", "fd, rs1"),
  ...compressed,
];

const printed = new Map<string, Alias[]>();
for (const entry of aliases) {
  if (entry.use === "assembler") continue;
  const some = printed.get(entry.row);
  if (some) some.push(entry);
  else printed.set(entry.row, [entry]);
}

/** The alias that an instruction is printed by, if any. */
export function aliasOf({ row, written, fields }: Instruction): Alias | undefined {
  return find(written.name, fields) ?? (written === row ? undefined : find(row.name, fields));
}

/** The alias by which a compressed instruction is printed even where aliases are off. */
export function compressedAliasOf({ written, fields }: Instruction): Alias | undefined {
  return written.length === 2 ? find(written.name, fields, "c.") : undefined;
}

function find(row: string, fields: Fields, prefix = ""): Alias | undefined {
  return printed.get(row)?.find(
    ({ name, fixed }) =>
      name.startsWith(prefix) &&
      Object.entries(fixed).every(([field, value]) => {
        const expected = value === "rs1" ? fields.rs1 : value;
        return fields[field as keyof Fields] === expected;
      }),
  );
}
