import { beforeEach, expect, test } from "vitest";
import { Arena } from "../memory/arena.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { Htif } from "./htif.ts";

const RAM = 0x8000_0000;
const [TOHOST, FROMHOST, BLOCK, TEXT] = [RAM, RAM + 8, RAM + 64, RAM + 256];

let ram: PhysicalMemory;
let printed: string;
let htif: Htif;

beforeEach(() => {
  ram = new PhysicalMemory(new Arena(1 << 20), RAM, 1 << 16);
  printed = "";
  htif = new Htif(ram, { tohost: TOHOST, fromhost: FROMHOST }, (bytes) => {
    printed += new TextDecoder().decode(bytes);
  });
});

const ask = (request: bigint) => {
  ram.writeU64(TOHOST, request);
  const code = htif.poll();
  expect(ram.readU64(TOHOST)).toBe(0n);
  return code;
};

/** A proxied system call; the result, signed. */
const call = (...words: bigint[]) => {
  words.forEach((word, i) => {
    ram.writeU64(BLOCK + i * 8, word);
  });
  expect(ask(BigInt(BLOCK))).toBeUndefined();
  return BigInt.asIntN(64, ram.readU64(BLOCK));
};

test("nothing asked, nothing done", () => {
  expect(htif.poll()).toBeUndefined();
});

test("an odd word ends with the code above its lowest bit", () => {
  expect(ask(1n)).toBe(0);
  expect(ask((1337n << 1n) | 1n)).toBe(1337);
});

test("the console prints a byte", () => {
  for (const char of "ok\n") ask((1n << 56n) | (1n << 48n) | BigInt(char.charCodeAt(0)));
  expect(printed).toBe("ok\n");
});

test("write prints and answers", () => {
  ram.write(TEXT, new TextEncoder().encode("hello"));
  expect(call(64n, 1n, BigInt(TEXT), 5n)).toBe(5n);
  expect([printed, ram.readU64(FROMHOST)]).toEqual(["hello", 1n]);
});

test("what it does not know or cannot reach is refused", () => {
  expect(call(63n, 0n, BigInt(TEXT), 5n)).toBe(-38n);
  expect(call(64n, 1n, BigInt(RAM + 0xfffe), 5n)).toBe(-38n);
  expect(call(64n, 1n, 2n ** 64n - 1n, 5n)).toBe(-38n);
  expect(call(64n, 1n, BigInt(TEXT), 2n ** 63n)).toBe(-38n);
  for (const request of [0x1000n, BigInt(BLOCK) + 2n, BigInt(RAM + 0xfff8), 0xff00_0000_0000_0001n])
    expect(ask(request)).toBeUndefined();
  expect(printed).toBe("");
});
