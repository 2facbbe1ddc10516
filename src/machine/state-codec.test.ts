import fc from "fast-check";
import { expect, it } from "vitest";
import type { State } from "../devices/state.ts";
import { BrokenState, decodeState, encodeState } from "./state-codec.ts";

const { state } = fc.letrec<{ state: State }>((tie) => ({
  state: fc.oneof(
    { depthSize: "small" },
    fc.constant(undefined),
    fc.boolean(),
    fc.double({ noNaN: true }),
    fc.bigInt(-(2n ** 64n), 2n ** 64n),
    fc.string(),
    fc.uint8Array(),
    fc.array(tie("state")),
    fc.dictionary(fc.string(), tie("state"), { noNullPrototype: true }),
  ),
}));

it("gives back what was encoded", () => {
  fc.assert(
    fc.property(state, (value) => {
      expect(decodeState(encodeState(value))).toEqual(value);
    }),
  );
});

it("refuses what is cut off, has a rest, or is anything else", () => {
  const whole = encodeState({ a: [1, "two", 3n, Uint8Array.of(4)], b: true });
  for (let length = 0; length < whole.length; length++)
    expect(() => decodeState(whole.subarray(0, length))).toThrow(BrokenState);
  expect(() => decodeState(Uint8Array.of(...whole, 0))).toThrow(BrokenState);
  const anything = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(anything, (bytes) => {
      try {
        decodeState(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(BrokenState);
      }
    }),
    { numRuns: 2000 },
  );
});
