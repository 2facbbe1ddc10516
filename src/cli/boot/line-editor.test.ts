import { describe, expect, it } from "vitest";
import { LineEditor } from "./line-editor.ts";

function typed(...pieces: (string | Uint8Array)[]): { lines: string[]; shown: string } {
  let shown = "";
  const editor = new LineEditor((text) => {
    shown += text;
  });
  const bytes = pieces.map((piece) => (typeof piece === "string" ? new TextEncoder().encode(piece) : piece));
  return { lines: bytes.flatMap((piece) => editor.type(piece)), shown };
}

describe("the monitor's line", () => {
  it("is shown and ends with return", () => {
    expect(typed("in", "fo mem\r", "stop\n")).toEqual({
      lines: ["info mem", "stop"],
      shown: "info mem\nstop\n",
    });
  });

  it("can be taken back, a character or all of it", () => {
    expect(typed("ab\x7f\x7f\x7fc\r").lines).toEqual(["c"]);
    expect(typed("abc\x15d\r").lines).toEqual(["d"]);
    expect(typed("abc\x03\r").lines).toEqual([""]);
    expect(typed("a\x7f").shown).toBe("a\b \b");
  });

  it("takes characters of several bytes, which may come apart", () => {
    const bytes = new TextEncoder().encode("图");
    expect(typed(bytes.subarray(0, 1), bytes.subarray(1), "\r").lines).toEqual(["图"]);
    expect(typed("图\x7f").shown).toBe("图\b \b\b \b");
  });

  it("ignores arrows and other sequences", () => {
    expect(typed("a\x1b[Ab\x1bOCc\x1b[1;5", "Dd\r").lines).toEqual(["abcd"]);
  });

  it("does not grow without end", () => {
    expect(typed("x".repeat(5000), "\r").lines[0].length).toBe(1000);
  });
});
