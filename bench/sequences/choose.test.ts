import { expect, test } from "vitest";
import { Chosen, chooseGreedily, dispatchRate, type Place } from "./choose.ts";

/** A loop of `a b c j` executed 10 times, of which the branch `c` leaves every fifth time. */
const LOOP = [place("a", 10, 10), place("b", 0, 10), place("c", 0, 8), { ...place("j", 0, 0), ends: true }];
const PROFILE = { runs: [LOOP], instructions: 38 };

function place(name: string, entered: number, fellThrough: number): Place {
  return { name, entered, fellThrough, ends: false, fusable: true };
}

function chosen(...sequences: string[]): Chosen {
  const all = new Chosen();
  for (const sequence of sequences) all.add(sequence);
  return all;
}

test("without sequences every instruction is a dispatch", () => {
  expect(dispatchRate([PROFILE], chosen())).toBe(1);
});

test("the longest sequence at a place is taken, and what follows begins after it", () => {
  const all = chosen("a b", "a b c", "b c j");
  expect(all.longest(LOOP, 0)).toBe(3);
  expect(all.longest(LOOP, 1)).toBe(3);
  expect(all.longest(LOOP, 2)).toBe(1);
  // 10 times `a b c`, 8 of them go on to `j`.
  expect(dispatchRate([PROFILE], all)).toBeCloseTo(18 / 38);
});

test("an instruction that may not be fused ends a sequence before it", () => {
  const run = LOOP.map((part) => ({ ...part, fusable: part.name !== "c" }));
  expect(chosen("a b c", "a b").longest(run, 0)).toBe(2);
});

test("greedily: first the sequence that saves most, then what still saves something", () => {
  const all = chosen();
  chooseGreedily([PROFILE], all, 2, 4);
  // `a b c j` leaves 10 dispatches of 38; no other sequence begins where there is a dispatch.
  expect(all.sequences).toEqual(["a b c j"]);
  const pairs = chosen();
  chooseGreedily([PROFILE], pairs, 9, 2);
  // `a b` saves 10, then `c j` 8.
  expect(pairs.sequences).toEqual(["a b", "c j"]);
  expect(dispatchRate([PROFILE], pairs)).toBeCloseTo(20 / 38);
});

test("a sequence that would put a later one out of step is worth less", () => {
  const run = [place("a", 10, 10), place("b", 0, 10), place("c", 0, 10), place("d", 0, 10), LOOP[3]];
  const all = chosen("c d j");
  // `a b c` would leave `d` and `j` alone.
  chooseGreedily([{ runs: [run], instructions: 50 }], all, 9, 3);
  expect(all.sequences).toEqual(["c d j", "a b"]);
});
