import { expect, test } from "vitest";
import { ChaChaRandom } from "./chacha.ts";

const hex = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

test("the stream depends on the seed alone, not on how it is cut", () => {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => i * 3);
  const whole = new Uint8Array(3000);
  new ChaChaRandom(seed).fill(whole);
  const pieces = new Uint8Array(3000);
  const generator = new ChaChaRandom(seed);
  for (let at = 0; at < 3000; at += 7) generator.fill(pieces.subarray(at, at + 7));
  expect(hex(pieces)).toBe(hex(whole));
  const other = new Uint8Array(3000);
  new ChaChaRandom(seed.map((byte) => byte ^ 1)).fill(other);
  expect(hex(other)).not.toBe(hex(whole));
});

test("every byte value comes about equally often", () => {
  const bytes = new Uint8Array(256 * 400);
  new ChaChaRandom(new Uint8Array(32)).fill(bytes);
  const counts = new Uint32Array(256);
  for (const byte of bytes) counts[byte]++;
  const chiSquare = counts.reduce((sum, count) => sum + (count - 400) ** 2 / 400, 0);
  expect(chiSquare).toBeGreaterThan(170);
  expect(chiSquare).toBeLessThan(360);
});
