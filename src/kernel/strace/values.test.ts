import { describe, expect, test } from "vitest";
import { MAP, OPEN_FLAGS, PROT } from "./names.ts";
import { flagNames, octal, quoted, quotedHexadecimal, valueName } from "./values.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("strings", () => {
  test("are written as C would", () => {
    expect(quoted(new TextEncoder().encode('a"b\\c\n\t\r'))).toBe('"a\\"b\\\\c\\n\\t\\r"');
    expect(quoted(bytes(0x7f, 0x45, 0))).toBe('"\\177E\\0"');
    expect(quoted(bytes(0xe9))).toBe('"\\351"');
  });

  test("an octal escape before a digit is written in full", () => {
    expect(quoted(bytes(2, 0x31, 2, 0x61))).toBe('"\\0021\\2a"');
  });
});

describe("flags", () => {
  test("have names, and what has none is added as a number", () => {
    expect(flagNames(3, PROT, "PROT_NONE")).toBe("PROT_READ|PROT_WRITE");
    expect(flagNames(0, PROT, "PROT_NONE")).toBe("PROT_NONE");
    expect(flagNames(0x22, MAP)).toBe("MAP_PRIVATE|MAP_ANONYMOUS");
    expect(flagNames(0x1000_0022, MAP)).toBe("MAP_PRIVATE|MAP_ANONYMOUS|0x10000000");
    expect(flagNames(0o4010000, OPEN_FLAGS)).toBe("O_SYNC");
    expect(flagNames(0o10000, OPEN_FLAGS)).toBe("O_DSYNC");
    expect(flagNames(0x8000_0000, { HIGH: 0x8000_0000 })).toBe("HIGH");
  });

  test("single values have a name or a number", () => {
    expect(valueName(2, { A: 1, B: 2 })).toBe("B");
    expect(valueName(7, { A: 1 })).toBe("7");
    expect(octal(0o644)).toBe("0644");
    expect(octal(0)).toBe("000");
  });
});

test("bytes without meaning are hexadecimal", () => {
  expect(quotedHexadecimal(bytes(0, 0x1f, 0xff))).toBe('"\\x00\\x1f\\xff"');
});
