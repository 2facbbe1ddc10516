import { asmMessages } from "../../messages/asm.ts";
import { EncodingError, encode } from "../pattern.ts";
import type { Fields, Row } from "../row.ts";
import type { Value } from "./expression.ts";
import type { Place, Source } from "./source.ts";

/**
 * How a place's contents follow from its target's address:
 *
 *     data       the address itself, in 1 to 8 bytes
 *     relative   the distance from the instruction: branches and jumps
 *     hi, lo     the address's upper 20 bits (rounded), its low 12 bits (signed)
 *     pcrel_hi   the distance's upper 20 bits
 *     pcrel_lo   the low 12 bits of the distance that the `pcrel_hi` at the target goes to
 */
export type FixupKind = "data" | "relative" | "hi" | "lo" | "pcrel_hi" | "pcrel_lo";

/** Bytes that depend on where sections end up. */
export interface Fixup {
  readonly kind: FixupKind;
  readonly section: string;
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
  readonly target: Value;
  readonly place: Place;
  /** The instruction, where it is one, without its immediate. */
  readonly row?: Row;
  readonly values?: Readonly<Partial<Fields>>;
}

/** The address of a section (or of a linker symbol's stand-in), or undefined while it is not settled. */
export type AddressOf = (section: string) => bigint | undefined;

const upper = (value: bigint) => ((value + 0x800n) >> 12n) << 12n;
const lower = (value: bigint) => BigInt.asIntN(12, value);

/** A fixup's key by which a `pcrel_lo` finds its `pcrel_hi`. */
const key = (section: string | null, offset: bigint) => `${section}:${offset}`;

/**
 * Settles the fixups that the known addresses allow and writes their bytes; returns the others. Distances
 * within one section never need its address.
 */
export function applyFixups(
  source: Source,
  fixups: readonly Fixup[],
  addressOf: AddressOf,
  write: (section: string, offset: number, bytes: Uint8Array) => void,
): Fixup[] {
  const highs = new Map(
    fixups.filter((f) => f.kind === "pcrel_hi").map((f) => [key(f.section, BigInt(f.offset)), f]),
  );
  const address = (value: Value): bigint | undefined => {
    const base = value.section === null ? 0n : addressOf(value.section);
    return base === undefined ? undefined : base + value.value;
  };
  const distance = (fixup: Fixup): bigint | undefined => {
    const from = BigInt(fixup.offset);
    if (fixup.target.section === fixup.section) return fixup.target.value - from;
    const [to, start] = [address(fixup.target), addressOf(fixup.section)];
    return to === undefined || start === undefined ? undefined : BigInt.asIntN(64, to - start - from);
  };
  const number = (fixup: Fixup): bigint | undefined => {
    const { kind, target, place } = fixup;
    if (kind === "relative") return distance(fixup);
    if (kind === "pcrel_hi") {
      const far = distance(fixup);
      if (far !== undefined && !fitsUpper(far)) source.fail(place, asmMessages.tooFar(far));
      return far === undefined ? undefined : BigInt.asIntN(32, upper(far));
    }
    if (kind === "pcrel_lo") {
      const high =
        highs.get(key(target.section, target.value)) ?? source.fail(place, asmMessages.noPcrelHi());
      const far = distance(high);
      return far === undefined ? undefined : lower(far);
    }
    const value = address(target);
    if (value === undefined || kind === "data") return value;
    if (kind === "lo") return lower(value);
    if (!fitsUpper(value)) source.fail(place, asmMessages.notAbsolute(value));
    return BigInt.asIntN(32, upper(value));
  };
  return fixups.filter((fixup) => {
    const value = number(fixup);
    if (value === undefined) return true;
    const { section, offset, length, place, row, values } = fixup;
    const bytes =
      row === undefined
        ? littleEndian(BigInt.asUintN(64, value), length)
        : instructionBytes(source, place, row, { ...values, imm: Number(value) });
    if (row === undefined && length < 8 && value >= 1n << BigInt(length * 8))
      source.fail(place, asmMessages.addressTooWide(value, length));
    write(section, offset, bytes);
    return false;
  });
}

function fitsUpper(value: bigint): boolean {
  return value >= -0x8000_0800n && value < 0x7fff_f800n;
}

/** `value`'s low bytes. */
export function littleEndian(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Number((value >> BigInt(i * 8)) & 0xffn);
  return bytes;
}

/** Encodes an instruction; operands that do not fit are an error at `place`. */
export function instructionBytes(
  source: Source,
  place: Place,
  row: Row,
  values: Readonly<Partial<Fields>>,
): Uint8Array {
  try {
    return littleEndian(BigInt(encode(row, values)), row.length);
  } catch (error) {
    if (error instanceof EncodingError) source.fail(place, error.message);
    throw error;
  }
}
