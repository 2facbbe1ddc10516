import type { FloatOp } from "../../isa/meaning.ts";
import { HART } from "../layout.ts";
import { SLOT, SLOT_INDEX_MASK } from "../slots.ts";
import { type Code, I32, I64 } from "./encoder.ts";
import { FLOAT_PARAMETERS } from "./float-function.ts";
import { FLOAT_OPS } from "./float-functions.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { QUICK_PARAMETERS } from "./quick-system.ts";

/** The parameters of every handler, and the local numbers they have in its body. */
export const P = { slot: 0, hart: 1, budget: 2, tlb: 3, page: 4 } as const;
export const HANDLER_PARAMETERS = [I32, I32, I32, I32, I64] as const;

/** Function indexes that handlers refer to. */
export interface Functions {
  /** Type index of a handler. */
  readonly handlerType: number;
  // Imports, bound to one hart: see `MemoryPort` and `CodeCache`.
  readonly load: number;
  readonly store: number;
  readonly prepareAtomic: number;
  readonly fetch: number;
  readonly decode: number;
  readonly straddle: number;
  readonly float: number;
  readonly missed: number;
  readonly validate: number;
  /** (inRegion) -> 1 where compiled code goes on: see `Hart.executeSystem`. */
  readonly executeSystem: number;
  // Plain functions of the module.
  readonly mulhu: number;
  /** See `quickSystemBody`. */
  readonly quickSystem: number;
  /** The whole of a floating-point operation: see `defineFloatFunctions`. */
  readonly floats: ReadonlyMap<FloatOp, number>;
  /** (tlb, address, settles) -> where a byte is read, or written: see `reachBody`. */
  readonly reachRead: number;
  readonly reachWrite: number;
  readonly loadSlow: number;
  readonly storeSlow: number;
  readonly atomicSlow: number;
  /** (hart, pc, remaining, exit): leaves Wasm. */
  readonly leave: number;
  // Functions of handler type.
  /** Goes on at the address in `page`, with `budget` instructions remaining; `slot` is not used. */
  readonly jump: number;
  /** The same after a miss in the fetch table. */
  readonly jumpSlow: number;
  readonly trap: number;
  readonly illegal: number;
  readonly system: number;
  readonly floatStateExit: number;
}

export function declareFunctions(module: ModuleBuilder): Functions {
  const handlerType = module.type(HANDLER_PARAMETERS, []);
  const toStatus = module.type([I32], [I32]);
  const slowAccess = module.type([I32, I32, I32], [I32]);
  const reach = module.type([I32, I64, I32], [I32]);
  return {
    handlerType,
    load: module.importFunction("load", toStatus),
    store: module.importFunction("store", toStatus),
    prepareAtomic: module.importFunction("prepareAtomic", module.type([I32, I32], [I32])),
    fetch: module.importFunction("fetch", module.type([], [I32])),
    decode: module.importFunction("decode", module.type([I32], [])),
    straddle: module.importFunction("straddle", module.type([I32, I32], [])),
    float: module.importFunction("float", module.type([I32, I32], [])),
    missed: module.importFunction("missed", module.type([I32], [])),
    validate: module.importFunction("validate", module.type([I32, I32, I64], [I32])),
    executeSystem: module.importFunction("executeSystem", toStatus),
    mulhu: module.declare(module.type([I64, I64], [I64])),
    quickSystem: module.declare(module.type(QUICK_PARAMETERS, [I32])),
    floats: new Map(FLOAT_OPS.map((op) => [op, module.declare(module.type(FLOAT_PARAMETERS, [I64]))])),
    reachRead: module.declare(reach),
    reachWrite: module.declare(reach),
    loadSlow: module.declare(slowAccess),
    storeSlow: module.declare(slowAccess),
    atomicSlow: module.declare(module.type([I32, I32, I32, I32], [I32])),
    leave: module.declare(module.type([I32, I64, I32, I32], [])),
    jump: module.declare(handlerType),
    jumpSlow: module.declare(handlerType),
    trap: module.declare(handlerType),
    illegal: module.declare(handlerType),
    system: module.declare(handlerType),
    floatStateExit: module.declare(handlerType),
  };
}

/** Leaves the i64 pc of the slot in `slotLocal` on the stack. */
export function pushPc(code: Code, slotLocal: number = P.slot): Code {
  code.get(P.page).get(slotLocal).i32(SLOT_INDEX_MASK).op("i32_and").i32(3).op("i32_shr_u");
  return code.op("i64_extend_i32_u").op("i64_add");
}

/** Leaves the instructions still allowed before this slot's on the stack: `budget - ordinal`. */
export function pushRemaining(code: Code): Code {
  return code.get(P.budget).get(P.slot).mem("i32_load16_s", SLOT.ordinal).op("i32_sub");
}

/** Leaves Wasm with `pc` at this slot's instruction, not retired. */
export function leaveHere(code: Code, functions: Functions, exit: number): Code {
  code.get(P.hart);
  pushPc(code);
  pushRemaining(code);
  return code.i32(exit).returnCall(functions.leave);
}

/** Goes on with another function of handler type, as if it had been called in place of this one. */
export function tailCall(code: Code, target: number): void {
  for (const parameter of Object.values(P)) code.get(parameter);
  code.returnCall(target);
}

/** Runs the slot in `slotLocal` without having retired anything: its ordinal is already in `budgetLocal`. */
export function dispatch(
  code: Code,
  functions: Functions,
  slotLocal: number,
  budgetLocal: number,
  pageLocal: number,
) {
  code.get(slotLocal).get(P.hart).get(budgetLocal).get(P.tlb).get(pageLocal);
  code.get(slotLocal).mem("i32_load", SLOT.handler).returnCallIndirect(functions.handlerType);
}

/** Dispatches to the slot in `slotLocal` with `remaining` (a local) instructions allowed. */
export function dispatchTo(
  code: Code,
  functions: Functions,
  slotLocal: number,
  remaining: number,
  pageLocal: number,
) {
  code.get(remaining).get(slotLocal).mem("i32_load16_s", SLOT.ordinal).op("i32_add").set(remaining);
  dispatch(code, functions, slotLocal, remaining, pageLocal);
}

/** Leaves the address of the TLB entry for the i64 virtual address in `address`, less the table's offset. */
export function pushTlbEntry(code: Code, base: () => void, address: number, mask: number): Code {
  base();
  code.get(address).op("i32_wrap_i64").i32(8).op("i32_shr_u").i32(mask).op("i32_and");
  return code.op("i32_add");
}

/** Sets the local `linear` to where the i64 virtual address in `address` is, by the TLB entry in `entry`. */
export function setLinear(code: Code, address: number, entry: number, table: number, linear: number): void {
  code.get(address).op("i32_wrap_i64").get(entry);
  code
    .mem("i32_load", table + 8)
    .op("i32_add")
    .set(linear);
}

export function pushFetchTlb(code: Code): void {
  code.get(P.hart).mem("i32_load", HART.fetchTlb);
}
