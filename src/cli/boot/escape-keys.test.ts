import { describe, expect, it } from "vitest";
import { EscapeKeys } from "./escape-keys.ts";

const A = "\x01";

/** What is found in pieces of typing, bytes as text in brackets. */
function sorted(...pieces: string[]): string[] {
  const keys = new EscapeKeys();
  return pieces.flatMap((piece) =>
    keys
      .sort(new TextEncoder().encode(piece))
      .map((part) => (typeof part === "string" ? part : `[${new TextDecoder().decode(part)}]`)),
  );
}

describe("escape keys", () => {
  it("leave what is typed alone", () => {
    expect(sorted("ls\r", "x\x03")).toEqual(["[ls\r]", "[x\x03]"]);
  });

  it("are Ctrl-A and a letter, between other keys and across pieces", () => {
    expect(sorted(`one${A}ctwo`)).toEqual(["[one]", "monitor", "[two]"]);
    expect(sorted(`one${A}`, "xtwo")).toEqual(["[one]", "leave", "[two]"]);
    expect(sorted(`${A}h${A}?`)).toEqual(["help", "help"]);
  });

  it("give Ctrl-A for Ctrl-A twice, and for Ctrl-A a", () => {
    expect(sorted(`a${A}${A}b`)).toEqual(["[a]", `[${A}]`, "[b]"]);
    expect(sorted(`${A}${A}x`)).toEqual([`[${A}]`, "[x]"]);
    expect(sorted(`${A}a`)).toEqual([`[${A}]`]);
  });

  it("swallow a letter that means nothing", () => {
    expect(sorted(`${A}zq`)).toEqual(["[q]"]);
    expect(sorted(`${A}toString`)).toEqual(["[oString]"]);
  });
});
