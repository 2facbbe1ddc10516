/**
 * The reference evaluator: what an instruction does, worked out with unbounded integers straight from its
 * meaning. It is slow and has no tricks; the interpreter and the JIT are tested against it.
 *
 * Values are signed 64-bit bigints.
 */
import type { AmoOp, BinaryOp, CompareOp, Cond, Expr, FloatOp, SystemRoutine, UnaryOp } from "./meaning.ts";
import type { Instruction } from "./row.ts";

/** The hart and memory that an instruction works on. Registers are named by number. */
export interface EvaluationState {
  /** Address of the instruction. */
  readonly pc: bigint;
  /** Integer register, signed; x0 is 0. */
  x(register: number): bigint;
  /** Never called for x0. */
  setX(register: number, value: bigint): void;
  /** The 64 bits of a floating-point register, signed or not. */
  f(register: number): bigint;
  /** `value` is unsigned. */
  setF(register: number, value: bigint): void;
  /** Reads `size` bytes, zero-extended or not. Throws `EvaluationTrap`. */
  load(address: bigint, size: number): bigint;
  /** Writes the low `size` bytes of `value`. Throws `EvaluationTrap`, having written nothing. */
  store(address: bigint, size: number, value: bigint): void;
  /** Throws `EvaluationTrap` where an atomic access of `size` bytes is not possible. `lr` does not write. */
  checkAtomic(address: bigint, size: number, writes: boolean): void;
  /** What `lr` has reserved. */
  reservation: Reservation | undefined;
  /** The dynamic rounding mode. */
  readonly frm: number;
  /** Does a floating-point operation and accrues its flags; arguments and result as `FloatOp` has them. */
  float(op: FloatOp, roundingMode: number, args: readonly bigint[]): bigint;
}

export interface Reservation {
  readonly address: bigint;
  readonly size: number;
}

/** Where execution goes on. Registers and memory have been changed, except where it is a trap or `system`. */
export type Outcome =
  | { readonly kind: "next" }
  /** A jump, or a branch that was taken. `target` is signed. */
  | { readonly kind: "jump"; readonly target: bigint }
  /** Nothing was done: the hart's routine is to do it. */
  | { readonly kind: "system"; readonly routine: SystemRoutine }
  | { readonly kind: "trap"; readonly cause: number; readonly tval: bigint };

/** A synchronous exception: `cause` as in `mcause`, `tval` as in `mtval`. */
export class EvaluationTrap extends Error {
  override readonly cause: number;
  readonly tval: bigint;
  constructor(cause: number, tval: bigint) {
    super(`trap ${cause}`);
    this.name = "EvaluationTrap";
    this.cause = cause;
    this.tval = tval;
  }
}

const ILLEGAL_INSTRUCTION = 2;

/** Does one instruction. What stands around it (fetching, `mstatus.FS`, interrupts) is the caller's. */
export function evaluate(instruction: Instruction, state: EvaluationState): Outcome {
  try {
    return effect(instruction, state);
  } catch (error) {
    if (error instanceof EvaluationTrap) return { kind: "trap", cause: error.cause, tval: error.tval };
    throw error;
  }
}

function effect(instruction: Instruction, state: EvaluationState): Outcome {
  const { row, fields } = instruction;
  const { meaning } = row;
  const value = (expr: Expr) => evaluateExpr(expr, instruction, state);
  const setRd = (result: bigint) => {
    if (fields.rd !== 0) state.setX(fields.rd, result);
  };
  requireRoundingMode(instruction, state);
  switch (meaning.kind) {
    case "setX":
      setRd(value(meaning.value));
      return { kind: "next" };
    case "setF":
      state.setF(fields.rd, unsigned(value(meaning.value)));
      return { kind: "next" };
    case "store":
      state.store(value(meaning.addr), meaning.bits / 8, value(meaning.value));
      return { kind: "next" };
    case "jump": {
      const target = value(meaning.target);
      setRd(nextAddress(instruction, state));
      return { kind: "jump", target };
    }
    case "branch":
      return evaluateCond(meaning.cond, instruction, state)
        ? { kind: "jump", target: signed(state.pc + BigInt(fields.imm)) }
        : { kind: "next" };
    case "nothing":
      return { kind: "next" };
    case "system":
      return { kind: "system", routine: meaning.routine };
  }
}

