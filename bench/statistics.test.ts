import { expect, test } from "vitest";
import { geometricMean, ratesBySpan, summarise } from "./statistics.ts";

test("the median of an odd and of an even number of values, and their spread", () => {
  expect(summarise([5, 1, 10])).toEqual({ median: 5, least: 1, most: 10 });
  expect(summarise([4, 1, 10, 2])).toEqual({ median: 3, least: 1, most: 10 });
});

test("the geometric mean: twice as fast and half as fast are as fast", () => {
  expect(geometricMean([2, 0.5])).toBeCloseTo(1);
  expect(geometricMean([1, 10, 100])).toBeCloseTo(10);
});

test("rates are interpolated between readings, and an unfinished span is left out", () => {
  const readings = [
    { milliseconds: 100, instructions: 0 },
    { milliseconds: 200, instructions: 1000 },
    { milliseconds: 500, instructions: 1000 },
    { milliseconds: 700, instructions: 3000 },
  ];
  // 250 ms spans: up to 350, up to 600, up to 850 (not reached).
  expect(ratesBySpan(readings, 250)).toEqual([4000, 4000]);
});
