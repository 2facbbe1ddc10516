import { expect, test } from "vitest";
import { namesIn } from "./names.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("names are found where a zero byte follows", () => {
  const data = [bytes("open\0reopen\0openat\0\0sync"), bytes("closed\0x\0")];
  const names = new Set(["open", "openat", "nat", "sync", "close", "reopenat", "x"]);
  expect([...namesIn(data, names)].sort()).toEqual(["nat", "open", "openat", "x"]);
});

test("no names and no data find nothing", () => {
  expect(namesIn([bytes("a\0")], new Set())).toEqual(new Set());
  expect(namesIn([], new Set(["a"]))).toEqual(new Set());
});
