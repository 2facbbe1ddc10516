import { printErr } from "../host/process.ts";

/** Exit status of a machine that `--max-instructions` stopped, as of a command that `timeout` did. */
export const STOPPED_AT_LIMIT = 124;

/** Says something to the user: on stderr, where the guest's output is not. Further lines are indented. */
export function say(text: string): void {
  printErr(`runikraft: ${text.trimEnd().replaceAll("\n", "\n  ")}\n`);
}

/** Rows of text as aligned columns; the last column is as long as it is. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, displayWidth(cell));
    });
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (i === row.length - 1 ? cell : cell + " ".repeat(widths[i] - displayWidth(cell))))
      .join("  ");
  return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}

/** Columns of a terminal that a text takes: Chinese characters and full-width marks take two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u201c\u201d]/.test(
        character,
      )
        ? 2
        : 1;
  return width;
}

const UNITS = ["", "K", "M", "G"];

/** A byte count as the command line reads it back: 64M, 1G, 4096. */
export function formatSize(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (unit < UNITS.length - 1 && value !== 0 && value % 1024 === 0) {
    value /= 1024;
    unit++;
  }
  return `${value}${UNITS[unit]}`;
}
