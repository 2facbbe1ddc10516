import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { differences } from "../conformance/differences.ts";
import { areas, compileArea, expectedResults, type Results, resultsOf } from "../conformance/suite.ts";
import { runikraft, temporaryFolder } from "./toolchain.ts";

/** Each case of the conformance suite prints under Runikraft what it prints on Linux, as it was recorded. */

const folder = temporaryFolder();

for (const area of areas)
  describe(area, () => {
    let actual: Results;
    beforeAll(() => {
      compileArea(area, folder);
      const { stdout, stderr } = runikraft(["run", "--mem", "512M", join(folder, area)]);
      expect(stderr).toBe("");
      actual = resultsOf(stdout);
    });

    for (const [name, expected] of expectedResults(area)) {
      const explanation = differences[`${area} ${name}`];
      if (explanation === undefined) it(name, () => expect(actual.get(name)).toBe(expected));
      // An explanation that is no longer needed is to go.
      else it(`${name} differs: ${explanation}`, () => expect(actual.get(name)).not.toBe(expected));
    }
  });
