import { EXIT, ExitKind, HOT_EXIT } from "../jit/cell.ts";
import { Exit, HART, TLB } from "../layout.ts";
import { SLOT } from "../slots.ts";
import { Code, I32 } from "./encoder.ts";
import {
  dispatchTo,
  type Functions,
  HANDLER_PARAMETERS,
  P,
  pushFetchTlb,
  pushPc,
  pushRemaining,
  pushTlbEntry,
} from "./frame.ts";
import { FIRST_REGION } from "./fusion.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { PAGE_MASK, pushSlotOffset, TLB_MASK } from "./support.ts";

/** Global with the linear address of the table of what regions replaced: see `runOriginal`. */
const ORIGINALS = 0;

/** Defines and exports what translated regions, which have modules of their own, call in the interpreter's. */
export function defineRegionSupport(module: ModuleBuilder, functions: Functions): void {
  const add = (name: string, code: Code) => {
    const index = module.declare(functions.handlerType);
    module.define(index, code);
    module.export(name, index);
  };
  add("leaveRegion", leaveRegionBody(functions));
  add("enterSlowly", enterSlowlyBody(functions));
  add("original", originalBody(functions));
}

/**
 * Goes on behind a region. As a handler's but for the first parameter, which is the address of the exit's record
 * (`EXIT`), the instructions still allowed, which the record's count is not taken from yet, and the page: the entry's.
 */
function leaveRegionBody(functions: Functions): Code {
  const code = new Code(HANDLER_PARAMETERS.length);
  const record = code.local(I32);
  code.get(P.slot).set(record);
  const kind = code.local(I32);
  code.get(P.budget).get(record).mem("i32_load", EXIT.count).op("i32_sub").set(P.budget);
  code
    .get(record)
    .mem("i32_load16_u", EXIT.kind)
    .tee(kind)
    .i32(ExitKind.indirect)
    .op("i32_sub")
    .i32(2)
    .op("i32_lt_u")
    .if();
  code.get(P.hart).get(P.page).mem("i64_store", HART.regionPage);
  code.get(P.hart).mem("i64_load", HART.address).set(P.page);
  code.op("else");
  code.get(P.page).get(record).mem("i64_load", EXIT.offset).op("i64_add").set(P.page).op("end");
  code.get(P.budget).i32(0).op("i32_lt_s").if();
  code.get(P.hart).get(P.page).get(P.budget).i32(Exit.regionBudget).returnCall(functions.leave).op("end");
  code.get(kind).i32(ExitKind.miss).op("i32_eq").if();
  code.get(record).mem("i32_load", EXIT.web).call(functions.missed).op("end");
  findSlot(code, functions);
  code.get(P.slot).mem("i32_load", SLOT.handler).i32(FIRST_REGION).op("i32_ge_u").if();
  // What cannot be done in the region is not tried in another one.
  code.get(kind).i32(ExitKind.interpret).op("i32_ge_s").if();
  countSlot(code);
  runOriginal(code, functions);
  code.op("end");
  // A jump to a register would better not leave the region.
  code.get(kind).i32(ExitKind.indirect).op("i32_eq").if();
  countHeat(code, functions, record);
  code.op("end");
  countSlot(code);
  for (const parameter of Object.values(P)) code.get(parameter);
  code.get(P.slot).mem("i32_load", SLOT.handler).returnCallIndirect(functions.handlerType).op("end");
  code.get(kind).i32(ExitKind.interpret).op("i32_lt_s").if();
  countHeat(code, functions, record);
  code.op("end");
  dispatchTo(code, functions, P.slot, P.budget, P.page);
  return code;
}

/** Makes the remaining instructions in `P.budget` what the slot reckons with. */
function countSlot(code: Code): void {
  code.get(P.budget).get(P.slot).mem("i32_load16_s", SLOT.ordinal).op("i32_add").set(P.budget);
}

/** Sets `P.slot` to the slot of the address in `P.page`, and that to its page; goes on there at once if it has to be fetched. */
function findSlot(code: Code, functions: Functions): void {
  const entry = code.local(I32);
  pushTlbEntry(code, () => pushFetchTlb(code), P.page, TLB_MASK)
    .tee(entry)
    .mem("i64_load", TLB.fetch);
  code.get(P.page).i64(PAGE_MASK).op("i64_and").op("i64_ne").if();
  // Fetching the page may take the region away, and its exits with it.
  for (const parameter of Object.values(P)) code.get(parameter);
  code.returnCall(functions.jumpSlow).op("end");
  code.get(entry).mem("i32_load", TLB.fetch + 8);
  pushSlotOffset(code);
  code.op("i32_add").set(P.slot);
  code.get(P.page).i64(PAGE_MASK).op("i64_and").set(P.page);
}

/** Leaves Wasm when the exit has led to interpreted code often enough. */
function countHeat(code: Code, functions: Functions, record: number): void {
  const heat = code.local(I32);
  code
    .get(record)
    .get(record)
    .mem("i32_load", EXIT.heat)
    .i32(1)
    .op("i32_add")
    .tee(heat)
    .mem("i32_store", EXIT.heat);
  code.get(heat).i32(HOT_EXIT).op("i32_eq").if();
  code.get(record).i32(0).mem("i32_store", EXIT.heat);
  code.get(P.hart).get(record).mem("i32_store", HART.regionExit);
  code.get(P.hart);
  pushPc(code).get(P.budget).i32(Exit.hot).returnCall(functions.leave).op("end");
}

/** A region's cell does not know the address space that it is entered in. */
function enterSlowlyBody(functions: Functions): Code {
  const code = new Code(HANDLER_PARAMETERS.length);
  // The count is asked for by whoever looks at the hart meanwhile.
  code.get(P.hart);
  pushRemaining(code).mem("i32_store", HART.budget);
  code.get(P.slot).get(P.tlb).get(P.page).call(functions.validate).if();
  for (const parameter of Object.values(P)) code.get(parameter);
  code.get(P.slot).mem("i32_load", SLOT.handler).returnCallIndirect(functions.handlerType).op("end");
  runOriginal(code, functions);
  return code;
}

/** In place of every region, where the interpreter steps. */
function originalBody(functions: Functions): Code {
  const code = new Code(HANDLER_PARAMETERS.length);
  runOriginal(code, functions);
  return code;
}

/** Runs the handler that a region took the place of. */
function runOriginal(code: Code, functions: Functions): void {
  for (const parameter of Object.values(P)) code.get(parameter);
  code.globalGet(ORIGINALS);
  code.get(P.slot).mem("i32_load", SLOT.handler).i32(FIRST_REGION).op("i32_sub").i32(2).op("i32_shl");
  code.op("i32_add").mem("i32_load").returnCallIndirect(functions.handlerType);
}
