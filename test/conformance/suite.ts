import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compileStatic, root } from "../guests/toolchain.ts";

/** The conformance suite: C programs of small cases, and what each case prints on Linux. */

const sources = join(root, "test/conformance/cases");
export const expectedFolder = join(root, "test/conformance/expected");

/** The areas: the names of the programs. */
export const areas: readonly string[] = readdirSync(sources)
  .filter((name) => name.endsWith(".c"))
  .map((name) => name.slice(0, -".c".length));

/** Compiles an area's program into a folder. */
export function compileArea(area: string, folder: string): string {
  // Cases pass what a compiler rightly warns of.
  return compileStatic(join(sources, `${area}.c`), join(folder, area), "-O1", "-w");
}

/** What each case printed, by its name. */
export type Results = ReadonlyMap<string, string>;

/** Takes a program's output apart. A program that did not get to its end has no case `end`. */
export function resultsOf(output: string): Results {
  const [, ...cases] = `\n${output.replaceAll("\r", "")}`.split("\n== ");
  return new Map(
    cases.map((text) => {
      const line = text.indexOf("\n");
      return [text.slice(0, line), text.slice(line + 1).trimEnd()];
    }),
  );
}

/** What an area's cases print on Linux, as it was recorded. */
export function expectedResults(area: string): Results {
  return resultsOf(readFileSync(join(expectedFolder, `${area}.txt`), "utf8"));
}
