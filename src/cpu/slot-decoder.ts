import { decodeTable } from "../isa/decode-table.ts";
import type { Row } from "../isa/row.ts";
import { rows } from "../isa/table.ts";
import type { Arena } from "../memory/arena.ts";
import { SLOT_SIZE, Variant } from "./slots.ts";
import { buildDecoder, NEVER_NEAR, Trait } from "./wasm/decoder.ts";
import { prebuilt } from "./wasm/prebuilt.ts";
import { hasRoundingMode, isDirect } from "./wasm/variants.ts";

interface Exports {
  write(slot: number, table: number, traits: number, bits: number, offset: number): number;
  run(slot: number, table: number, traits: number, frame: number): number;
}

let module: WebAssembly.Module | undefined;
let traits: Uint8Array | undefined;

/** Turns instructions' bits into slots (`slots.ts` draws one), by the Wasm of `wasm/decoder.ts`. */
export class SlotDecoder {
  private readonly arena: Arena;
  private readonly table: number;
  private readonly traits: number;
  private readonly exports: Exports;

  constructor(arena: Arena) {
    this.arena = arena;
    const table = decodeTable();
    this.table = arena.reserve(table.byteLength, 8);
    arena.i32.set(table, this.table / 4);
    this.traits = arena.reserve(rows.length, 8);
    traits ??= Uint8Array.from(rows, traitsOf);
    arena.u8.set(traits, this.traits);
    module ??= new WebAssembly.Module(prebuilt.decoder ?? buildDecoder());
    const env = { memory: arena.memory };
    this.exports = new WebAssembly.Instance(module, { env }).exports as unknown as Exports;
  }

  /** Gives its memory back. */
  release(): void {
    this.arena.release(this.table, decodeTable().byteLength);
    this.arena.release(this.traits, rows.length);
  }

  /**
   * Decodes the run that begins at an undecoded slot.
   * @param frame linear address of the page
   * @returns the slot behind it
   */
  run(slot: number, frame: number): number {
    return this.exports.run(slot, this.table, this.traits, frame) >>> 0;
  }

  /** Decodes one instruction into a slot that is not at its place in the page, so that no jump may count as near. */
  write(slot: number, bits: number): void {
    this.exports.write(slot, this.table, this.traits, bits, NEVER_NEAR);
  }
}

/** Bytes from a decoded row's slot to the next, by its handler's number. */
export function slotLength(handler: number): number {
  return handler & Variant.compressed ? SLOT_SIZE : 2 * SLOT_SIZE;
}

function traitsOf(row: Row): number {
  const { meaning } = row;
  const system = meaning.kind === "system";
  const ends = meaning.kind === "jump" || system;
  return (
    (meaning.kind === "setF" ? Trait.floatRd : 0) |
    (hasRoundingMode(row) ? Trait.rounds : 0) |
    (system ? Trait.system : 0) |
    (isDirect(row) ? Trait.direct : 0) |
    (ends ? Trait.ends : 0)
  );
}
