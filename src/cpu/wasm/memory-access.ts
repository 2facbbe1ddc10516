import type { AmoOp, Effect, Expr } from "../../isa/meaning.ts";
import { HART, TLB } from "../layout.ts";
import { type Code, I32, I64, type MemoryName, type OpName } from "./encoder.ts";
import { type Functions, P, pushRemaining, pushTlbEntry, setLinear, tailCall } from "./frame.ts";
import { TLB_MASK } from "./support.ts";

export type MemoryNode =
  | Extract<Expr, { kind: "load" | "amo" | "lr" | "sc" }>
  | Extract<Effect, { kind: "store" }>;

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

/**
 * The code of a handler's memory access: `prepare` first, then `store`, or `value` where the meaning needs it. The fast
 * handler finds the page in the TLB; its slow twin asks for the access by a call, or for an atomic one where to do it.
 */
export class MemoryAccess {
  private readonly code: Code;
  private readonly node: MemoryNode;
  private readonly emit: (expr: Expr) => void;
  private readonly functions: Functions;
  private readonly slow: boolean;
  /** Local of the i64 virtual address. */
  private address = 0;
  /** Local of the address in linear memory, of the fast handler and of atomic accesses. */
  private linear = 0;

  /** `emit` leaves the value of a part of the meaning on the stack. */
  constructor(code: Code, node: MemoryNode, emit: (expr: Expr) => void, functions: Functions, slow: boolean) {
    this.code = code;
    this.node = node;
    this.emit = emit;
    this.functions = functions;
    this.slow = slow;
  }

  /** Makes sure that the access can be done: by the TLB or else in `slowTwin`, or by a call that may trap. */
  prepare(slowTwin: number): void {
    const { code } = this;
    this.address = code.local(I64);
    this.linear = code.local(I32);
    this.emit(this.node.addr);
    code.set(this.address);
    if (this.slow) this.prepareSlowly();
    else this.findInTlb(slowTwin);
  }

  private findInTlb(slowTwin: number): void {
    const { code, node, address, linear } = this;
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
    tailCall(code, slowTwin);
    code.op("end");
    setLinear(code, address, entry, table, linear);
  }

  private prepareSlowly(): void {
    const { code, node, functions } = this;
    const size = node.bits / 8;
    // A device may ask how many instructions have retired.
    code.get(P.hart);
    pushRemaining(code).mem("i32_store", HART.budget);
    code.get(P.hart).get(this.address).mem("i64_store", HART.address);
    if (node.kind === "load") {
      code.get(P.hart).get(P.tlb).i32(size).call(functions.loadSlow);
    } else if (node.kind === "store") {
      code.get(P.hart);
      this.emit(node.value);
      code.mem("i64_store", HART.value);
      code.get(P.hart).get(P.tlb).i32(size).call(functions.storeSlow);
    } else {
      code.get(P.hart).get(P.tlb).i32(size);
      code
        .i32(node.kind === "lr" ? 1 : 0)
        .call(functions.atomicSlow)
        .tee(this.linear);
    }
    code.op("i32_eqz").if();
    tailCall(code, functions.trap);
    code.op("end");
  }

  /** Does a plain store, where preparing it has not. */
  store(): void {
    if (!this.slow) this.reached().store();
  }

  /** Does any other access, and leaves its value on the stack. */
  value(): void {
    const { code, node } = this;
    if (this.slow && node.kind === "load") code.get(P.hart).mem(loadName(node.bits, node.signed), HART.value);
    else this.reached().value();
  }

  private reached(): ReachedAccess {
    return new ReachedAccess(this.code, this.node, this.emit, this.linear);
  }
}

/** The code of an access whose place in linear memory is known: the address in a local, and a constant added to it. */
export class ReachedAccess {
  private readonly code: Code;
  private readonly node: MemoryNode;
  private readonly emit: (expr: Expr) => void;
  private readonly linear: number;
  private readonly offset: number;

  /** `offset` must be 0 for atomic accesses. */
  constructor(code: Code, node: MemoryNode, emit: (expr: Expr) => void, linear: number, offset = 0) {
    this.code = code;
    this.node = node;
    this.emit = emit;
    this.linear = linear;
    this.offset = offset;
  }

  /** Does a plain store. */
  store(): void {
    const { code, node } = this;
    if (node.kind !== "store") return;
    code.get(this.linear);
    this.emit(node.value);
    code.mem(storeName(node.bits), this.offset);
  }

  /** Does any other access, and leaves its value on the stack. */
  value(): void {
    const { code, node } = this;
    if (node.kind === "load") {
      code.get(this.linear).mem(loadName(node.bits, node.signed), this.offset);
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
    } else if (node.kind === "sc") {
      this.storeConditional(node);
    }
  }

  private atomic(node: Extract<Expr, { kind: "amo" }>): void {
    const { code, linear } = this;
    const old = code.local(I64);
    const value = code.local(I64);
    code.get(linear).mem(loadName(node.bits, true)).set(old);
    this.emit(node.value);
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
    this.emit(node.value);
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

/** By the number of bits. */
const LOADS: Readonly<Record<number, { readonly signed: MemoryName; readonly unsigned: MemoryName }>> = {
  8: { signed: "i64_load8_s", unsigned: "i64_load8_u" },
  16: { signed: "i64_load16_s", unsigned: "i64_load16_u" },
  32: { signed: "i64_load32_s", unsigned: "i64_load32_u" },
  64: { signed: "i64_load", unsigned: "i64_load" },
};
const STORES: Readonly<Record<number, MemoryName>> = {
  8: "i64_store8",
  16: "i64_store16",
  32: "i64_store32",
  64: "i64_store",
};

const loadName = (bits: number, signed: boolean): MemoryName => LOADS[bits][signed ? "signed" : "unsigned"];
const storeName = (bits: number): MemoryName => STORES[bits];
