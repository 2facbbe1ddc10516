/**
 * The meaning language: what an instruction does, as a small typed expression over its operands.
 *
 * A row of the instruction table holds one `Meaning`. From it come the handlers of the Wasm interpreter
 * (`src/cpu/wasm`), the code of the JIT, the sentence a student reads (`explain.ts`) and the BigInt
 * reference evaluator (`evaluate.ts`). All values are 64-bit integers (`i64`) or conditions (`bool`);
 * floating-point values are their bit patterns, a single-precision one in the low 32 bits.
 *
 * Shifts and rotates take their amount modulo 64 (modulo 32 for the `w` forms). Division and remainder have
 * RISC-V's results for zero and for overflow. The `w` forms take the low 32 bits of both arguments and
 * sign-extend their 32-bit result.
 */

/** One 64-bit argument. */
export type UnaryOp =
  | "sext8"
  | "sext16"
  | "sext32"
  | "zext16"
  | "zext32"
  | "clz"
  | "ctz"
  | "popcnt"
  | "clzw"
  | "ctzw"
  | "popcntw"
  | "orcb"
  | "rev8";

/** Two 64-bit arguments. */
export type BinaryOp =
  | "add"
  | "sub"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shrU"
  | "shrS"
  | "rotl"
  | "rotr"
  | "rotlw"
  | "rotrw"
  | "mul"
  | "mulh"
  | "mulhu"
  | "mulhsu"
  | "div"
  | "divu"
  | "rem"
  | "remu"
  | "divw"
  | "divuw"
  | "remw"
  | "remuw";

export type CompareOp = "eq" | "ne" | "lt" | "ltu" | "ge" | "geu";

export type AmoOp = "swap" | "add" | "xor" | "and" | "or" | "min" | "max" | "minu" | "maxu";

/** The integer register fields an instruction may name. `rd` as a value is the register's old contents. */
export type RegisterField = "rd" | "rs1" | "rs2" | "rs3";

/**
 * Floating-point operations that may round, raise flags or meet NaNs. Formats are `f32` and `f64`; integer
 * arguments and results are i64 values (32-bit integer results are sign-extended, as RISC-V has it for both
 * signed and unsigned ones).
 */
export type FloatOp =
  | `f${32 | 64}_${"add" | "sub" | "mul" | "div" | "sqrt" | "mulAdd" | "min" | "max" | "eq" | "lt" | "le" | "classify"}`
  | `f${32 | 64}_to_${"i32" | "ui32" | "i64" | "ui64"}`
  | `${"i32" | "ui32" | "i64" | "ui64"}_to_f${32 | 64}`
  | "f32_to_f64"
  | "f64_to_f32";

/** A 64-bit value. */
export type Expr =
  | { readonly kind: "const"; readonly value: bigint }
  | { readonly kind: "x"; readonly field: RegisterField }
  /** The 64 bits of a floating-point register. */
  | { readonly kind: "f"; readonly field: RegisterField }
  /** The instruction's immediate, sign-extended to 64 bits. */
  | { readonly kind: "imm" }
  | { readonly kind: "pc" }
  /** The address after this instruction: pc + 2 or pc + 4. */
  | { readonly kind: "next" }
  | { readonly kind: "unary"; readonly op: UnaryOp; readonly a: Expr }
  | { readonly kind: "binary"; readonly op: BinaryOp; readonly a: Expr; readonly b: Expr }
  | { readonly kind: "select"; readonly cond: Cond; readonly a: Expr; readonly b: Expr }
  /** 1 where the condition holds, else 0. */
  | { readonly kind: "fromBool"; readonly cond: Cond }
  /** Memory read, sign- or zero-extended; may trap. */
  | { readonly kind: "load"; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean; readonly addr: Expr }
  /** Atomic read-modify-write; the value is the old memory contents, sign-extended. */
  | {
      readonly kind: "amo";
      readonly op: AmoOp;
      readonly bits: 32 | 64;
      readonly addr: Expr;
      readonly value: Expr;
    }
  | { readonly kind: "lr"; readonly bits: 32 | 64; readonly addr: Expr }
  /** 0 where the store was done, 1 where the reservation was lost. */
  | { readonly kind: "sc"; readonly bits: 32 | 64; readonly addr: Expr; readonly value: Expr }
  /** Rounds by the instruction's `rm` field (7: by `frm`) where the operation rounds; raises its flags. */
  | { readonly kind: "float"; readonly op: FloatOp; readonly args: readonly Expr[] }
  /** The single-precision value of a NaN-boxed register's 64 bits: the canonical NaN where it is not boxed. */
  | { readonly kind: "unbox"; readonly a: Expr }
  /** A single-precision value with its upper 32 bits set, as registers hold it. */
  | { readonly kind: "box"; readonly a: Expr };

export type Cond = { readonly kind: "compare"; readonly op: CompareOp; readonly a: Expr; readonly b: Expr };

