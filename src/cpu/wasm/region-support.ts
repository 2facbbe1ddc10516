import { INEXACT } from "../csr-state.ts";
import { EXIT, ExitKind, HOT_EXIT, TLB_MISS, WEB } from "../jit/cell.ts";
import { Exit, HART, TLB } from "../layout.ts";
import { SLOT } from "../slots.ts";
import { Code, I32, I64 } from "./encoder.ts";
import {
  dispatchTo,
  type Functions,
  HANDLER_PARAMETERS,
  P,
  pushFetchTlb,
  pushTlbEntry,
  tailCall,
} from "./frame.ts";
import { FIRST_BODY, FIRST_REGION, MOST_ENTRIES, NO_BODY } from "./fusion.ts";
import type { Mode } from "./handler.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { AREA, TARGET, TARGETS } from "./region-area.ts";
import { PAGE_MASK, pushSlotOffset, TLB_MASK } from "./support.ts";

/**
 * A translated region is a function that is called: by `enterRegion`, the handler of every slot where one begins, or by
 * another region. Its parameters have a handler's types and mostly mean the same, but the first is how many calls may still
 * stand one inside the other, and `cell` is the address of its own, with the number of the entry (`ENTRY_MASK`). It returns the
 * instructions still allowed and a code; the guest's registers are in the hart block then, and it goes on at `HART.address`:
 *
 *     linear address of the exit's record   wherever that is, in a region or not
 *     the same + INTERPRETED                the instruction there is the interpreter's
 *     LEFT                                  not at all: Wasm was left, and `HART.pc` says where
 */
export const REGION_PARAMETERS = HANDLER_PARAMETERS;
/** The local numbers that they have in its body. */
export const R = { depth: P.slot, hart: P.hart, budget: P.budget, cell: P.tlb, page: P.page } as const;
export const REGION_RESULTS = [I32, I32] as const;
const INTERPRETED = 1;
export const LEFT = 2;
/** Of the code, the bits without which a region that called goes on where it is. */
export const ENDS_CALLS = 3;

/** Calls of regions inside each other: V8's stack has room for a few thousand. */
export const MOST_CALLS = 500;

/** Global with the linear address of the handlers that regions stand in the place of (`ORIGINALS_SIZE`). */
const ORIGINALS_GLOBAL = 0;

/** Defines what slots with regions have as their handlers, and what regions, which have modules of their own, call in this one. */
export function defineRegionSupport(module: ModuleBuilder, mode: Mode, functions: Functions): void {
  const type = module.type(REGION_PARAMETERS, REGION_RESULTS);
  const leave = module.declare(type);
  module.define(leave, leaveRegionBody(functions, type));
  module.export("leaveRegion", leave);
  module.element(NO_BODY, leave);
  const call = module.declare(type);
  module.define(call, callRegionBody(type));
  module.export("callRegion", call);
  const system = module.declare(type);
  module.define(system, callSystemBody(functions));
  module.export("callSystem", system);
  const enter = module.declare(functions.handlerType);
  module.define(enter, mode === "step" ? originalBody(functions) : enterRegionBody(functions, type, enter));
  module.export("enterRegion", enter);
  // Where it steps, no region runs.
  if (mode === "step") for (let i = 0; i < MOST_ENTRIES; i++) module.element(FIRST_REGION + i, enter);
}

/** Runs the region that begins at the slot, and goes on where it has come to. */
function enterRegionBody(functions: Functions, type: number, self: number): Code {
  const code = new Code(HANDLER_PARAMETERS.length);
  const result = code.local(I32);
  const cell = code.local(I32);
  const pushItsCell = () => pushCell(code, () => code.get(P.slot).mem("i32_load", SLOT.handler));
  const pushBudget = () => code.get(P.budget).get(P.slot).mem("i32_load16_s", SLOT.ordinal).op("i32_sub");
  pushItsCell();
  code.tee(cell).op("i32_eqz").if();
  validate(code, functions, P.slot, pushBudget);
  code.op("i32_eqz").if();
  runOriginal(code, functions);
  code.op("end");
  pushItsCell();
  code.set(cell).op("end");
  code.i32(MOST_CALLS).get(P.hart);
  pushBudget().get(cell).get(P.page);
  code.get(P.slot).mem("i32_load", SLOT.handler).i32(MOST_ENTRIES).op("i32_add").callIndirect(type);
  code.set(result).set(P.budget);
  code.get(result).i32(LEFT).op("i32_and").if().op("return").op("end");
  code.get(P.hart).mem("i64_load", HART.address).set(P.page);
  code.get(P.budget).i32(0).op("i32_lt_s").if();
  code.get(P.hart).get(P.page).get(P.budget).i32(Exit.regionBudget).returnCall(functions.leave).op("end");
  findSlot(code, () => {
    // Fetching the page may take the region away, and its exits with it.
    tailCall(code, functions.jumpSlow);
  });
  code.get(P.slot).mem("i32_load", SLOT.handler).i32(FIRST_REGION).op("i32_ge_u").if();
  countSlot(code);
  code.get(result).i32(INTERPRETED).op("i32_and").if();
  runOriginal(code, functions);
  code.op("end");
  tailCall(code, self);
  code.op("end");
  code.get(result).i32(INTERPRETED).op("i32_and").op("i32_eqz").if();
  countHeat(code, functions, result, () => code.op("return"));
  code.op("end");
  dispatchTo(code, functions, P.slot, P.budget, P.page);
  return code;
}

