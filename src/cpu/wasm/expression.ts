import type { BinaryOp, CompareOp, Cond, Expr, RegisterField, UnaryOp } from "../../isa/meaning.ts";
import { type Code, I32, I64, type OpName } from "./encoder.ts";

/**
 * Where an expression's leaves come from: for the interpreter the decoded slot and the hart block, for a
 * translated region locals and constants. Each method leaves an i64 on the stack.
 */
export interface Operands {
  x(field: RegisterField): void;
  f(field: RegisterField): void;
  imm(): void;
  pc(): void;
  next(): void;
  /** A load, amo, lr, sc or float node: how it reaches memory or softfloat is the caller's business. */
  special(node: Extract<Expr, { kind: "load" | "amo" | "lr" | "sc" | "float" }>): void;
}

/** Indexes of the module's functions that expressions call. */
export interface Helpers {
  /** (i64, i64) -> i64, whose code is `mulhuBody`; without it that code is written in place. */
  readonly mulhu?: number;
}

const CANONICAL_NAN_F32 = 0x7fc00000n;
const BOX = 0xffffffff_00000000n;

const compareOps: Record<CompareOp, OpName> = {
  eq: "i64_eq",
  ne: "i64_ne",
  lt: "i64_lt_s",
  ltu: "i64_lt_u",
  ge: "i64_ge_s",
  geu: "i64_ge_u",
};

const simpleUnary: Partial<Record<UnaryOp, OpName>> = {
  sext8: "i64_extend8_s",
  sext16: "i64_extend16_s",
  sext32: "i64_extend32_s",
  clz: "i64_clz",
  ctz: "i64_ctz",
  popcnt: "i64_popcnt",
};

const wordUnary: Partial<Record<UnaryOp, OpName>> = {
  clzw: "i32_clz",
  ctzw: "i32_ctz",
  popcntw: "i32_popcnt",
};

const simpleBinary: Partial<Record<BinaryOp, OpName>> = {
  add: "i64_add",
  sub: "i64_sub",
  and: "i64_and",
  or: "i64_or",
  xor: "i64_xor",
  shl: "i64_shl",
  shrU: "i64_shr_u",
  shrS: "i64_shr_s",
  rotl: "i64_rotl",
  rotr: "i64_rotr",
  mul: "i64_mul",
};

const wordBinary: Partial<Record<BinaryOp, OpName>> = { rotlw: "i32_rotl", rotrw: "i32_rotr" };

/** Turns meaning expressions into Wasm. One emitter serves one function body. */
export class ExpressionEmitter {
  private readonly code: Code;
  private readonly operands: Operands;
  private readonly helpers: Helpers;

  constructor(code: Code, operands: Operands, helpers: Helpers) {
    this.code = code;
    this.operands = operands;
    this.helpers = helpers;
  }

  /** Leaves the condition on the stack as an i32. */
  cond(cond: Cond): void {
    this.expr(cond.a);
    if (cond.op === "eq" && isZero(cond.b)) {
      this.code.op("i64_eqz");
      return;
    }
    this.expr(cond.b);
    this.code.op(compareOps[cond.op]);
  }

  /** Leaves the value on the stack as an i64. */
  expr(expr: Expr): void {
    const { code, operands } = this;
    switch (expr.kind) {
      case "const":
        code.i64(expr.value);
        return;
      case "x":
        operands.x(expr.field);
        return;
      case "f":
        operands.f(expr.field);
        return;
      case "imm":
        operands.imm();
        return;
      case "pc":
        operands.pc();
        return;
      case "next":
        operands.next();
        return;
      case "unary":
        this.expr(expr.a);
        this.unary(expr.op);
        return;
      case "binary":
        this.expr(expr.a);
        this.expr(expr.b);
        this.binary(expr.op);
        return;
      case "select":
        this.expr(expr.a);
        this.expr(expr.b);
        this.cond(expr.cond);
        code.op("select");
        return;
      case "fromBool":
        this.cond(expr.cond);
        code.op("i64_extend_i32_u");
        return;
      case "box":
        this.expr(expr.a);
        code.i64(BOX).op("i64_or");
        return;
      case "unbox": {
        const value = code.local(I64);
        this.expr(expr.a);
        code.tee(value).i64(0xffffffffn).op("i64_and").i64(CANONICAL_NAN_F32);
        code.get(value).i64(BOX).op("i64_ge_u").op("select");
        return;
      }
      default:
        operands.special(expr);
    }
  }

  private unary(op: UnaryOp): void {
    const { code } = this;
    const simple = simpleUnary[op];
    if (simple) {
      code.op(simple);
      return;
    }
    const word = wordUnary[op];
    if (word) {
      code.op("i32_wrap_i64").op(word).op("i64_extend_i32_u");
      return;
    }
    if (op === "zext16") code.i64(0xffffn).op("i64_and");
    else if (op === "zext32") code.i64(0xffffffffn).op("i64_and");
    else if (op === "orcb") this.orCombineBytes();
    else this.reverseBytes();
  }

  /** Each byte becomes 0xff where it is not zero: its top bit is found by a carry out of its low seven bits. */
  private orCombineBytes(): void {
    const { code } = this;
    const value = code.local(I64);
    const tops = code.local(I64);
    const low = 0x7f7f7f7f_7f7f7f7fn;
    code.tee(value).i64(low).op("i64_and").i64(low).op("i64_add").get(value).op("i64_or");
    code.i64(0x80808080_80808080n).op("i64_and").i64(7n).op("i64_shr_u").tee(tops);
    code.i64(8n).op("i64_shl").get(tops).op("i64_sub");
  }

