import { Entry, EntryFlag, HALF_BUCKETS } from "../../isa/decode-table.ts";
import { HART } from "../layout.ts";
import { Handler, SLOT, SLOT_PAGE, SLOT_PAGE_ALIGN, Variant } from "../slots.ts";
import { PAGE_SIZE } from "../sv39.ts";
import { Code, I32 } from "./encoder.ts";
import { ModuleBuilder } from "./module-builder.ts";

/**
 * Decoding as a Wasm module: a program that starts has thousands of instructions decoded before V8 would have compiled
 * the same thing in TypeScript. It walks the decode table (`isa/decode-table.ts`), of which a copy stands in the arena.
 *
 *     write(slot, table, traits, bits, offset) -> 1 where a straight run ends here
 *     run(slot, table, traits, frame) -> the slot behind the run
 *
 * `table` and `traits` are linear addresses: of the decode table, and of a byte of `Trait` a row. `offset` is that of the
 * instruction in its page in bytes, or `NEVER_NEAR`; `frame` is the linear address of the page.
 */

/** What slots need to know of a base row, as bits. */
export const Trait = {
  /** rd is no integer register: 0 names f0, not the register that is never written. */
  floatRd: 1,
  /** The slot holds the rounding mode and the third source in place of an immediate. */
  rounds: 2,
  /** The slot holds the instruction's bits in place of an immediate. */
  system: 4,
  /** A jump or branch by the immediate. */
  direct: 8,
  /** Nothing follows it in a straight run. */
  ends: 16,
} as const;

/** An offset from which no jump is near. */
export const NEVER_NEAR = 0x4000_0000;
/** A straddling instruction whose second half has not been seen: no halfword has this value. */
const HALF_UNKNOWN = -1;

/** Slot bytes for a byte of code. */
const SLOT_BYTES = 8;

export function buildDecoder(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const write = module.declare(module.type([I32, I32, I32, I32, I32], [I32]));
  const run = module.declare(module.type([I32, I32, I32, I32], [I32]));
  module.define(write, writeBody());
  module.define(run, runBody(write));
  module.export("write", write);
  module.export("run", run);
  return module.encode();
}

/** Leaves a field of the entry at `entry` (a linear address) on the stack. */
const pushField = (code: Code, entry: number, field: number) => code.get(entry).mem("i32_load", field * 4);

/** Stack: a place or slice -> the bits there: bits >>> at & (1 << width) - 1. */
function extractBits(code: Code, bits: number, place: number): Code {
  code.set(place).get(bits).get(place).op("i32_shr_u");
  code.i32(1).get(place).i32(8).op("i32_shr_u").op("i32_shl").i32(1).op("i32_sub");
  return code.op("i32_and");
}

function writeBody(): Code {
  const [slot, table, traits, bits, offset] = [0, 1, 2, 3, 4];
  const code = new Code(5);
  const entry = code.local(I32);
  const list = code.local(I32);
  const imm = code.local(I32);
  const place = code.local(I32);
  const end = code.local(I32);
  const trait = code.local(I32);
  const variant = code.local(I32);
  const value = code.local(I32);
  /** A register field or rounding mode. Shift counts are taken modulo 32, so the parts above need no masking. */
  const pushPlace = (field: number) => {
    pushField(code, entry, field);
    extractBits(code, bits, place);
    return code.get(place).i32(16).op("i32_shr_u").op("i32_add");
  };
  const storeRegister = (field: number, at: number) => {
    code.get(slot);
    pushPlace(field).i32(3).op("i32_shl").mem("i32_store16", at);
  };

  code.block(); // Left where the bits are no legal instruction.
  // The bucket's list.
  code.get(table);
  code.get(bits).i32(3).op("i32_and").i32(3).op("i32_eq").if(I32);
  code.get(bits).i32(2).op("i32_shr_u").i32(31).op("i32_and");
  code.get(bits).i32(7).op("i32_shr_u").i32(0xe0).op("i32_and").op("i32_or").i32(HALF_BUCKETS).op("i32_add");
  code.op("else");
  code.get(bits).i32(3).op("i32_and").get(bits).i32(11).op("i32_shr_u").i32(0x1c).op("i32_and").op("i32_or");
  code.op("end").i32(2).op("i32_shl").op("i32_add").mem("i32_load").i32(2).op("i32_shl");
  code.get(table).op("i32_add").set(list);
  // The first entry that matches decides.
  code.loop();
  code.get(list).mem("i32_load").tee(entry).i32(0).op("i32_lt_s").brIf(1);
  code.get(entry).i32(2).op("i32_shl").get(table).op("i32_add").set(entry);
  code.get(list).i32(4).op("i32_add").set(list);
  code.get(bits);
  pushField(code, entry, Entry.mask).op("i32_and");
  pushField(code, entry, Entry.match).op("i32_ne").brIf(0).op("end");
  // The immediate, slice by slice.
  pushField(code, entry, Entry.fixedImm).set(imm);
  code
    .get(entry)
    .i32((Entry.slices + 1) * 4)
    .op("i32_add")
    .tee(list);
  pushField(code, entry, Entry.slices).i32(2).op("i32_shl").op("i32_add").set(end);
  code.block().loop();
  code.get(list).get(end).op("i32_ge_u").brIf(1);
  code.get(list).mem("i32_load");
  extractBits(code, bits, place).get(place).i32(16).op("i32_shr_u").op("i32_shl");
  code.get(imm).op("i32_or").set(imm);
  code.get(list).i32(4).op("i32_add").set(list).br(0).op("end").op("end");
  code.get(imm);
  pushField(code, entry, Entry.signShift).op("i32_shl");
  pushField(code, entry, Entry.signShift).op("i32_shr_s").set(imm);
  // What is reserved.
  pushPlace(Entry.except);
  pushField(code, entry, Entry.exceptValue).op("i32_eq").brIf(0);
  pushField(code, entry, Entry.flags).i32(EntryFlag.nonzero).op("i32_and").op("i32_eqz").op("i32_eqz");
  code.get(imm).op("i32_eqz").op("i32_and").brIf(0);
  pushField(code, entry, Entry.flags).i32(EntryFlag.rounds).op("i32_and").op("i32_eqz").op("i32_eqz");
  pushPlace(Entry.rm).i32(5).op("i32_sub").i32(2).op("i32_lt_u").op("i32_and").brIf(0);
  // The variant and what stands in the place of the immediate.
  code.get(traits);
  pushField(code, entry, Entry.index).op("i32_add").mem("i32_load8_u").set(trait);
  pushField(code, entry, Entry.flags).i32(EntryFlag.compressed).op("i32_and").set(variant);
  const has = (bit: number) => code.get(trait).i32(bit).op("i32_and").if();
  has(Trait.direct);
  code.get(offset).get(imm).op("i32_add").i32(PAGE_SIZE).op("i32_lt_u").if();
  code.get(imm).i32(3).op("i32_shl").set(imm).op("else");
  code.get(variant).i32(Variant.far).op("i32_or").set(variant).op("end").op("end");
  has(Trait.system);
  code.get(bits).set(imm).op("end");
  has(Trait.rounds);
  pushPlace(Entry.rs3).i32(19).op("i32_shl").set(value);
  pushPlace(Entry.rm).get(value).op("i32_or").set(imm).op("end");
  // The slot.
  code.get(slot).i32(HART.trash);
  pushPlace(Entry.rd).i32(3).op("i32_shl").tee(value);
  code.get(value).op("i32_eqz").get(trait).i32(Trait.floatRd).op("i32_and").op("i32_eqz").op("i32_and");
  code.op("select").mem("i32_store16", SLOT.rd);
  storeRegister(Entry.rs1, SLOT.rs1);
  storeRegister(Entry.rs2, SLOT.rs2);
  code.get(slot).get(imm).mem("i32_store", SLOT.imm);
  code.get(slot);
  pushField(code, entry, Entry.index).i32(2).op("i32_shl").get(variant).op("i32_or").i32(Handler.rows);
  code.op("i32_add").mem("i32_store", SLOT.handler);
  code.get(trait).i32(Trait.ends).op("i32_and").op("i32_eqz").op("i32_eqz").op("return").op("end");

  code.get(slot).i32(Handler.illegal).mem("i32_store", SLOT.handler);
  code.get(slot).get(bits).mem("i32_store", SLOT.imm);
  return code.i32(1);
}