/**
 * Calls what the link of the exit whose record is at `HART.regionExit` leads to. Regions do not do so themselves: the compiler
 * would have to make them a copy of the table each.
 */
function callRegionBody(type: number): Code {
  const code = new Code(REGION_PARAMETERS.length);
  const record = code.local(I32);
  code.get(R.hart).mem("i32_load", HART.regionExit).tee(record).mem("i32_load", EXIT.cell).set(R.cell);
  for (const parameter of Object.values(R)) code.get(parameter);
  code.get(record).mem("i32_load", EXIT.link);
  return code.returnCallIndirect(type);
}

/**
 * Executes a system instruction for a region: its bits are the first parameter, its address the last one. Registers have been
 * stored. Returns what remains behind it, and 0 where the region goes on there.
 */
function callSystemBody(functions: Functions): Code {
  const bits = R.depth;
  const code = new Code(REGION_PARAMETERS.length);
  // A region may reckon with inexact being set.
  code.get(R.hart).get(bits).i32(INEXACT).call(functions.quickSystem).if();
  code.get(R.budget).i32(1).op("i32_sub").i32(0).op("return").op("end");
  code.get(R.hart).get(bits).op("i64_extend_i32_u").mem("i64_store", HART.value);
  code.get(R.hart).get(R.page).mem("i64_store", HART.pc);
  code.get(R.hart).get(R.budget).mem("i32_store", HART.budget);
  const goesOn = code.local(I32);
  code.i32(1).call(functions.executeSystem).set(goesOn);
  code.get(R.hart).mem("i32_load", HART.budget);
  return code.i32(0).i32(LEFT).get(goesOn).op("select");
}

/**
 * Goes on behind a region, in its place. `HART.regionExit` is the address of the exit's record (`EXIT`); the instructions
 * still allowed do not have the record's count taken from them yet.
 */
function leaveRegionBody(functions: Functions, type: number): Code {
  const code = new Code(REGION_PARAMETERS.length);
  const record = code.local(I32);
  const kind = code.local(I32);
  const comeBack = (bits = 0) => {
    code.get(R.budget).get(record);
    if (bits !== 0) code.i32(bits).op("i32_or");
    code.op("return");
  };
  const goTo = (pushCellAddress: () => void, pushIndex: () => void) => {
    code.get(R.depth).get(R.hart).get(R.budget);
    pushCellAddress();
    code.get(R.page);
    pushIndex();
    code.returnCallIndirect(type);
  };
  code.get(R.hart).mem("i32_load", HART.regionExit).set(record);
  code.get(R.budget).get(record).mem("i32_load", EXIT.count).op("i32_sub").set(R.budget);
  code.get(record).mem("i32_load16_u", EXIT.kind).tee(kind);
  code.i32(~1).op("i32_and").i32(ExitKind.indirect).op("i32_eq").if();
  const target = code.local(I32);
  const address = code.local(I64);
  code.get(R.hart).mem("i64_load", HART.address).set(address);
  pushTarget(code, address);
  code.tee(target).mem("i64_load", TARGET.address).get(address).op("i64_eq").if();
  code.get(address).i64(PAGE_MASK).op("i64_and").set(R.page);
  goTo(
    () => code.get(target).mem("i32_load", TARGET.cell),
    () => code.get(target).mem("i32_load", TARGET.body),
  );
  code.op("end");
  code.get(R.hart).get(R.page).mem("i64_store", HART.regionPage);
  code.get(address).set(R.page);
  code.op("else");
  code.get(kind).i32(ExitKind.miss).op("i32_eq").if();
  missedBy(code, record, functions);
  code.op("end");
  code.get(R.page).get(record).mem("i64_load", EXIT.offset).op("i64_add").set(R.page);
  code.get(R.hart).get(R.page).mem("i64_store", HART.address);
  code.op("end");
  code.get(R.budget).get(R.depth).op("i32_or").i32(0).op("i32_lt_s").if();
  comeBack();
  code.op("end");
  // What cannot be done in the region is not tried in another one.
  code.get(kind).i32(ExitKind.interpret).op("i32_ge_u").if();
  comeBack(INTERPRETED);
  code.op("end");
  code.get(kind).op("i32_eqz").if();
  code.get(record).mem("i32_load", EXIT.link).i32(NO_BODY).op("i32_ne").if();
  code.get(R.page).i64(PAGE_MASK).op("i64_and").set(R.page);
  goTo(
    () => code.get(record).mem("i32_load", EXIT.cell),
    () => code.get(record).mem("i32_load", EXIT.link),
  );
  code.op("end").op("end");
  // Regions that are being run must not be taken away, as fetching a page may do: that is left to `enterRegion`.
  const slot = code.local(I32);
  findSlot(code, () => comeBack(), slot);
  const handler = code.local(I32);
  code.get(slot).mem("i32_load", SLOT.handler).tee(handler).i32(FIRST_REGION).op("i32_lt_u").if();
  comeBack();
  code.op("end");
  const cell = code.local(I32);
  const pushItsCell = () => pushCell(code, () => code.get(handler));
  pushItsCell();
  code.tee(cell).op("i32_eqz").get(kind).i32(ExitKind.stale).op("i32_eq").op("i32_or").if();
  validate(code, functions, slot, () => code.get(R.budget));
  code.op("i32_eqz").if();
  comeBack(INTERPRETED);
  code.op("end");
  pushItsCell();
  code.set(cell).op("end");
  const pushBody = () =>
    code
      .get(handler)
      .i32(FIRST_BODY - FIRST_REGION)
      .op("i32_add");
  code.get(kind).i32(~1).op("i32_and").i32(ExitKind.indirect).op("i32_eq").if();
  code.get(record).mem("i32_load", EXIT.link).if();
  // A jump to a register would better not leave the region.
  countHeat(code, functions, record, () => code.get(R.budget).i32(LEFT).op("return"));
  code.op("else");
  code.get(target).get(address).mem("i64_store", TARGET.address);
  code.get(target).get(cell).mem("i32_store", TARGET.cell);
  code.get(target);
  pushBody().mem("i32_store", TARGET.body);
  code.op("end").op("end");
  goTo(() => code.get(cell), pushBody);
  return code;
}