/** What changes in the hart. An instruction has exactly one effect, so it either happens or traps. */
export type Effect =
  /** rd = value */
  | { readonly kind: "setX"; readonly value: Expr }
  /** The floating-point rd = value. */
  | { readonly kind: "setF"; readonly value: Expr }
  | { readonly kind: "store"; readonly bits: 8 | 16 | 32 | 64; readonly addr: Expr; readonly value: Expr }
  /** rd = the address after this instruction; continue at `target` (its lowest bit already cleared). */
  | { readonly kind: "jump"; readonly target: Expr }
  /** Continue at pc + imm where the condition holds. */
  | { readonly kind: "branch"; readonly cond: Cond }
  /** Nothing a single hart can see: fences and hints. */
  | { readonly kind: "nothing" }
  /** Too big for an expression: done by the named routine of the hart (`src/cpu/system.ts`). */
  | { readonly kind: "system"; readonly routine: SystemRoutine };

/** The routines behind `system` effects. `csr` covers the six CSR instructions. */
export type SystemRoutine =
  | "csrrw"
  | "csrrs"
  | "csrrc"
  | "csrrwi"
  | "csrrsi"
  | "csrrci"
  | "ecall"
  | "ebreak"
  | "mret"
  | "sret"
  | "wfi"
  | "fence.i"
  | "sfence.vma";

export type Meaning = Effect;

// Constructors, so that a row reads as a formula.

const unary =
  (op: UnaryOp) =>
  (a: Expr): Expr => ({ kind: "unary", op, a });
const binary =
  (op: BinaryOp) =>
  (a: Expr, b: Expr): Expr => ({ kind: "binary", op, a, b });
const compare =
  (op: CompareOp) =>
  (a: Expr, b: Expr): Cond => ({ kind: "compare", op, a, b });

export const rd: Expr = { kind: "x", field: "rd" };
export const rs1: Expr = { kind: "x", field: "rs1" };
export const rs2: Expr = { kind: "x", field: "rs2" };
export const fs1: Expr = { kind: "f", field: "rs1" };
export const fs2: Expr = { kind: "f", field: "rs2" };
export const fs3: Expr = { kind: "f", field: "rs3" };
export const imm: Expr = { kind: "imm" };
export const pc: Expr = { kind: "pc" };
export const next: Expr = { kind: "next" };
export const constant = (value: bigint): Expr => ({ kind: "const", value });

export const sext8 = unary("sext8");
export const sext16 = unary("sext16");
export const sext32 = unary("sext32");
export const zext16 = unary("zext16");
export const zext32 = unary("zext32");
export const clz = unary("clz");
export const ctz = unary("ctz");
export const popcnt = unary("popcnt");
export const clzw = unary("clzw");
export const ctzw = unary("ctzw");
export const popcntw = unary("popcntw");
export const orcb = unary("orcb");
export const rev8 = unary("rev8");

export const add = binary("add");
export const sub = binary("sub");
export const and = binary("and");
export const or = binary("or");
export const xor = binary("xor");
export const shl = binary("shl");
export const shrU = binary("shrU");
export const shrS = binary("shrS");
export const rotl = binary("rotl");
export const rotr = binary("rotr");
export const rotlw = binary("rotlw");
export const rotrw = binary("rotrw");
export const mul = binary("mul");
export const mulh = binary("mulh");
export const mulhu = binary("mulhu");
export const mulhsu = binary("mulhsu");
export const div = binary("div");
export const divu = binary("divu");
export const rem = binary("rem");
export const remu = binary("remu");
export const divw = binary("divw");
export const divuw = binary("divuw");
export const remw = binary("remw");
export const remuw = binary("remuw");

export const eq = compare("eq");
export const ne = compare("ne");
export const lt = compare("lt");
export const ltu = compare("ltu");
export const ge = compare("ge");
export const geu = compare("geu");

export const not = (a: Expr): Expr => xor(a, constant(-1n));
export const select = (cond: Cond, a: Expr, b: Expr): Expr => ({ kind: "select", cond, a, b });
export const fromBool = (cond: Cond): Expr => ({ kind: "fromBool", cond });
export const load = (bits: 8 | 16 | 32 | 64, signed: boolean, addr: Expr): Expr => ({
  kind: "load",
  bits,
  signed,
  addr,
});
export const amo = (op: AmoOp, bits: 32 | 64, addr: Expr, value: Expr): Expr => ({
  kind: "amo",
  op,
  bits,
  addr,
  value,
});
export const lr = (bits: 32 | 64, addr: Expr): Expr => ({ kind: "lr", bits, addr });
export const sc = (bits: 32 | 64, addr: Expr, value: Expr): Expr => ({ kind: "sc", bits, addr, value });
export const float = (op: FloatOp, ...args: Expr[]): Expr => ({ kind: "float", op, args });
export const unbox = (a: Expr): Expr => ({ kind: "unbox", a });
export const box = (a: Expr): Expr => ({ kind: "box", a });

export const setX = (value: Expr): Effect => ({ kind: "setX", value });
export const setF = (value: Expr): Effect => ({ kind: "setF", value });
export const store = (bits: 8 | 16 | 32 | 64, addr: Expr, value: Expr): Effect => ({
  kind: "store",
  bits,
  addr,
  value,
});
export const jump = (target: Expr): Effect => ({ kind: "jump", target });
export const branch = (cond: Cond): Effect => ({ kind: "branch", cond });
export const nothing: Effect = { kind: "nothing" };
export const system = (routine: SystemRoutine): Effect => ({ kind: "system", routine });
