import type { Meaning } from "../meaning.ts";
import type { Extension, Fields, Row } from "../row.ts";

/** Writes the rows of one extension: name, pattern, operands, sentence, meaning. */
export function rowsOf(extension: Extension) {
  const float = extension === "F" || extension === "D";
  return (name: string, pattern: string, syntax: string, sentence: string, meaning: Meaning): Row => ({
    name,
    pattern,
    length: 4,
    syntax,
    extension,
    sentence,
    meaning,
    float,
  });
}

/** A compressed row before the table gives it its base row's meaning. */
export type CompressedRow = Omit<Row, "meaning" | "float"> & { readonly base: string };

/** Writes a compressed row: `base` with the `fixed` fields is what it means. */
export function compressed(
  name: string,
  pattern: string,
  syntax: string,
  sentence: string,
  base: string,
  fixed: Readonly<Partial<Fields>> = {},
  except?: Row["except"],
): CompressedRow {
  return { name, pattern, length: 2, syntax, extension: "C", sentence, base, fixed, except };
}
