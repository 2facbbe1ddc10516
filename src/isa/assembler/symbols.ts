import type { Value } from "./expression.ts";

/** What directives say about a symbol: `.globl`, `.type`, `.size`. */
export interface SymbolDetails {
  global: boolean;
  type: "none" | "function" | "object";
  size: Value | undefined;
}

/** Symbols that the linker defines: where the text, the initialised data, the zeroes and the program end. */
export const LINKER_SYMBOLS: readonly string[] = ["_etext", "_edata", "__bss_start", "_end"];

/** The stand-in section that a linker symbol is the start of. */
export function linkerSection(symbol: string): string {
  return `*${symbol}`;
}
