import {
  decodeTable,
  Entry,
  EntryFlag,
  findEntry,
  immediateAt,
  isLegalEntry,
  placeAt,
} from "../isa/decode-table.ts";
import type { Row } from "../isa/row.ts";
import { rows } from "../isa/table.ts";
import type { Arena } from "../memory/arena.ts";
import { HART } from "./layout.ts";
import { Handler, handlerIndex, SLOT, SLOT_SIZE, SLOTS_PER_PAGE, Variant } from "./slots.ts";
import { hasRoundingMode, isDirect, mayStay } from "./wasm/variants.ts";

/** What slots need to know of a row, as bits. */
const Trait = {
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

const UNKNOWN = 0xff;
/** By row; worked out when one is first decoded. */
const traits = new Uint8Array(rows.length).fill(UNKNOWN);

function traitOf(index: number): number {
  if (traits[index] === UNKNOWN) traits[index] = traitsOf(rows[index]);
  return traits[index];
}

function traitsOf(row: Row): number {
  const { meaning } = row;
  const system = meaning.kind === "system";
  const ends = meaning.kind === "jump" || (system && !mayStay(meaning.routine));
  return (
    (meaning.kind === "setF" ? Trait.floatRd : 0) |
    (hasRoundingMode(row) ? Trait.rounds : 0) |
    (system ? Trait.system : 0) |
    (isDirect(row) ? Trait.direct : 0) |
    (ends ? Trait.ends : 0)
  );
}

/** Bytes of code for each slot. */
const BYTES_PER_SLOT = 2;
const PAGE_BYTES = SLOTS_PER_PAGE * BYTES_PER_SLOT;

/** Turns an instruction's bits into a slot (`slots.ts` draws it). */
export class SlotDecoder {
  private readonly table = decodeTable();
  private readonly u16: Uint16Array;
  private readonly i32: Int32Array;

  constructor(arena: Arena) {
    this.u16 = arena.u16;
    this.i32 = arena.i32;
  }

  /**
   * @param offset of the instruction in its page, in bytes; NaN where no jump may count as near
   * @returns whether a straight run ends here
   */
  write(slot: number, bits: number, offset: number): boolean {
    const { table } = this;
    const entry = findEntry(bits);
    if (entry < 0) return this.writeIllegal(slot, bits);
    let imm = immediateAt(table, entry, bits);
    if (!isLegalEntry(table, entry, bits, imm)) return this.writeIllegal(slot, bits);
    const index = table[entry + Entry.index];
    const trait = traitOf(index);
    let variant = (table[entry + Entry.flags] & EntryFlag.compressed) !== 0 ? Variant.compressed : 0;
    if ((trait & Trait.direct) !== 0) {
      const target = offset + imm;
      if (target >= 0 && target < PAGE_BYTES) imm *= SLOT_SIZE / BYTES_PER_SLOT;
      else variant |= Variant.far;
    } else if ((trait & Trait.system) !== 0) imm = bits;
    else if ((trait & Trait.rounds) !== 0)
      imm = placeAt(table[entry + Entry.rm], bits) | (placeAt(table[entry + Entry.rs3], bits) << 19);
    const rd = placeAt(table[entry + Entry.rd], bits);
    const half = slot / 2;
    this.u16[half + SLOT.rd / 2] = rd === 0 && (trait & Trait.floatRd) === 0 ? HART.trash : rd * 8;
    this.u16[half + SLOT.rs1 / 2] = placeAt(table[entry + Entry.rs1], bits) * 8;
    this.u16[half + SLOT.rs2 / 2] = placeAt(table[entry + Entry.rs2], bits) * 8;
    this.writeSpecial(slot, handlerIndex(index, variant), imm);
    return (trait & Trait.ends) !== 0;
  }

  /** A slot of which only the handler and the immediate count. */
  writeSpecial(slot: number, handler: number, imm: number): void {
    this.i32[(slot + SLOT.handler) / 4] = handler;
    this.i32[(slot + SLOT.imm) / 4] = imm;
  }

  private writeIllegal(slot: number, bits: number): true {
    this.writeSpecial(slot, Handler.illegal, bits);
    return true;
  }
}
