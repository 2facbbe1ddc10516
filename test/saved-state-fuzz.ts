import type { State } from "../src/devices/state.ts";
import { decodeState, encodeState } from "../src/machine/state-codec.ts";

/** Lengths in the header of a saved machine, and of what stands around the state (`machine/save-file.ts`). */
const HEADER = 24;
const STATE_LENGTH = 12;
const CHECKSUM = 32;

/** Random whole numbers below `bound`. */
export type Dice = (bound: number) => number;

/** A saved machine with another state, and a checksum that is right. */
export async function withState(
  file: Uint8Array,
  change: (state: State) => State,
): Promise<Uint8Array<ArrayBuffer>> {
  const length = new DataView(file.buffer, file.byteOffset).getUint32(STATE_LENGTH, true);
  const state = encodeState(change(decodeState(file.subarray(HEADER, HEADER + length))));
  const rest = file.subarray(HEADER + length, file.length - CHECKSUM);
  const made = new Uint8Array(HEADER + state.length + rest.length + CHECKSUM);
  made.set(file.subarray(0, HEADER));
  new DataView(made.buffer).setUint32(STATE_LENGTH, state.length, true);
  made.set(state, HEADER);
  made.set(rest, HEADER + state.length);
  return sealed(made);
}

/** The file with the checksum that it should have. */
export async function sealed(file: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const end = file.length - CHECKSUM;
  file.set(new Uint8Array(await crypto.subtle.digest("SHA-256", file.slice(0, end))), end);
  return file;
}

/** The state with something, somewhere in it, changed. */
export function mutated(state: State, dice: Dice): State {
  if (Array.isArray(state) && state.length > 0 && dice(8) > 0) {
    const at = dice(state.length);
    if (dice(16) === 0) return state.toSpliced(at, dice(3), ...state.slice(0, dice(3)));
    return state.with(at, mutated(state[at], dice));
  }
  if (isRecord(state) && dice(24) > 0) {
    const names = Object.keys(state);
    const name = names[dice(names.length)];
    return { ...state, [name]: mutated(state[name], dice) };
  }
  if (state instanceof Uint8Array && state.length > 0 && dice(4) > 0) {
    const bytes = state.slice();
    const at = dice(bytes.length);
    if (dice(8) === 0) return bytes.subarray(at);
    // Whole words more often than single bytes: fields are words.
    if (dice(3) === 0) bytes[at] = dice(256);
    else new DataView(bytes.buffer).setInt32(Math.min(at & ~3, bytes.length - 4), odd(dice), true);
    return bytes;
  }
  if (typeof state === "number" && dice(2) === 0) return state + dice(5) - 2;
  if (typeof state === "bigint" && dice(2) === 0) return state ^ (1n << BigInt(dice(70)));
  if (typeof state === "boolean" && dice(2) === 0) return !state;
  return STRANGE[dice(STRANGE.length)];
}

const odd = (dice: Dice): number => [0, 1, 2, 3, 7, -1, 0x7fff_ffff, 0x8000_0000 | 0, 0x1000_0000][dice(9)];

const STRANGE: readonly State[] = [
  ...[undefined, true, false, 0, 1, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 32, 2 ** 53],
  ...[2 ** 80, -(2 ** 31), 0n, -1n, 1n << 64n, 1n << 120n, "", "..", "../../etc", "a/../..", "\0", "write"],
  ...[[], {}, [[]], [undefined], { length: 3 }, new Uint8Array(0), new Uint8Array(5), new Uint8Array(4096)],
];

const isRecord = (state: State): state is { readonly [name: string]: State } =>
  typeof state === "object" && !Array.isArray(state) && !(state instanceof Uint8Array);
