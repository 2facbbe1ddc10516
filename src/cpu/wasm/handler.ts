import type { AmoOp, Effect, Expr, RegisterField } from "../../isa/meaning.ts";
import type { Row } from "../../isa/row.ts";
import { Exit, HART, TLB } from "../layout.ts";
import { SLOT, Variant } from "../slots.ts";
import { Code, I32, I64, type MemoryName, type OpName } from "./encoder.ts";
import { ExpressionEmitter } from "./expression.ts";
import { emitFloat, inlineFloat } from "./float.ts";
import { dispatch, type Functions, P, pushPc, pushRemaining, pushTlbEntry } from "./frame.ts";
import { emitJump, TLB_MASK } from "./support.ts";
import { hasRoundingMode, isDirectJump, mayStay } from "./variants.ts";

/**
 * How a finished handler goes on: `chain` tail-calls the next slot's handler, `step` leaves Wasm with `pc` at the
 * next instruction. Everything else is the same code from the same meaning.
 */
export type Mode = "chain" | "step";

type MemoryNode = Extract<Expr, { kind: "load" | "amo" | "lr" | "sc" }> | Extract<Effect, { kind: "store" }>;

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

/** The memory access of a meaning, of which there is at most one. */
export function memoryNode(effect: Effect): MemoryNode | undefined {
  if (effect.kind === "store") return effect;
  let found: MemoryNode | undefined;
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { kind } = node as Expr;
    if (kind === "load" || kind === "amo" || kind === "lr" || kind === "sc") found = node as MemoryNode;
    for (const child of Object.values(node)) visit(child);
  };
  visit(effect);
  return found;
}

/** Whether a meaning's handler does only the common case, and has a slow twin for the rest. */
export const hasSlowTwin = (effect: Effect): boolean =>
  memoryNode(effect) !== undefined || inlineFloat(effect) !== undefined;

/** CSR number of `fflags`. */
const FFLAGS = 1;

