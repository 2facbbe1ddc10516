import { expect, test } from "vitest";
import { Pace } from "./pace.ts";

const fast = 400_000;

function settled(): Pace {
  const pace = new Pace();
  for (let i = 0; i < 50; i++) pace.measured(fast / 2, 0.5);
  return pace;
}

test("steps follow from the speed measured and the time there is", () => {
  expect(settled().stepsFor(0.25)).toBeCloseTo(fast / 4, -2);
  expect(settled().stepsFor(0.5)).toBeCloseTo(fast / 2, -2);
});

test("no run is longer than the speed can be relied upon, nor too short to be worth it", () => {
  expect(settled().stepsFor(15)).toBe(settled().stepsFor(1));
  expect(settled().stepsFor(0)).toBe(3000);
});

test("slowness is believed at once, a faster run by and by", () => {
  const pace = settled();
  pace.measured(10_000, 1);
  expect(pace.stepsFor(1)).toBe(10_000);
  pace.measured(fast, 1);
  expect(pace.stepsFor(1)).toBeLessThan(fast / 3);
});

test("a clock that stands still says nothing", () => {
  const pace = settled();
  pace.measured(5, 0);
  expect(pace.stepsFor(1)).toBeCloseTo(fast, -3);
});
