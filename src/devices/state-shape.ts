import type { State } from "./state.ts";

/** Thrown where a saved state is none that a device like this one saves. */
export class BadState extends Error {}

/**
 * What a saved value must be like. A saved machine may come from anybody, so each `restore` lets its state through a shape
 * before it believes it. Returns the value as what it is; throws `BadState`.
 */
export type Shape<T> = (state: State) => T;
/** What a shape lets through. */
export type Shaped<S> = S extends Shape<infer T> ? T : never;

/** Throws `BadState` unless `condition`. */
export function must(condition: boolean): asserts condition {
  if (!condition) throw new BadState();
}

export const flag: Shape<boolean> = (state) => {
  must(typeof state === "boolean");
  return state;
};

/** A whole number from `least` to `most`. */
export const integer =
  (least: number, most: number): Shape<number> =>
  (state) => {
    must(Number.isInteger(state) && (state as number) >= least && (state as number) <= most);
    return state as number;
  };

export const u8 = integer(0, 0xff);
export const u16 = integer(0, 0xffff);
export const u32 = integer(0, 0xffff_ffff);
export const i32 = integer(-0x8000_0000, 0x7fff_ffff);

const bigInteger =
  (fits: (value: bigint) => bigint): Shape<bigint> =>
  (state) => {
    must(typeof state === "bigint" && fits(state) === state);
    return state;
  };

export const u64 = bigInteger((value) => BigInt.asUintN(64, value));
export const i64 = bigInteger((value) => BigInt.asIntN(64, value));

/** At most `most` characters. */
export const text =
  (most: number): Shape<string> =>
  (state) => {
    must(typeof state === "string" && state.length <= most);
    return state;
  };

export const oneOf =
  <T extends string | number>(...values: readonly T[]): Shape<T> =>
  (state) => {
    must((values as readonly State[]).includes(state));
    return state as T;
  };

/** From `least` to `most` bytes; `most` is `least` where it is not given. */
export const bytes =
  (least: number, most = least): Shape<Uint8Array> =>
  (state) => {
    must(state instanceof Uint8Array && state.length >= least && state.length <= most);
    return state;
  };

/** From `least` to `most` items. */
export const listOf =
  <T>(item: Shape<T>, least: number, most = least): Shape<readonly T[]> =>
  (state) => {
    must(Array.isArray(state) && state.length >= least && state.length <= most);
    return state.map(item);
  };

export const optional =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  (state) =>
    state === undefined ? undefined : shape(state);

/** What has these fields; others are left out. */
export const record =
  <S extends { readonly [name: string]: Shape<unknown> }>(
    fields: S,
  ): Shape<{ readonly [name in keyof S]: Shaped<S[name]> }> =>
  (state) => {
    must(typeof state === "object" && !Array.isArray(state) && !(state instanceof Uint8Array));
    const given = state as { readonly [name: string]: State };
    const entries = Object.entries(fields).map(([name, shape]) => [name, shape(given[name])]);
    return Object.fromEntries(entries);
  };

/** Whatever it is: somebody else looks at it. */
export const anything: Shape<State> = (state) => state;
