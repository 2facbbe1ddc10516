import type { Summary } from "./statistics.ts";

/** A median, with the least and the most in brackets. */
export function spread({ median, least, most }: Summary, digits: number): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)}-${most.toFixed(digits)})`;
}

/** Rows in columns, indented by two; an empty heading takes no line. */
export function formatTable(
  rows: readonly (readonly string[])[],
  heading: readonly string[],
): readonly string[] {
  const all = heading.some((cell) => cell !== "") ? [heading, ...rows] : [...rows];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  return all.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join("  ")}`.trimEnd());
}
