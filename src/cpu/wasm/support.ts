import { Cause, Exit, HART, TLB, TLB_ENTRIES } from "../layout.ts";
import { Handler, SLOT, SLOT_PAGE, SLOT_SIZE } from "../slots.ts";
import { Code, I32, I64 } from "./encoder.ts";
import { mulhuBody } from "./expression.ts";
import {
  dispatch,
  dispatchTo,
  type Functions,
  leaveHere,
  P,
  pushFetchTlb,
  pushPc,
  pushRemaining,
  pushTlbEntry,
} from "./frame.ts";
import type { Mode } from "./handler.ts";
import type { ModuleBuilder } from "./module-builder.ts";
import { quickSystemBody } from "./quick-system.ts";

export const TLB_MASK = (TLB_ENTRIES - 1) << 4;
export const PAGE_MASK = -4096n;

/** Defines the functions that rows' handlers share, and the handlers that are not rows. */
export function defineSupport(module: ModuleBuilder, mode: Mode, functions: Functions): void {
  module.define(functions.mulhu, mulhuBody(new Code(2)));
  module.define(functions.quickSystem, quickSystemBody());
  module.define(functions.leave, leaveBody());
  module.define(functions.jump, jumpBody(functions));
  module.define(functions.jumpSlow, jumpSlowBody(functions));
  module.define(functions.trap, leaveHere(new Code(5), functions, Exit.trap));
  module.define(functions.illegal, illegalBody(functions));
  module.define(functions.system, systemBody(mode, functions));
  module.define(functions.floatStateExit, leaveHere(new Code(5), functions, Exit.floatState));
  module.define(functions.atomicSlow, atomicSlowBody(functions));
  module.define(functions.loadSlow, loadSlowBody(functions));
  module.define(functions.storeSlow, storeSlowBody(functions));
  const special = (tableIndex: number, code: Code) => {
    const index = module.declare(functions.handlerType);
    module.define(index, code);
    module.element(tableIndex, index);
  };
  module.element(Handler.illegal, functions.illegal);
  special(Handler.undecoded, undecodedBody(functions));
  special(Handler.pageEnd, pageEndBody(functions));
  special(Handler.straddler, straddlerBody(functions));
}

function leaveBody(): Code {
  const [hart, pc, remaining, exit] = [0, 1, 2, 3];
  const code = new Code(4);
  code.get(hart).get(pc).mem("i64_store", HART.pc);
  code.get(hart).get(remaining).mem("i32_store", HART.budget);
  return code.get(hart).get(exit).mem("i32_store", HART.exit);
}

function jumpBody(functions: Functions): Code {
  const code = new Code(5);
  emitJump(code, functions);
  return code;
}

/**
 * Continues at the address in `P.page` with `P.budget` instructions remaining, by the slot page that the fetch
 * table has for it.
 */
export function emitJump(code: Code, functions: Functions): void {
  const entry = code.local(I32);
  const slot = code.local(I32);
  pushTlbEntry(code, () => pushFetchTlb(code), P.page, TLB_MASK)
    .tee(entry)
    .mem("i64_load", TLB.fetch);
  code.get(P.page).i64(PAGE_MASK).op("i64_and").op("i64_ne").if();
  code.i32(0).get(P.hart).get(P.budget).get(P.tlb).get(P.page).returnCall(functions.jumpSlow).op("end");
  code.get(entry).mem("i32_load", TLB.fetch + 8);
  pushSlotOffset(code);
  code.op("i32_add").set(slot);
  code.get(P.page).i64(PAGE_MASK).op("i64_and").set(P.page);
  dispatchTo(code, functions, slot, P.budget, P.page);
}

/** Leaves the offset in a slot page of the address in `P.page` on the stack. */
export function pushSlotOffset(code: Code): void {
  code.get(P.page).op("i32_wrap_i64").i32(0xffe).op("i32_and").i32(3).op("i32_shl");
}

function jumpSlowBody(functions: Functions): Code {
  const code = new Code(5);
  code.get(P.hart).get(P.page).mem("i64_store", HART.address);
  code.call(functions.fetch).tee(P.slot).op("i32_eqz").if();
  code.get(P.hart).get(P.page).get(P.budget).i32(Exit.trap).returnCall(functions.leave).op("end");
  code.get(P.slot);
  pushSlotOffset(code);
  code.op("i32_add").set(P.slot);
  code.get(P.page).i64(PAGE_MASK).op("i64_and").set(P.page);
  dispatchTo(code, functions, P.slot, P.budget, P.page);
  return code;
}

