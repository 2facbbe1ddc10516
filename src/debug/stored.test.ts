import { expect, it } from "vitest";
import { decode } from "../isa/decode.ts";
import type { Instruction } from "../isa/row.ts";
import type { GuestMemory } from "./guest-memory.ts";
import { memoryChange, storedValue } from "./stored.ts";

/** Memory in which each byte is the low byte of its address, up to 0x2000; a0 is 0x1010, sp 0x1800. */
const memory = {
  read: (va: number, length: number) =>
    Uint8Array.from({ length: Math.max(0, Math.min(length, 0x2000 - va)) }, (_, i) => va + i),
} as GuestMemory;
const stored = (bits: number, a0 = 0x1010n) =>
  storedValue(decode(bits) as Instruction, (n) => (n === 2 ? 0x1800n : a0), memory);

it.each([
  ["sb a1,-1(a0)", 0xfeb50fa3, 0x100f, 1],
  ["fsd fa0,16(a0)", 0x00a53827, 0x1020, 8],
  ["amoadd.w a1,a2,(a0)", 0x00c525af, 0x1010, 4],
  ["sc.d a1,a2,(a0)", 0x18c535af, 0x1010, 8],
  ["c.sdsp ra,8(sp)", 0xe406, 0x1808, 8],
  ["c.sw a1,4(a0)", 0xc14c, 0x1014, 4],
  ["c.fsd fa0,8(a0)", 0xa508, 0x1018, 8],
])("%s writes over its place", (_text, bits, address, bytes) => {
  expect(stored(bits)).toMatchObject({ address, bytes });
});

it("reads what is there as a number", () => {
  expect(stored(0xc14c)?.value).toBe(0x17161514n);
});

it("knows nothing of loads, and of places that are not there", () => {
  for (const [bits, a0] of [
    [0x00452583, 0x1010n],
    [0x100535af, 0x1010n],
    [0x00a53827, 0x1fe9n],
    [0x00a53827, 1n << 60n],
  ] as const)
    expect(stored(bits, a0)).toBeUndefined();
});

it("tells of a change, and of nothing where there is none", () => {
  expect(memoryChange({ address: 0x1010, bytes: 2, value: 5n }, memory)).toEqual({
    address: 0x1010,
    before: 5n,
    after: 0x1110n,
  });
  expect(memoryChange({ address: 0x1010, bytes: 2, value: 0x1110n }, memory)).toBeUndefined();
});
