import type { Effect, Expr, RegisterField } from "../../isa/meaning.ts";
import type { Row } from "../../isa/row.ts";
import { Exit, HART } from "../layout.ts";
import { SLOT, Variant } from "../slots.ts";
import { Code, I32, I64 } from "./encoder.ts";
import { ExpressionEmitter } from "./expression.ts";
import { emitFloat, inlineFloat } from "./float.ts";
import { dispatch, type Functions, P, pushPc, pushRemaining, tailCall } from "./frame.ts";
import { MemoryAccess, memoryNode } from "./memory-access.ts";
import { emitJump } from "./support.ts";
import { hasRoundingMode, isDirectJump } from "./variants.ts";

/**
 * How a finished handler goes on: `chain` tail-calls the next slot's handler, `step` leaves Wasm with `pc` at the
 * next instruction. Everything else is the same code from the same meaning.
 */
export type Mode = "chain" | "step";

/** One instruction of a handler: a row, which variant of it, and the functions of its own two handlers. */
export interface Part {
  readonly row: Row;
  readonly variant: number;
  /** The handler that finds the page of a memory access in the TLB, or does a float operation inline. */
  readonly fast: number;
  /** Its twin that does the same by a call; the same function for rows that do neither. */
  readonly slow: number;
}

/**
 * The handler of a row's variant. A row that touches memory has two: the fast one finds the page in the TLB or
 * tail-calls the slow one, which does the access by a call. So the fast one never calls, and nothing is spilled.
 */
export function handlerCode(part: Part, mode: Mode, functions: Functions, slow: boolean): Code {
  const code = new Code(5);
  new HandlerWriter(code, part, mode, functions, slow, true).write();
  return code;
}

/**
 * One handler for instructions that follow each other, saving the dispatches between them. Each has a slot of its own
 * all the same: where one misses the TLB or leaves, it goes on from there as if it had been alone.
 */
export function fusedCode(parts: readonly Part[], functions: Functions): Code {
  const code = new Code(5);
  parts.forEach((part, i) => {
    new HandlerWriter(code, part, "chain", functions, false, i === parts.length - 1).write();
  });
  return code;
}

/** Whether a meaning's handler does only the common case, and has a slow twin for the rest. */
export const hasSlowTwin = (effect: Effect): boolean =>
  memoryNode(effect) !== undefined || inlineFloat(effect) !== undefined;

const registerOffset: Record<RegisterField, number> = {
  rd: SLOT.rd,
  rs1: SLOT.rs1,
  rs2: SLOT.rs2,
  rs3: SLOT.rs3,
};

class HandlerWriter {
  private readonly row: Row;
  private readonly effect: Effect;
  private readonly mode: Mode;
  private readonly functions: Functions;
  private readonly part: Part;
  private readonly slow: boolean;
  private readonly last: boolean;
  private readonly length: number;
  private readonly near: boolean;
  private readonly code: Code;
  private readonly emitter: ExpressionEmitter;
  private readonly memory: MemoryAccess | undefined;

  constructor(code: Code, part: Part, mode: Mode, functions: Functions, slow: boolean, last: boolean) {
    this.code = code;
    this.part = part;
    this.row = part.row;
    this.effect = part.row.meaning;
    this.mode = mode;
    this.functions = functions;
    this.slow = slow;
    this.last = last;
    this.length = part.variant & Variant.compressed ? 2 : 4;
    this.near = (part.variant & Variant.far) === 0;
    const register = (base: number) => (field: RegisterField) => {
      code
        .get(P.hart)
        .get(P.slot)
        .mem("i32_load16_u", registerOffset[field])
        .op("i32_add")
        .mem("i64_load", base);
    };
    this.emitter = new ExpressionEmitter(
      code,
      {
        x: register(HART.x),
        f: register(HART.f),
        imm: () => code.get(P.slot).mem("i64_load32_s", SLOT.imm),
        pc: () => pushPc(code),
        next: () => pushPc(code).i64(BigInt(this.length)).op("i64_add"),
        special: (node) => (node.kind === "float" ? this.float(node) : this.memory?.value()),
      },
      functions,
    );
    const node = memoryNode(this.effect);
    this.memory = node && new MemoryAccess(code, node, (expr) => this.emitter.expr(expr), functions, slow);
  }