function illegalBody(functions: Functions): Code {
  const code = new Code(5);
  code.get(P.hart).i32(Cause.illegalInstruction).mem("i32_store", HART.cause);
  return leaveHere(code, functions, Exit.trap);
}

/** Where TypeScript is asked, what has been fetched before may be gone afterwards: what comes next is looked for anew. */
function systemBody(mode: Mode, functions: Functions): Code {
  const code = new Code(5);
  code.get(P.hart).get(P.slot).mem("i32_load", SLOT.imm).i32(0).call(functions.quickSystem).if();
  if (mode === "step") {
    code.get(P.hart);
    pushPc(code).i64(4n).op("i64_add");
    pushRemaining(code).i32(1).op("i32_sub").i32(Exit.budget).returnCall(functions.leave);
  } else {
    pushRemaining(code).i32(1).op("i32_sub").set(P.budget);
    code
      .get(P.slot)
      .i32(2 * SLOT_SIZE)
      .op("i32_add")
      .set(P.slot);
    dispatchTo(code, functions, P.slot, P.budget, P.page);
  }
  code.op("end");
  code.get(P.hart).get(P.slot).mem("i64_load32_u", SLOT.imm).mem("i64_store", HART.value);
  code.get(P.hart);
  pushPc(code).mem("i64_store", HART.pc).get(P.hart);
  pushRemaining(code).mem("i32_store", HART.budget).i32(0).call(functions.executeSystem);
  if (mode === "step") return code.op("drop");
  code.op("i32_eqz").if().op("return").op("end");
  code.i32(0).get(P.hart);
  for (const field of [HART.budget, HART.dataTlb]) code.get(P.hart).mem("i32_load", field);
  return code.get(P.hart).mem("i64_load", HART.pc).returnCall(functions.jump);
}

/** Decoding may give the slot another ordinal; what remains is the same on both sides. */
function undecodedBody(functions: Functions): Code {
  const code = new Code(5);
  pushRemaining(code).set(P.budget);
  code.get(P.slot).call(functions.decode);
  dispatchTo(code, functions, P.slot, P.budget, P.page);
  return code;
}

/** Not an instruction: the next one stands in the next virtual page, at the offset in the slot's low bits. */
function pageEndBody(functions: Functions): Code {
  const code = new Code(5);
  pushPc(code).i64(4096n).op("i64_add").set(P.page);
  code.get(P.budget).i32(0).op("i32_lt_s").if();
  code.get(P.hart).get(P.page).get(P.budget).i32(Exit.budget).returnCall(functions.leave).op("end");
  code.i32(0).get(P.hart).get(P.budget).get(P.tlb).get(P.page).returnCall(functions.jump);
  return code;
}

/**
 * An instruction whose second half stands in the next virtual page. That half is read and compared on every
 * execution, so whatever is mapped there now is what runs; the decoded form is used when it is the same.
 */
function straddlerBody(functions: Functions): Code {
  const code = new Code(5);
  const next = code.local(I64);
  const entry = code.local(I32);
  const half = code.local(I32);
  code.get(P.page).i64(4096n).op("i64_add").set(next);
  pushTlbEntry(code, () => pushFetchTlb(code), next, TLB_MASK)
    .tee(entry)
    .mem("i64_load", TLB.fetch);
  code.get(next).op("i64_ne").if();
  // A miss. Filling it may recycle this slot page, so start over from the pc.
  code.get(P.hart).get(next).mem("i64_store", HART.address);
  code.call(functions.fetch).op("i32_eqz").if();
  leaveHere(code, functions, Exit.trap);
  code.op("end");
  code.i32(0).get(P.hart);
  pushRemaining(code).get(P.tlb);
  pushPc(code).returnCall(functions.jump).op("end");
  code
    .get(entry)
    .mem("i32_load", TLB.fetch + 8)
    .mem("i32_load", SLOT_PAGE.frame)
    .mem("i32_load16_u")
    .tee(half);
  code.get(P.slot).mem("i32_load", SLOT.imm).op("i32_ne").if();
  code.get(P.slot).get(half).call(functions.straddle).op("end");
  code.get(P.slot).i32(0x8000).op("i32_add").set(P.slot);
  dispatch(code, functions, P.slot, P.budget, P.page);
  return code;
}