/**
 * From an undecoded slot to a jump, a system instruction, the page's end or a decoded slot, whose ordinals the run
 * is made to join.
 */
function runBody(write: number): Code {
  const [first, table, traits, frame] = [0, 1, 2, 3];
  const code = new Code(4);
  const slot = code.local(I32);
  const base = code.local(I32);
  const offset = code.local(I32);
  const bits = code.local(I32);
  const length = code.local(I32);
  const count = code.local(I32);
  const ordinal = code.local(I32);
  code.get(first).tee(slot).i32(-SLOT_PAGE_ALIGN).op("i32_and").set(base);
  code.block(I32); // Leaves the ordinal of the slot behind the run.
  code.loop();
  code.get(count).i32(1).op("i32_add").set(count);
  code.get(slot).get(base).op("i32_sub").i32(3).op("i32_shr_u").set(offset);
  code.get(frame).get(offset).op("i32_add").mem("i32_load16_u").tee(bits);
  code.i32(3).op("i32_and").i32(3).op("i32_eq").if();
  code
    .get(offset)
    .i32(PAGE_SIZE - 2)
    .op("i32_eq")
    .if();
  code.get(slot).i32(Handler.straddler).mem("i32_store", SLOT.handler);
  code.get(slot).i32(HALF_UNKNOWN).mem("i32_store", SLOT.imm);
  code.get(base).i32(SLOT_PAGE.end).op("i32_add").tee(slot).mem("i32_load16_s", SLOT.ordinal).br(3).op("end");
  code.get(frame).get(offset).op("i32_add").mem("i32_load").set(bits);
  code.i32(4).set(length).op("else").i32(2).set(length).op("end");
  code.get(slot).get(table).get(traits).get(bits).get(offset).call(write);
  code.get(slot).get(length).i32(3).op("i32_shl").op("i32_add").set(slot);
  code.if().get(count).br(2).op("end");
  // The slot that the page's last instruction arrives at counts as decoded.
  code.get(slot).mem("i32_load", SLOT.handler).op("i32_eqz").brIf(0);
  code.get(slot).mem("i32_load16_s", SLOT.ordinal).br(1).op("end");
  code.op("unreachable").op("end");
  code.get(count).op("i32_sub").set(ordinal);
  // The ordinals, from the first.
  code.get(first).set(base);
  code.loop();
  code.get(base).get(ordinal).mem("i32_store16", SLOT.ordinal);
  code.get(ordinal).i32(1).op("i32_add").set(ordinal);
  pushLength(code, base).get(base).op("i32_add").set(base);
  code.get(count).i32(1).op("i32_sub").tee(count).brIf(0).op("end");
  return code.get(slot);
}

/** Leaves the distance from a decoded slot to the next on the stack, by its handler's variant. */
function pushLength(code: Code, slot: number): Code {
  code.i32(2 * SLOT_BYTES).i32(4 * SLOT_BYTES);
  code.get(slot).mem("i32_load", SLOT.handler).i32(Variant.compressed).op("i32_and");
  return code.op("select");
}