/** An instruction whose rounding mode field names no mode is illegal, even where it never rounds. */
function requireRoundingMode(instruction: Instruction, state: EvaluationState): void {
  if (roundingMode(instruction, state) > 4)
    throw new EvaluationTrap(ILLEGAL_INSTRUCTION, BigInt(instruction.bits));
}

function roundingMode({ fields }: Instruction, state: EvaluationState): number {
  return fields.rm === 7 ? state.frm : fields.rm;
}

function nextAddress(instruction: Instruction, state: EvaluationState): bigint {
  return signed(state.pc + BigInt(instruction.length));
}

/** The value of an expression; loads and atomic accesses within it happen. */
function evaluateExpr(expr: Expr, instruction: Instruction, state: EvaluationState): bigint {
  const value = (inner: Expr) => evaluateExpr(inner, instruction, state);
  switch (expr.kind) {
    case "const":
      return signed(expr.value);
    case "x":
      return state.x(instruction.fields[expr.field]);
    case "f":
      return signed(state.f(instruction.fields[expr.field]));
    case "imm":
      return BigInt(instruction.fields.imm);
    case "pc":
      return state.pc;
    case "next":
      return nextAddress(instruction, state);
    case "unary":
      return signed(unaryOps[expr.op](value(expr.a)));
    case "binary":
      return signed(binaryOps[expr.op](value(expr.a), value(expr.b)));
    case "select":
      return evaluateCond(expr.cond, instruction, state) ? value(expr.a) : value(expr.b);
    case "fromBool":
      return evaluateCond(expr.cond, instruction, state) ? 1n : 0n;
    case "load": {
      const loaded = state.load(value(expr.addr), expr.bits / 8);
      return expr.signed ? BigInt.asIntN(expr.bits, loaded) : signed(BigInt.asUintN(expr.bits, loaded));
    }
    case "amo": {
      const address = value(expr.addr);
      const size = expr.bits / 8;
      state.checkAtomic(address, size, true);
      const old = BigInt.asIntN(expr.bits, state.load(address, size));
      const operand = BigInt.asIntN(expr.bits, value(expr.value));
      state.store(address, size, amoOps[expr.op](old, operand));
      return old;
    }
    case "lr": {
      const address = value(expr.addr);
      const size = expr.bits / 8;
      state.checkAtomic(address, size, false);
      const loaded = BigInt.asIntN(expr.bits, state.load(address, size));
      state.reservation = { address, size };
      return loaded;
    }
    case "sc": {
      const address = value(expr.addr);
      const size = expr.bits / 8;
      state.checkAtomic(address, size, true);
      const held = state.reservation?.address === address && state.reservation.size === size;
      if (held) state.store(address, size, value(expr.value));
      state.reservation = undefined;
      return held ? 0n : 1n;
    }
    case "float":
      return signed(state.float(expr.op, roundingMode(instruction, state), expr.args.map(value)));
    case "unbox": {
      const bits = unsigned(value(expr.a));
      return bits >> 32n === 0xffff_ffffn ? bits & 0xffff_ffffn : CANONICAL_NAN_32;
    }
    case "box":
      return signed((0xffff_ffffn << 32n) | BigInt.asUintN(32, value(expr.a)));
  }
}

function evaluateCond(cond: Cond, instruction: Instruction, state: EvaluationState): boolean {
  const a = evaluateExpr(cond.a, instruction, state);
  const b = evaluateExpr(cond.b, instruction, state);
  return compareOps[cond.op](a, b);
}

const CANONICAL_NAN_32 = 0x7fc0_0000n;

const signed = (value: bigint) => BigInt.asIntN(64, value);
const unsigned = (value: bigint) => BigInt.asUintN(64, value);
const signed32 = (value: bigint) => BigInt.asIntN(32, value);
const unsigned32 = (value: bigint) => BigInt.asUintN(32, value);

/** The binary digits of an unsigned value, most significant first. */
const digits = (width: number, value: bigint) =>
  BigInt.asUintN(width, value).toString(2).padStart(width, "0");
const leadingZeros = (text: string) => BigInt((/^0*/.exec(text) as RegExpExecArray)[0].length);
const trailingZeros = (text: string) => BigInt((/0*$/.exec(text) as RegExpExecArray)[0].length);
const ones = (text: string) => BigInt(text.replaceAll("0", "").length);

