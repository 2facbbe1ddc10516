import { expect, it } from "vitest";
import { SeededRandom } from "./seeded-random.ts";

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

it("goes on from a position", () => {
  const random = new SeededRandom(3n);
  for (const drawn of [0, 1, 15, 16, 17, 40]) {
    random.position = 0;
    for (let i = 0; i < drawn; i++) random.u32();
    expect(random.position).toBe(drawn);
    const next = random.u32();
    const other = new SeededRandom(3n);
    other.position = drawn;
    expect(other.u32()).toBe(next);
  }
});
