import { expect, test } from "vitest";
import { JumpProfile } from "./profile.ts";

/** How many more jumps are noted until the region should be translated again; undefined: never, in so many. */
function until(profile: JumpProfile, target: (i: number) => number, most = 1000): number | undefined {
  for (let i = 1; i <= most; i++) if (profile.add(4, target(i))) return i;
  return undefined;
}

test("what is seen again and again is told once", () => {
  const profile = new JumpProfile();
  expect(until(profile, () => 100)).toBe(8);
  expect(profile.choices(4)).toEqual([100]);
  expect(profile.choices(8)).toEqual([]);
  expect(until(profile, () => 100)).toBeUndefined();
  expect(profile.isFull).toBe(true);
});

test("a new target is a reason to translate again, later each time", () => {
  const profile = new JumpProfile();
  expect([1, 2, 3, 4].map((round) => until(profile, () => round))).toEqual([8, 16, 32, 64]);
  expect(profile.isFull).toBe(true);
});

test("a jump that goes everywhere has as many choices as are good for anything", () => {
  const profile = new JumpProfile();
  for (let i = 0; i < 500; i++) profile.add(4, i);
  expect(profile.choices(4).length).toBe(32);
});
