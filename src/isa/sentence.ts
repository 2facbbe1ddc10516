import { catalogue } from "../messages/catalogue.ts";
import { chineseSentences } from "../messages/instruction-sentences.ts";
import type { Row } from "./row.ts";
import { rows } from "./table.ts";

const functions = (sentences: Iterable<readonly [string, string]>) =>
  Object.fromEntries(Array.from(sentences, ([name, text]) => [name, () => text]));

const sentences = catalogue(
  functions(rows.map((row) => [row.name, row.sentence] as const)),
  functions(Object.entries(chineseSentences)),
);

/** A row's sentence in the user's language. */
export function sentenceOf(row: Row): string {
  return sentences[row.name]();
}