/** The 8 bytes, least significant first. */
const bytes = (value: bigint) =>
  [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map((i) => (unsigned(value) >> (8n * i)) & 0xffn);
const fromBytes = (list: readonly bigint[]) => list.reduceRight((value, byte) => (value << 8n) | byte, 0n);

/** Arguments are signed 64-bit; results are reduced to 64 bits by the caller. */
const unaryOps: Readonly<Record<UnaryOp, (a: bigint) => bigint>> = {
  sext8: (a) => BigInt.asIntN(8, a),
  sext16: (a) => BigInt.asIntN(16, a),
  sext32: signed32,
  zext16: (a) => BigInt.asUintN(16, a),
  zext32: unsigned32,
  clz: (a) => leadingZeros(digits(64, a)),
  ctz: (a) => trailingZeros(digits(64, a)),
  popcnt: (a) => ones(digits(64, a)),
  clzw: (a) => leadingZeros(digits(32, a)),
  ctzw: (a) => trailingZeros(digits(32, a)),
  popcntw: (a) => ones(digits(32, a)),
  orcb: (a) => fromBytes(bytes(a).map((byte) => (byte === 0n ? 0n : 0xffn))),
  rev8: (a) => fromBytes(bytes(a).reverse()),
};

/** Turns the `width` low bits of `value` left by `amount`, modulo the width. */
function rotateLeft(width: bigint, value: bigint, amount: bigint): bigint {
  const bits = BigInt.asUintN(Number(width), value);
  const by = BigInt.asUintN(width === 64n ? 6 : 5, amount);
  return (bits << by) | (bits >> (width - by));
}

/** Division towards zero; by zero it is -1. -2^63 / -1 is 2^63, which 64 bits hold as -2^63. */
const quotient = (a: bigint, b: bigint) => (b === 0n ? -1n : a / b);
/** The remainder has the dividend's sign; by zero it is the dividend. */
const remainder = (a: bigint, b: bigint) => (b === 0n ? a : a % b);

const binaryOps: Readonly<Record<BinaryOp, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << BigInt.asUintN(6, b),
  shrU: (a, b) => unsigned(a) >> BigInt.asUintN(6, b),
  shrS: (a, b) => a >> BigInt.asUintN(6, b),
  rotl: (a, b) => rotateLeft(64n, a, b),
  rotr: (a, b) => rotateLeft(64n, a, -b),
  rotlw: (a, b) => signed32(rotateLeft(32n, a, b)),
  rotrw: (a, b) => signed32(rotateLeft(32n, a, -b)),
  mul: (a, b) => a * b,
  mulh: (a, b) => (a * b) >> 64n,
  mulhu: (a, b) => (unsigned(a) * unsigned(b)) >> 64n,
  mulhsu: (a, b) => (a * unsigned(b)) >> 64n,
  div: quotient,
  divu: (a, b) => quotient(unsigned(a), unsigned(b)),
  rem: remainder,
  remu: (a, b) => remainder(unsigned(a), unsigned(b)),
  divw: (a, b) => signed32(quotient(signed32(a), signed32(b))),
  divuw: (a, b) => signed32(quotient(unsigned32(a), unsigned32(b))),
  remw: (a, b) => signed32(remainder(signed32(a), signed32(b))),
  remuw: (a, b) => signed32(remainder(unsigned32(a), unsigned32(b))),
};

const compareOps: Readonly<Record<CompareOp, (a: bigint, b: bigint) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  ltu: (a, b) => unsigned(a) < unsigned(b),
  ge: (a, b) => a >= b,
  geu: (a, b) => unsigned(a) >= unsigned(b),
};

type Order = (value: bigint) => bigint;
const smaller = (by: Order) => (a: bigint, b: bigint) => (by(a) < by(b) ? a : b);
const larger = (by: Order) => (a: bigint, b: bigint) => (by(a) > by(b) ? a : b);

/**
 * The new memory contents from the old ones and the operand, both sign-extended to 64 bits (which keeps 32-bit
 * values in order, taken as unsigned too).
 */
const amoOps: Readonly<Record<AmoOp, (old: bigint, operand: bigint) => bigint>> = {
  swap: (_, operand) => operand,
  add: (old, operand) => old + operand,
  xor: (old, operand) => old ^ operand,
  and: (old, operand) => old & operand,
  or: (old, operand) => old | operand,
  min: smaller(signed),
  max: larger(signed),
  minu: smaller(unsigned),
  maxu: larger(unsigned),
};