  write(): void {
    const { code, effect, functions } = this;
    if (this.row.float) this.requireFloatUnit();
    this.memory?.prepare(this.part.slow);
    switch (effect.kind) {
      case "setX":
        this.setRegister(HART.x, effect.value);
        this.finish();
        break;
      case "setF":
        this.setRegister(HART.f, effect.value);
        this.finish();
        break;
      case "store":
        this.memory?.store();
        this.finish();
        break;
      case "branch":
        this.emitter.cond(effect.cond);
        code.if();
        this.jumpDirect();
        code.op("end");
        this.finish();
        break;
      case "jump":
        this.jump(effect);
        break;
      case "nothing":
        this.finish();
        break;
      case "system":
        tailCall(this.code, functions.system);
        break;
    }
  }

  private requireFloatUnit(): void {
    this.code.get(P.hart).mem("i32_load", HART.fs).i32(3).op("i32_ne").if();
    tailCall(this.code, this.functions.floatStateExit);
    this.code.op("end");
  }

  private pushRd(): void {
    this.code.get(P.hart).get(P.slot).mem("i32_load16_u", SLOT.rd).op("i32_add");
  }

  private setRegister(base: number, value: Expr): void {
    this.pushRd();
    this.emitter.expr(value);
    this.code.mem("i64_store", base);
  }

  /** The instruction is done and the next one follows it. */
  private finish(): void {
    const { code, functions } = this;
    const advance = this.length * 8;
    if (!this.last) {
      code.get(P.slot).i32(advance).op("i32_add").set(P.slot);
      return;
    }
    if (this.mode === "step") {
      code.get(P.hart);
      pushPc(code).i64(BigInt(this.length)).op("i64_add");
      pushRemaining(code).i32(1).op("i32_sub").i32(Exit.budget).returnCall(functions.leave);
      return;
    }
    code.get(P.slot).i32(advance).op("i32_add").get(P.hart).get(P.budget).get(P.tlb).get(P.page);
    code
      .get(P.slot)
      .mem("i32_load", SLOT.handler + advance)
      .returnCallIndirect(functions.handlerType);
  }

  private jump(effect: Extract<Effect, { kind: "jump" }>): void {
    const { code } = this;
    const target = code.local(I64);
    const direct = isDirectJump(effect);
    if (!direct) {
      this.emitter.expr(effect.target);
      code.set(target);
    }
    this.setRegister(HART.x, { kind: "next" });
    if (direct) this.jumpDirect();
    else this.jumpTo(() => code.get(target));
  }

  /** To pc + imm. */
  private jumpDirect(): void {
    const { code, functions } = this;
    if (!this.near) {
      this.jumpTo(() => {
        pushPc(code).get(P.slot).mem("i64_load32_s", SLOT.imm).op("i64_add");
      });
      return;
    }
    const target = code.local(I32);
    this.spend();
    code.get(P.slot).get(P.slot).mem("i32_load", SLOT.imm).op("i32_add").set(target);
    this.leaveWhenSpent(() => pushPc(code, target));
    if (this.mode === "step") return;
    code.get(P.budget).get(target).mem("i32_load16_s", SLOT.ordinal).op("i32_add").set(P.budget);
    dispatch(code, functions, target, P.budget, P.page);
  }

  /** To any address; `push` leaves it (i64) on the stack. */
  private jumpTo(push: () => void): void {
    const { code, functions } = this;
    const target = code.local(I64);
    push();
    code.set(target);
    this.spend();
    this.leaveWhenSpent(() => code.get(target));
    if (this.mode === "step") return;
    code.get(target).set(P.page);
    emitJump(code, functions);
  }

  /** From here on `P.budget` is what remains after this instruction. */
  private spend(): void {
    pushRemaining(this.code).i32(1).op("i32_sub").set(P.budget);
  }

  private leaveWhenSpent(pushTarget: () => void): void {
    const { code, functions } = this;
    if (this.mode === "chain") code.get(P.budget).i32(0).op("i32_lt_s").if();
    code.get(P.hart);
    pushTarget();
    code.get(P.budget).i32(Exit.budget).returnCall(functions.leave);
    if (this.mode === "chain") code.op("end");
  }

  private float(node: Extract<Expr, { kind: "float" }>): void {
    const { code, functions } = this;
    const argument = (expr: Expr) => this.emitter.expr(expr);
    const pushRm = hasRoundingMode(this.row)
      ? () => code.get(P.slot).mem("i32_load16_u", SLOT.rm)
      : undefined;
    const giveUp = this.slow ? undefined : () => tailCall(this.code, this.part.slow);
    emitFloat({ code, functions, argument, pushRm }, node.op, node.args, giveUp);
  }
}
