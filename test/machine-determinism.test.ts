import { expect, test } from "vitest";
import type { JitMode } from "../src/cpu/jit/jit.ts";
import { Machine } from "../src/machine/machine.ts";
import { SeededRandom } from "../src/random/seeded-random.ts";
import { busyMachine, surroundings } from "./busy-guest.ts";

/**
 * A machine in virtual time is a function of what it is given, whatever the pieces in which it is run, and whether its code is
 * translated.
 */

/** Saved machines are long: comparing them number by number takes seconds. */
const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

const LENGTH = 2_000_000;
const TYPED = new Map([
  [700_000, "one"],
  [1_500_001, "two"],
]);

/** Runs a new machine in pieces of the lengths that `piece` gives; somebody types at fixed moments. */
async function run(
  piece: () => number,
  harts: number,
  { seed = 5n, jit }: { seed?: bigint; jit?: JitMode } = {},
) {
  const { machine, printed } = await busyMachine({ harts, seed, jit });
  const moments = [...TYPED.keys(), LENGTH];
  for (let done = 0, next = 0; done < LENGTH; ) {
    if (done === moments[next]) machine.type(TYPED.get(moments[next++]) ?? "");
    const instructions = Math.min(piece(), moments[next] - done);
    await machine.run({ instructions });
    done += instructions;
  }
  return { machine, printed: printed(), end: await machine.save() };
}

test.each([1, 4])("a run ends in the same state however it is cut: %d harts", async (harts) => {
  const random = new SeededRandom(1n);
  const whole = await run(() => LENGTH, harts);
  expect(whole.printed.length).toBeGreaterThan(6);
  for (const piece of [() => LENGTH, () => 1 + (random.u32() % 60_000), () => 1 + (random.u32() % 4_000)])
    for (const jit of ["off", "on", "always"] as const) {
      const again = await run(piece, harts, { jit });
      expect(again.printed).toBe(whole.printed);
      expect(isSame(again.end, whole.end)).toBe(true);
    }
});

test("another seed is another run", async () => {
  const [one, other] = [await run(() => LENGTH, 4), await run(() => LENGTH, 4, { seed: 6n })];
  expect(other.printed).not.toBe(one.printed);
});

const MODES = [
  ["off", "off"],
  ["always", "off"],
  ["off", "always"],
  ["always", "on"],
] as const;

test.each(MODES)(
  "a machine goes on from its file, and from a fork, as it would have itself: %s, %s",
  async (...jit) => {
    const { machine, printed } = await busyMachine({ jit: jit[0] });
    for (let i = 0; i < 2; i++) {
      await machine.run({ instructions: 300_007 });
      const [loadedTo, forkedTo] = [0, 1].map(() => ({ ...surroundings(), jit: jit[1] }));
      const file = await machine.save();
      const loaded = await Machine.load(file, "file", loadedTo);
      expect(isSame(await loaded.save(), file)).toBe(true);
      const forked = await machine.fork(forkedTo);
      expect(isSame(await forked.save(), file)).toBe(true);
      const before = printed().length;
      for (const each of [loaded, machine, forked]) await each.run({ instructions: 500_000 });
      const end = await machine.save();
      for (const each of [loaded, forked]) expect(isSame(await each.save(), end)).toBe(true);
      for (const { printed: text } of [loadedTo, forkedTo]) expect(text()).toBe(printed().slice(before));
      await loaded.close();
      await forked.close();
    }
  },
);
