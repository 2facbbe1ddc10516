import { expect, it } from "vitest";
import { chacha20Block } from "./chacha20.ts";

it("gives the block of RFC 8439, section 2.3.2, where it is asked to", () => {
  const key = new Uint32Array(Uint8Array.from({ length: 32 }, (_, i) => i).buffer);
  const out = new Uint32Array(18);
  chacha20Block(key, 1, Uint32Array.of(0x09000000, 0x4a000000, 0), out, 1);
  expect(Array.from(out, (word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(
    "00000000 e4e7f110 15593bd1 1fdd0f50 c47120a3 c7f4d1c7 0368c033 9aaa2204 4e6cd4c3 " +
      "466482d2 09aa9f07 05d7c214 a2028bd9 d19c12b5 b94e16de e883d0cb 4e3c50a2 00000000",
  );
});
