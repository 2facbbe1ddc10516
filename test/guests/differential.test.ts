import { expect, test } from "vitest";
import { compareSeed } from "../differential/compare.ts";

/** Some million instructions, interpreted and translated; `test/differential/main.ts` runs as many as asked for. */
test.each([1, 2])("random instructions leave the same registers and memory as QEMU's: seed %i", (seed) => {
  const { instructions, difference } = compareSeed(seed);
  expect(difference ?? "").toBe("");
  expect(instructions).toBeGreaterThan(400_000);
});
