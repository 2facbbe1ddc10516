import { describe, expect, it } from "vitest";
import { columns, displayWidth, formatSize } from "./output.ts";

describe("columns", () => {
  it("align, and leave no space at the end of a line", () => {
    expect(
      columns([
        ["a", "long one", "x"],
        ["bcd", "b", ""],
      ]),
    ).toBe("a    long one  x\nbcd  b\n");
  });

  it("count Chinese characters as two", () => {
    expect(displayWidth("内存 a")).toBe(6);
    expect(
      columns([
        ["内存", "x"],
        ["abcde", "y"],
      ]),
    ).toBe("内存   x\nabcde  y\n");
  });
});

describe("sizes", () => {
  it("are shown in the largest unit that is exact", () => {
    expect([0, 1000, 4096, 3 * 2 ** 20, 2 ** 30, 2 ** 30 + 1024].map(formatSize)).toEqual([
      "0",
      "1000",
      "4K",
      "3M",
      "1G",
      "1048577K",
    ]);
  });
});