/**
 * (hart, tlb, size) -> 0 trap, 1 done. The address is in HART.address, the value goes to HART.value, of which
 * the caller uses the low `size` bytes. What `reachRead` finds is done here, also across a page's edge.
 */
function loadSlowBody(functions: Functions): Code {
  const { code, low, distance, high, secondPage } = slowAccess(functions.reachRead);
  code.get(distance).get(2).op("i32_ge_s").if();
  code.get(0).get(low).mem("i64_load").mem("i64_store", HART.value).i32(1).op("return").op("end");
  secondPage();
  // The low bytes from the first page, the others above them from the second.
  const bits = code.local(I64);
  code.get(distance).op("i64_extend_i32_u").i64(3n).op("i64_shl").set(bits);
  code.get(0);
  code.get(low).mem("i64_load").i64(1n).get(bits).op("i64_shl").i64(1n).op("i64_sub").op("i64_and");
  code.get(high).mem("i64_load").get(bits).op("i64_shl").op("i64_or").mem("i64_store", HART.value);
  code.i32(1).op("return").op("end").op("end");
  return code.get(2).call(functions.load);
}

function storeSlowBody(functions: Functions): Code {
  const { code, low, distance, high, secondPage } = slowAccess(functions.reachWrite);
  const value = code.local(I64);
  const index = code.local(I32);
  code.get(0).mem("i64_load", HART.value).set(value);
  code.get(distance).get(2).op("i32_ge_s").if();
  for (const [size, op] of [
    [1, "i64_store8"],
    [2, "i64_store16"],
    [4, "i64_store32"],
    [8, "i64_store"],
  ] as const) {
    code.get(2).i32(size).op("i32_eq").if().get(low).get(value).mem(op).i32(1).op("return").op("end");
  }
  code.op("end");
  secondPage();
  code.loop();
  // To the first page while index < distance, then to the second.
  code.get(low).get(high).get(distance).op("i32_sub").get(index).get(distance).op("i32_lt_s").op("select");
  code.get(index).op("i32_add").get(value).mem("i64_store8");
  code.get(value).i64(8n).op("i64_shr_u").set(value);
  code.get(index).i32(1).op("i32_add").tee(index).get(2).op("i32_lt_s").brIf(0).op("end");
  code.i32(1).op("return").op("end").op("end");
  return code.get(2).call(functions.store);
}

/**
 * Opens a block that is taken for an access whose first byte `reach` finds: `low` is its linear address, `distance` the bytes
 * up to the page's end. `secondPage` opens another one, for an access whose next page is found too; `high` is where that begins.
 */
function slowAccess(reach: number) {
  const code = new Code(3);
  const address = code.local(I64);
  const low = code.local(I32);
  const distance = code.local(I32);
  const high = code.local(I32);
  code.get(0).mem("i64_load", HART.address).set(address);
  code.i32(4096).get(address).op("i32_wrap_i64").i32(4095).op("i32_and").op("i32_sub").set(distance);
  // A bit of one page must not be set for an access that faults at the other.
  code.get(1).get(address).get(distance).get(2).op("i32_ge_s").call(reach).tee(low).if();
  const secondPage = () => {
    code.get(1).get(address).i64(PAGE_MASK).op("i64_and").i64(4096n).op("i64_add");
    code.i32(0).call(reach).tee(high).if();
  };
  return { code, low, distance, high, secondPage };
}

/** (hart, tlb, size, reserve) -> the linear address of an atomic access, 0 with a trap. The address is in HART.address. */
function atomicSlowBody(functions: Functions): Code {
  const [hart, tlb, size, reserve] = [0, 1, 2, 3];
  const code = new Code(4);
  const address = code.local(I64);
  const linear = code.local(I32);
  code.get(hart).mem("i64_load", HART.address).tee(address).op("i32_wrap_i64");
  code.get(size).i32(1).op("i32_sub").op("i32_and").op("i32_eqz").if();
  code.get(reserve).if(I32).get(tlb).get(address).i32(1).call(functions.reachRead);
  code.op("else").get(tlb).get(address).i32(1).call(functions.reachWrite).op("end").tee(linear).if();
  code.get(linear).op("return").op("end").op("end");
  return code.get(size).get(reserve).call(functions.prepareAtomic);
}
