import type { Instruction } from "../isa/row.ts";
import type { GuestMemory } from "./guest-memory.ts";

/** A piece of memory that an instruction writes, with what it holds. */
export interface StoredValue {
  readonly address: number;
  /** 1 to 8. */
  readonly bytes: number;
  /** Unsigned. */
  readonly value: bigint;
}

export interface MemoryChange {
  readonly address: number;
  readonly before: bigint;
  readonly after: bigint;
}

/** What an instruction that is about to be executed may write over; `x` reads a register. */
export function storedValue(
  { row: { meaning }, fields }: Instruction,
  x: (register: number) => bigint,
  memory: GuestMemory,
): StoredValue | undefined {
  const access = meaning.kind === "setX" ? meaning.value : meaning;
  if (access.kind !== "store" && access.kind !== "amo" && access.kind !== "sc") return undefined;
  // Loads and stores add their immediate to the base, atomic accesses have none.
  const offset = access.addr.kind === "x" ? 0 : fields.imm;
  const address = Number(BigInt.asIntN(64, x(fields.rs1) + BigInt(offset)));
  return Number.isSafeInteger(address) ? valueAt(memory, address, access.bits / 8) : undefined;
}

/** How it has changed; `undefined` where it has not. */
export function memoryChange(
  { address, bytes, value }: StoredValue,
  memory: GuestMemory,
): MemoryChange | undefined {
  const now = valueAt(memory, address, bytes);
  return now === undefined || now.value === value ? undefined : { address, before: value, after: now.value };
}

function valueAt(memory: GuestMemory, address: number, bytes: number): StoredValue | undefined {
  const found = memory.read(address, bytes);
  if (found.length < bytes) return undefined;
  const value = found.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { address, bytes, value };
}