  /** Swaps bytes, then halfwords, then words. */
  private reverseBytes(): void {
    const { code } = this;
    const value = code.local(I64);
    const swap = (mask: bigint, bits: bigint) => {
      code.set(value);
      code.get(value).i64(bits).op("i64_shr_u").i64(mask).op("i64_and");
      code.get(value).i64(mask).op("i64_and").i64(bits).op("i64_shl").op("i64_or");
    };
    swap(0x00ff00ff_00ff00ffn, 8n);
    swap(0x0000ffff_0000ffffn, 16n);
    code.i64(32n).op("i64_rotl");
  }

  /** Both arguments are on the stack. */
  private binary(op: BinaryOp): void {
    const { code } = this;
    const simple = simpleBinary[op];
    if (simple) {
      code.op(simple);
      return;
    }
    const word = wordBinary[op];
    if (word) {
      const b = code.local(I32);
      code.op("i32_wrap_i64").set(b).op("i32_wrap_i64").get(b).op(word).op("i64_extend_i32_s");
      return;
    }
    if (op.startsWith("mulh")) this.multiplyHigh(op as "mulh" | "mulhu" | "mulhsu");
    else this.divide(op as "div" | "divu" | "rem" | "remu" | "divw" | "divuw" | "remw" | "remuw");
  }

  /** Signed high halves from the unsigned one: a negative factor counted 2^64 too much of the other. */
  private multiplyHigh(op: "mulh" | "mulhu" | "mulhsu"): void {
    const { code } = this;
    const { mulhu } = this.helpers;
    const a = code.local(I64);
    const b = code.local(I64);
    code.set(b).set(a);
    if (mulhu === undefined) multiplyHighUnsigned(code, a, b);
    else code.get(a).get(b).call(mulhu);
    if (op === "mulhu") return;
    code.get(a).i64(63n).op("i64_shr_s").get(b).op("i64_and").op("i64_sub");
    if (op === "mulh") code.get(b).i64(63n).op("i64_shr_s").get(a).op("i64_and").op("i64_sub");
  }

  /** RISC-V division: by zero gives all ones and the dividend; overflow gives the dividend and 0. */
  private divide(op: "div" | "divu" | "rem" | "remu" | "divw" | "divuw" | "remw" | "remuw"): void {
    const { code } = this;
    const wide = !op.endsWith("w");
    const type = wide ? I64 : I32;
    const prefix = wide ? "i64" : "i32";
    const signed = !op.replace("w", "").endsWith("u");
    const quotient = op.startsWith("div");
    const a = code.local(type);
    const b = code.local(type);
    const constant = (value: bigint) => (wide ? code.i64(value) : code.i32(Number(value)));
    if (!wide) code.op("i32_wrap_i64");
    code.set(b);
    if (!wide) code.op("i32_wrap_i64");
    code.set(a);
    code.get(b).op(`${prefix}_eqz`).if(type);
    if (quotient) constant(-1n);
    else code.get(a);
    code.op("else");
    if (signed) {
      // Division by -1 is negation, which is also right (or harmless) where Wasm's division would trap.
      code.get(b);
      constant(-1n).op(`${prefix}_eq`).if(type);
      if (quotient) constant(0n).get(a).op(`${prefix}_sub`);
      else constant(0n);
      code.op("else");
    }
    code
      .get(a)
      .get(b)
      .op(`${prefix}_${quotient ? "div" : "rem"}_${signed ? "s" : "u"}`);
    if (signed) code.op("end");
    code.op("end");
    if (!wide) code.op("i64_extend_i32_s");
  }
}

function isZero(expr: Expr): boolean {
  return expr.kind === "const" && expr.value === 0n;
}

/** The body of a function of two parameters: the high 64 bits of their unsigned product. */
export function mulhuBody(code: Code): Code {
  multiplyHighUnsigned(code, 0, 1);
  return code;
}

/** Leaves the high 64 bits of the unsigned product of two locals on the stack, from four 32-bit products. */
function multiplyHighUnsigned(code: Code, a: number, b: number): void {
  const low = 0xffffffffn;
  const lowHigh = code.local(I64);
  const highLow = code.local(I64);
  const middle = code.local(I64);
  code.get(a).i64(low).op("i64_and").get(b).i64(32n).op("i64_shr_u").op("i64_mul").set(lowHigh);
  code.get(a).i64(32n).op("i64_shr_u").get(b).i64(low).op("i64_and").op("i64_mul").set(highLow);
  code.get(a).i64(low).op("i64_and").get(b).i64(low).op("i64_and").op("i64_mul").i64(32n).op("i64_shr_u");
  code.get(lowHigh).i64(low).op("i64_and").op("i64_add");
  code.get(highLow).i64(low).op("i64_and").op("i64_add").i64(32n).op("i64_shr_u").set(middle);
  code
    .get(a)
    .i64(32n)
    .op("i64_shr_u")
    .get(b)
    .i64(32n)
    .op("i64_shr_u")
    .op("i64_mul")
    .get(middle)
    .op("i64_add");
  code.get(lowHigh).i64(32n).op("i64_shr_u").op("i64_add");
  code.get(highLow).i64(32n).op("i64_shr_u").op("i64_add");
}
