import { expect, test } from "vitest";
import { Heat, SAMPLE } from "./heat.ts";

const [SLOT, PAGE] = [64, 3];

/** How often the interpreter has to be found at a slot, once a sample from `retired` on. */
function timesUntilHot(heat: Heat, retired: number, page = PAGE): number {
  for (let times = 1; times < 100_000; times++)
    if (heat.add(SLOT, page, retired + times * SAMPLE)) return times;
  throw new Error("never hot");
}

test("a place is hot when it was found a few times, and cold again when that is forgotten", () => {
  const heat = new Heat(0);
  const times = timesUntilHot(heat, 0);
  expect(times).toBeLessThan(10);
  expect(heat.add(SLOT, PAGE, 0)).toBe(true);
  heat.forget(SLOT);
  expect(timesUntilHot(heat, 0)).toBe(times);
});

test("each time that a page's code has changed, its places have to be found twice as often", () => {
  const heat = new Heat(0);
  const times = timesUntilHot(heat, 0);
  for (const factor of [2, 4, 8]) {
    heat.changed(PAGE);
    heat.forget(SLOT);
    expect(timesUntilHot(heat, 0)).toBe(factor * times);
  }
  heat.forget(SLOT);
  expect(timesUntilHot(heat, 0, PAGE + 1)).toBe(times);
});

test("while the host warms up, only what takes much of the time is hot, and nothing is earned", () => {
  const warmUp = 60_000_000;
  const heat = new Heat(warmUp);
  // All the time, but not at once.
  expect(timesUntilHot(heat, 0)).toBeGreaterThan(50);
  // A hundredth of the time.
  const rare = new Heat(warmUp);
  for (let retired = 0; retired < warmUp; retired += 100 * SAMPLE)
    expect(rare.add(SLOT, PAGE, retired)).toBe(false);
  expect(rare.add(SLOT, PAGE, warmUp)).toBe(true);
  expect(heat.affords(1000, warmUp, true)).toBe(false);
  expect(heat.affords(1000, 2 * warmUp, true)).toBe(true);
});

test("half as much is translated where the guest waits for it", () => {
  const heat = new Heat(0);
  const most = (isBeside: boolean) => {
    let instructions = 0;
    while (heat.affords(instructions, 1e8, isBeside)) instructions += 10;
    return instructions;
  };
  expect(most(true)).toBeGreaterThan(1.8 * most(false));
});
