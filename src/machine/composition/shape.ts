/**
 * What a part of a Runikraftfile may be. The check of a file and its JSON schema are both made from this, so they
 * cannot differ.
 */
export type Shape =
  | TextShape
  /** A whole number. */
  | { readonly kind: "count"; readonly least: number; readonly most: number; readonly about: string }
  /** Bytes: a number, or one with K, M or G. Rounded up to whole pages. */
  | { readonly kind: "size"; readonly least: number; readonly most: number; readonly about: string }
  | { readonly kind: "boolean"; readonly about: string }
  | { readonly kind: "choice"; readonly choices: readonly string[]; readonly about: string }
  | { readonly kind: "list"; readonly of: Shape; readonly about: string }
  /** Any names, each with a value of one shape. */
  | { readonly kind: "map"; readonly names: RegExp; readonly of: Shape; readonly about: string }
  | ObjectShape
  /** One of `choices`, or an object that has exactly one of the fields. */
  | {
      readonly kind: "named";
      readonly choices: readonly string[];
      readonly fields: Readonly<Record<string, Shape>>;
      readonly about: string;
    };

export interface TextShape {
  readonly kind: "text";
  readonly pattern?: RegExp;
  /** What the pattern asks for, in words. */
  readonly wanted?: () => string;
  readonly about: string;
}

export interface ObjectShape {
  readonly kind: "object";
  readonly fields: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly about: string;
}

/** `256M` and the like. */
export const SIZE_PATTERN = /^(\d{1,15})([KMG]?)(?:i?B)?$/i;

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
const PAGE = 4096;

/** Bytes in whole pages; `undefined` for what is no size. */
export function sizeOf(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  if (!match) return undefined;
  return Math.ceil((Number(match[1]) * UNITS[match[2].toUpperCase()]) / PAGE) * PAGE;
}
