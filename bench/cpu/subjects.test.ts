import { expect, test } from "vitest";
import { SUBJECT_NAMES, SUBJECTS } from "./subjects.ts";

const resultOf = (name: string, stdout: string) =>
  SUBJECTS.find((subject) => subject.name === name)?.resultOf?.(stdout);

test("names are different, and each program's result is known or is compared whole", () => {
  expect(new Set(SUBJECT_NAMES).size).toBe(SUBJECT_NAMES.length);
  for (const { resultOf, result } of SUBJECTS) expect(resultOf && result === undefined).toBeFalsy();
});

test("CoreMark's result is its sums, not its times", () => {
  const text = "Total ticks : 756\nseedcrc          : 0xe9f5\n[0]crclist       : 0xe714\nErrors detected\n";
  expect(resultOf("coremark", text)).toBe("0xe9f5 0xe714");
});

test("Dhrystone's result is its variables' values, not addresses or times", () => {
  const text = [
    "Int_Glob:            5",
    "        should be:   5",
    "Arr_2_Glob[8][7]:    10000010",
    "        should be:   Number_Of_Runs + 10",
    "  Ptr_Comp:          532368",
    "  Str_Comp:          DHRYSTONE PROGRAM, SOME STRING",
    "Microseconds for one run through Dhrystone:    0.2",
  ].join("\n");
  expect(resultOf("dhrystone", text)).toBe("5 10000010 DHRYSTONE PROGRAM, SOME STRING");
});
