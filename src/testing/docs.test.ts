import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { asm, matchers } from "./index.ts";

expect.extend(matchers);

/** The tests shown in docs/TESTING.md, which are plain JavaScript but for their imports. */
const examples = Array.from(
  readFileSync(new URL("../../docs/TESTING.md", import.meta.url), "utf8").matchAll(/```ts\n(.*?)```/gs),
  ([, code]) => code.replace(/^import .*$/gm, ""),
).filter((code) => code.includes('test("'));

describe("the examples in docs/TESTING.md", () => {
  for (const code of examples)
    new Function("asm", "matchers", "expect", "test", code)(asm, matchers, expect, test);

  test("are all found", () => {
    expect(examples.length).toBe(4);
  });
});
