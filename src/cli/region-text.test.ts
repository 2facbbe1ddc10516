import { afterEach, describe, expect, it } from "vitest";
import { type RegionView, regionAt } from "../debug/region-view.ts";
import { setLocale } from "../messages/catalogue.ts";
import { formatDot, formatRegion } from "./region-text.ts";

/** `addi a0,a0,-1; bnez a0,.-4; ret`, in the upper half as a kernel. */
const CODE = [0xfff50513, 0xfe051ee3, 0x00008067];
const START = -0x8000_0000;
const view = regionAt(
  START,
  (at) => CODE[(at - START) / 4],
  (at) => (at === BigInt(START) ? 'say"\\' : undefined),
) as RegionView;

afterEach(() => setLocale("en"));

describe("a region as text", () => {
  it("has code, graph, exits and function", () => {
    const text = formatRegion(view);
    expect(text).toMatch(
      /^region at 0xffffffff80000000 <say"\\>: 3 instructions, \d+ bytes of WebAssembly\n/,
    );
    expect(text).toContain("pages: 0xffffffff80000000\n");
    expect(text).toContain(
      "(the entry; from 0; head of a loop)\n  ffffffff80000000:  fff50513  addi a0,a0,-1\n",
    );
    expect(text).toContain("  -> block 0 (taken)\n  -> block 1 (not taken)\n");
    expect(text).toContain("  -> the address in the register, outside\n");
    expect(text).toMatch(
      /^ 2 {2}return {2}returns to where the jump at 0xffffffff80000008 leads {2}3 retired/m,
    );
    expect(text).toMatch(/^ +;; ffffffff80000000: {2}fff50513 {2}addi a0,a0,-1\n +local.get \$a0\n/m);
    expect(text).toMatch(/^ +local.set \$exit {2};; 1$/m);
    expect(text).not.toContain("webs");
  });

  it("is there in Chinese, too", () => {
    setLocale("zh");
    expect(formatRegion(view)).toMatch(/^位于 0xffffffff80000000 <say"\\> 的区域：3 条指令，/);
  });
});

it("a graph in Graphviz's language quotes what the file's symbols are called", () => {
  const dot = formatDot(view);
  expect(dot).toMatch(/^digraph "0xffffffff80000000 <say\\"\\\\>" \{\n/);
  expect(dot).toMatch(
    /^ {2}b0 \[label="block 0 at .*<say\\"\\\\>\\l.*addi a0,a0,-1\\l.*\\l", peripheries=2\];$/m,
  );
  expect(dot).toContain('  b0 -> b0 [label="taken"];\n  b0 -> b1 [label="not taken"];\n');
  expect(dot).toContain('  b1 -> x1_0 [label=""];\n}\n');
});
