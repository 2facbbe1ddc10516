import { beforeEach, expect, test } from "vitest";
import { Syscon, type SysconEvent } from "./syscon.ts";

let events: SysconEvent[];
let syscon: Syscon;

beforeEach(() => {
  events = [];
  syscon = new Syscon((event) => events.push(event));
});

test("powers off with the guest's code, and resets", () => {
  for (const value of [0x5555, 0x0007_5555, 0x3333, 0x0001_3333, 0xffff_3333, 0x7777])
    syscon.store(0, 4, value);
  expect(events).toEqual([
    { kind: "poweroff", code: 0 },
    { kind: "poweroff", code: 0 },
    { kind: "poweroff", code: 0 },
    { kind: "poweroff", code: 1 },
    { kind: "poweroff", code: 0xffff },
    { kind: "reset" },
  ]);
});

test("takes two bytes as well", () => {
  syscon.store(0, 2, 0x5555);
  expect(events).toEqual([{ kind: "poweroff", code: 0 }]);
});

test("does nothing for other values, widths and offsets", () => {
  for (let value = 0; value <= 0xffff; value++) {
    if ([0x3333, 0x5555, 0x7777].includes(value)) continue;
    syscon.store(0, 4, value);
    syscon.store(0, 2, value);
  }
  for (const value of [0x3333, 0x5555, 0x7777]) {
    syscon.store(0, 1, value & 0xff);
    for (let offset = 1; offset < 0x1000; offset++)
      for (const size of [1, 2, 4] as const) syscon.store(offset, size, value % 2 ** (size * 8));
  }
  expect([events, syscon.load()]).toEqual([[], 0]);
});