function isAtomic(node: MemoryNode): boolean {
  return node.kind !== "load" && node.kind !== "store";
}

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
  /** Locals of the memory access: its i64 virtual address, and its linear address. */
  private address = 0;
  private linear = 0;

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
        special: (node) => (node.kind === "float" ? this.float(node) : this.access(node)),
      },
      functions,
    );
  }

  write(): void {
    const { code, effect, functions } = this;
    if (this.row.float) this.requireFloatUnit();
    const memory = memoryNode(effect);
    if (memory) this.prepareAccess(memory);
    // An atomic page is in the table now: the fast twin finds it.
    if (this.slow && memory && isAtomic(memory)) {
      this.tailCall(this.part.fast);
      return;
    }
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
        this.store(effect);
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
        if (mayStay(effect.routine)) this.accessFflags(effect.routine);
        this.tailCall(functions.systemExit);
        break;
    }
  }

  private tailCall(target: number): void {
    for (const parameter of Object.values(P)) this.code.get(parameter);
    this.code.returnCall(target);
  }

  private requireFloatUnit(): void {
    this.code.get(P.hart).mem("i32_load", HART.fs).i32(3).op("i32_ne").if();
    this.tailCall(this.functions.floatStateExit);
    this.code.op("end");
  }

  /** `frflags` and `fsflags` stand around comparisons in ordinary programs: they need not leave Wasm. */
  private accessFflags(routine: "csrrw" | "csrrs"): void {
    const { code } = this;
    const old = code.local(I32);
    const operand = () => {
      this.emitter.expr({ kind: "x", field: "rs1" });
      code.op("i32_wrap_i64").i32(31).op("i32_and");
    };
    code.get(P.slot).mem("i32_load", SLOT.imm).i32(20).op("i32_shr_u").i32(FFLAGS).op("i32_eq");
    code.get(P.hart).mem("i32_load", HART.fs).i32(3).op("i32_eq").op("i32_and").if();
    code.get(P.hart).mem("i32_load", HART.fflags).set(old).get(P.hart);
    operand();
    if (routine === "csrrs") code.get(old).op("i32_or");
    code.mem("i32_store", HART.fflags);
    this.pushRd();
    code.get(old).op("i64_extend_i32_u").mem("i64_store", HART.x);
    this.finish();
    code.op("end");
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
    const giveUp = this.slow ? undefined : () => this.tailCall(this.part.slow);
    emitFloat({ code, functions, argument, pushRm }, node.op, node.args, giveUp);
  }

  /** Makes sure that the access can be done: by the TLB, or (in the slow twin) by a call that may trap. */
  private prepareAccess(node: MemoryNode): void {
    const { code } = this;
    this.address = code.local(I64);
    this.linear = code.local(I32);
    this.emitter.expr(node.addr);
    code.set(this.address);
    if (this.slow) this.prepareSlowly(node);
    else this.findInTlb(node);
  }

  private findInTlb(node: MemoryNode): void {
    const { code, address, linear } = this;
    const table = node.kind === "load" || node.kind === "lr" ? TLB.read : TLB.write;
    const entry = code.local(I32);
    pushTlbEntry(code, () => code.get(P.tlb), address, TLB_MASK)
      .tee(entry)
      .mem("i64_load", table);
    // The low bits of a misaligned address stay in the comparison, so it misses.
    code
      .get(address)
      .i64(BigInt(-4096 | (node.bits / 8 - 1)))
      .op("i64_and")
      .op("i64_ne")
      .if();
    this.tailCall(this.part.slow);
    code.op("end");
    code
      .get(address)
      .op("i32_wrap_i64")
      .get(entry)
      .mem("i32_load", table + 8)
      .op("i32_add")
      .set(linear);
  }

  private prepareSlowly(node: MemoryNode): void {
    const { code, functions } = this;
    const size = node.bits / 8;
    // A device may ask how many instructions have retired.
    code.get(P.hart);
    pushRemaining(code).mem("i32_store", HART.budget);
    code.get(P.hart).get(this.address).mem("i64_store", HART.address);
    if (node.kind === "load") {
      code.get(P.hart).get(P.tlb).i32(size).call(functions.loadSlow);
    } else if (node.kind === "store") {
      code.get(P.hart);
      this.emitter.expr(node.value);
      code.mem("i64_store", HART.value);
      code.get(P.hart).get(P.tlb).i32(size).call(functions.storeSlow);
    } else {
      code
        .i32(size)
        .i32(node.kind === "lr" ? 1 : 0)
        .call(functions.prepareAtomic);
    }
    code.op("i32_eqz").if();
    this.tailCall(functions.trap);
    code.op("end");
  }

  private store(effect: Extract<Effect, { kind: "store" }>): void {
    if (this.slow) return;
    this.code.get(this.linear);
    this.emitter.expr(effect.value);
    this.code.mem(storeName(effect.bits));
  }

  /** Leaves the value of the memory node on the stack. */
  private access(node: Exclude<MemoryNode, { kind: "store" }>): void {
    const { code } = this;
    if (node.kind === "load") {
      const name = loadName(node.bits, node.signed);
      if (this.slow) code.get(P.hart).mem(name, HART.value);
      else code.get(this.linear).mem(name);
    } else if (node.kind === "amo") {
      this.atomic(node);
    } else if (node.kind === "lr") {
      code.get(P.hart).get(this.linear).mem("i32_store", HART.reservation);
      code
        .get(P.hart)
        .i32(node.bits / 8)
        .mem("i32_store", HART.reservationSize);
      code.get(P.hart).get(this.linear).mem(loadName(node.bits, true)).mem("i64_store", HART.reservedValue);
      code.get(P.hart).mem("i64_load", HART.reservedValue);
    } else {
      this.storeConditional(node);
    }
  }

  private atomic(node: Extract<Expr, { kind: "amo" }>): void {
    const { code, linear } = this;
    const old = code.local(I64);
    const value = code.local(I64);
    code.get(linear).mem(loadName(node.bits, true)).set(old);
    this.emitter.expr(node.value);
    if (node.bits === 32) code.op("i64_extend32_s");
    code.set(value).get(linear);
    amoResult(code, node.op, old, value);
    code.mem(storeName(node.bits)).get(old);
  }

  /** Succeeds where the reserved word is the one addressed and still holds what was reserved. */
  private storeConditional(node: Extract<Expr, { kind: "sc" }>): void {
    const { code, linear } = this;
    const held = code.local(I32);
    code.get(P.hart).mem("i32_load", HART.reservation).get(linear).op("i32_eq");
    code
      .get(P.hart)
      .mem("i32_load", HART.reservationSize)
      .i32(node.bits / 8)
      .op("i32_eq")
      .op("i32_and");
    code.get(linear).mem(loadName(node.bits, true)).get(P.hart).mem("i64_load", HART.reservedValue);
    code.op("i64_eq").op("i32_and").set(held);
    code.get(P.hart).i32(0).mem("i32_store", HART.reservation);
    code.get(held).if().get(linear);
    this.emitter.expr(node.value);
    code.mem(storeName(node.bits)).op("end");
    code.get(held).op("i32_eqz").op("i64_extend_i32_u");
  }
}

const amoCompare: Partial<Record<AmoOp, OpName>> = {
  min: "i64_lt_s",
  max: "i64_gt_s",
  minu: "i64_lt_u",
  maxu: "i64_gt_u",
};

const amoBinary: Partial<Record<AmoOp, OpName>> = {
  add: "i64_add",
  xor: "i64_xor",
  and: "i64_and",
  or: "i64_or",
};

/** Both values are sign-extended, which keeps unsigned order too. */
function amoResult(code: Code, op: AmoOp, old: number, value: number): void {
  const compare = amoCompare[op];
  const binary = amoBinary[op];
  if (compare) code.get(old).get(value).get(old).get(value).op(compare).op("select");
  else if (binary) code.get(old).get(value).op(binary);
  else code.get(value);
}

function loadName(bits: number, signed: boolean): MemoryName {
  return bits === 64 ? "i64_load" : (`i64_load${bits}_${signed ? "s" : "u"}` as MemoryName);
}

function storeName(bits: number): MemoryName {
  return bits === 64 ? "i64_store" : (`i64_store${bits}` as MemoryName);
}
