import { expect, it } from "vitest";
import { chacha20Block, SeededRandom } from "./random.ts";

it("gives the block of RFC 8439, section 2.3.2", () => {
  const key = new Uint32Array(Uint8Array.from({ length: 32 }, (_, i) => i).buffer);
  const block = chacha20Block(key, 1, Uint32Array.of(0x09000000, 0x4a000000, 0));
  expect(Array.from(block, (word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(
    "e4e7f110 15593bd1 1fdd0f50 c47120a3 c7f4d1c7 0368c033 9aaa2204 4e6cd4c3 " +
      "466482d2 09aa9f07 05d7c214 a2028bd9 d19c12b5 b94e16de e883d0cb 4e3c50a2",
  );
});

it("gives one stream for a seed, all 64 bits of which count", () => {
  const words = (seed: bigint) => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 40 }, () => random.u32());
  };
  expect(words(7n)).toEqual(words(7n));
  expect(words(7n)).not.toEqual(words(7n + (1n << 63n)));
  expect(words(7n + (1n << 64n))).toEqual(words(7n));
  expect(new Set(words(7n)).size).toBe(40);
});

it("gives as many bits as asked for", () => {
  const random = new SeededRandom(1n);
  const drawn = Array.from({ length: 1000 }, () => random.bits(3));
  expect(new Set(drawn)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  expect(random.bytes(16)).toHaveLength(16);
});
