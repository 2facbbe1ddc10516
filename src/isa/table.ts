import type { Row } from "./row.ts";
import { a } from "./rows/a.ts";
import type { CompressedRow } from "./rows/builder.ts";
import { c } from "./rows/c.ts";
import { d } from "./rows/d.ts";
import { f } from "./rows/f.ts";
import { m } from "./rows/m.ts";
import { privileged } from "./rows/privileged.ts";
import { rv64i } from "./rows/rv64i.ts";
import { zba } from "./rows/zba.ts";
import { zbb } from "./rows/zbb.ts";
import { zbs } from "./rows/zbs.ts";
import { zicond } from "./rows/zicond.ts";
import { zicsr } from "./rows/zicsr.ts";

const baseRows: readonly Row[] = [
  ...rv64i,
  ...m,
  ...a,
  ...f,
  ...d,
  ...zicsr,
  ...privileged,
  ...zba,
  ...zbb,
  ...zbs,
  ...zicond,
];

const byName = new Map(baseRows.map((row) => [row.name, row]));

function completed(row: CompressedRow): Row {
  const base = byName.get(row.base);
  if (base === undefined) throw new Error(`${row.name}: no row is named ${row.base}`);
  return { ...row, meaning: base.meaning, float: base.float };
}

/** Every instruction. The base rows come first: their index is the number of their handler. */
export const rows: readonly Row[] = [...baseRows, ...c.map(completed)];

/** The rows with 32-bit encodings: `rows` up to here have handlers. */
export const baseRowCount = baseRows.length;

for (const row of rows.slice(baseRowCount)) byName.set(row.name, row);

/** The row of a mnemonic as the table has it: lower case, without `.aq` or `.rl`. */
export function rowByName(name: string): Row | undefined {
  return byName.get(name);
}