/** Leaves on the stack whether the region at a slot of the page in `P.page` may be entered: it has a cell then. */
function validate(code: Code, functions: Functions, slot: number, pushBudget: () => void): void {
  // The count is asked for by whoever looks at the hart meanwhile.
  code.get(P.hart);
  pushBudget();
  code.mem("i32_store", HART.budget);
  code.get(slot).get(P.hart).mem("i32_load", HART.dataTlb).get(P.page).call(functions.validate);
}

/** Gives the web of an exit another range, but for a wide one whose turn it is not yet: the interpreter fills the TLB. */
function missedBy(code: Code, record: number, functions: Functions): void {
  const web = code.local(I32);
  code.get(record).mem("i32_load", EXIT.web).tee(web).mem("i32_load", WEB.wide);
  code.get(web).mem("i32_load", WEB.patience).i32(0).op("i32_ge_s").op("i32_and").if();
  code.get(web).get(web).mem("i32_load", WEB.patience).i32(TLB_MISS).op("i32_sub");
  code.mem("i32_store", WEB.patience);
  code.op("else").get(web).call(functions.missed).op("end");
}

/** Leaves the linear address of the cell of the region on the stack whose handler `pushHandler` leaves there; 0: it has none here. */
function pushCell(code: Code, pushHandler: () => void): void {
  pushHandler();
  code.i32(FIRST_REGION).op("i32_sub").i32(2).op("i32_shl");
  pushFetchTlb(code);
  code.mem("i32_load", TLB.regions).op("i32_add").mem("i32_load", AREA.cells);
}

/** Leaves the linear address of the target that is kept for the address in a local on the stack. */
function pushTarget(code: Code, address: number): void {
  const shift = Math.log2(TARGET.size) - 1;
  code.get(address).op("i32_wrap_i64").i32(shift).op("i32_shl");
  code.i32((TARGETS - 1) * TARGET.size).op("i32_and");
  pushFetchTlb(code);
  code.mem("i32_load", TLB.regions).op("i32_add").i32(AREA.targets).op("i32_add");
}

/** Makes the remaining instructions in `P.budget` what the slot reckons with. */
function countSlot(code: Code): void {
  code.get(P.budget).get(P.slot).mem("i32_load16_s", SLOT.ordinal).op("i32_add").set(P.budget);
}

/** Sets `slot` to the slot of the address in `P.page`, and that to its page; `missed` is done where it has to be fetched first. */
function findSlot(code: Code, missed: () => void, slot: number = P.slot): void {
  const entry = code.local(I32);
  pushTlbEntry(code, () => pushFetchTlb(code), P.page, TLB_MASK)
    .tee(entry)
    .mem("i64_load", TLB.fetch);
  code.get(P.page).i64(PAGE_MASK).op("i64_and").op("i64_ne").if();
  missed();
  code.op("end");
  code.get(entry).mem("i32_load", TLB.fetch + 8);
  pushSlotOffset(code);
  code.op("i32_add").set(slot);
  code.get(P.page).i64(PAGE_MASK).op("i64_and").set(P.page);
}

/** Leaves Wasm, and then the function by `leave`, when the exit has led to the address in `HART.address` often enough. */
function countHeat(code: Code, functions: Functions, record: number, leave: () => void): void {
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
  code.get(P.hart).get(P.hart).mem("i64_load", HART.address);
  code.get(P.budget).i32(Exit.hot).call(functions.leave);
  leave();
  code.op("end");
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
  code.get(P.slot).mem("i32_load", SLOT.handler).i32(FIRST_REGION).op("i32_sub").i32(2).op("i32_shl");
  code.globalGet(ORIGINALS_GLOBAL).op("i32_add").mem("i32_load", 0).returnCallIndirect(functions.handlerType);
}
