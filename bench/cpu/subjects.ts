import { PROGRAMS } from "../programs.ts";

/** A program of the CPU suite. */
export interface Subject {
  readonly name: string;
  readonly about: string;
  readonly isFloat: boolean;
  /** It does nothing but start: no part of the suite's means. */
  readonly isStart?: true;
  /**
   * Where its executables are from: bench/programs, a folder that the user names, or Debian's packages.
   * Debian's has a `path` in the root.
   */
  readonly from: "own" | "external" | "debian";
  /** Its file: in the folder of a machine's programs, or Debian's path. */
  readonly program: string;
  /** `files`: the machine's folder with the files that programs work on. */
  args(files: string): readonly string[];
  /** What of its output is its result; all of it unless said. */
  resultOf?(stdout: string): string;
  /** The result, where it is known beforehand; all machines must agree anyway. */
  readonly result?: string;
  /** What one run does, where that is how such programs are compared. */
  readonly work?: { readonly amount: number; readonly unit: string };
}

const own: readonly Subject[] = PROGRAMS.map(({ name, about, isFloat = false, work, prints }) => ({
  name,
  about,
  isFloat,
  from: "own",
  program: name,
  args: () => (work === undefined ? [] : [work]),
  result: `${prints}\n`,
}));

const ITERATIONS = 10_000;
/** As docs/BENCHMARKS.md has Dhrystone built. */
const RUNS = 10_000_000;

const all = (text: string, values: RegExp): string =>
  [...text.matchAll(values)].map(([, value]) => value).join(" ");

const external: readonly Subject[] = [
  {
    name: "coremark",
    about: "CoreMark: lists, matrices, a state machine",
    isFloat: false,
    from: "external",
    program: "coremark",
    // The seeds of a performance run.
    args: () => ["0x0", "0x0", "0x66", String(ITERATIONS)],
    resultOf: (stdout) => all(stdout, /crc\w* *: (\w+)/g),
    result: "0xe9f5 0xe714 0x1fd7 0x8e3a 0x988c",
    work: { amount: ITERATIONS, unit: "iterations" },
  },
  {
    name: "dhrystone",
    about: "Dhrystone 2.1: records, strings, calls",
    isFloat: false,
    from: "external",
    program: "dhrystone",
    args: () => [],
    // Its variables' last values; addresses and times differ.
    resultOf: (stdout) => all(stdout, /^ *(?!Ptr_Comp|should)\w+(?:\[\d\])*: +(\S.*)$/gm),
    result:
      "5 1 A B 7 10000010 0 2 17 DHRYSTONE PROGRAM, SOME STRING 0 1 18 DHRYSTONE PROGRAM, SOME STRING " +
      "5 13 7 1 DHRYSTONE PROGRAM, 1'ST STRING DHRYSTONE PROGRAM, 2'ND STRING",
    work: { amount: RUNS, unit: "runs" },
  },
];

const lines = (...all: readonly string[]): string => all.map((line) => `${line}\n`).join("");

const debian: readonly Subject[] = [
  {
    name: "lua",
    about: "tables, strings, closures",
    isFloat: false,
    from: "debian",
    program: "/usr/bin/lua5.4",
    args: (files) => [`${files}/tables.lua`, "3"],
    result: lines(
      "523\t655464739\t12793\tvd10\t8\t91443",
      "511\t655464739\t12742\txl24\t7\t91195",
      "520\t655464739\t12731\ted9\t7\t91301",
    ),
  },
  {
    name: "python",
    about: "objects, dictionaries, a heap",
    isFloat: false,
    from: "debian",
    program: "/usr/bin/python3",
    args: (files) => [`${files}/objects.py`, "5"],
    result: lines(
      "40 (2753, [('di', 159), ('go', 148)], 32186) (379328, 98325)",
      "40 (2596, [('fi', 159), ('gu', 152)], 31614) (256330, 98197)",
      "40 (2686, [('fa', 160), ('bo', 156)], 32082) (257599, 97263)",
      "40 (2686, [('di', 147), ('gi', 145)], 32110) (240590, 98639)",
      "40 (2704, [('do', 155), ('di', 148)], 32176) (235875, 98706)",
    ),
  },
  {
    name: "python-start",
    about: "python3 -c 'print(6*7)'",
    isFloat: false,
    isStart: true,
    from: "debian",
    program: "/usr/bin/python3",
    args: () => ["-c", "print(6*7)"],
    result: "42\n",
  },
  {
    name: "sqlite",
    about: "selects, sorting and indexes in memory",
    isFloat: false,
    from: "debian",
    program: "/usr/bin/sqlite3",
    args: (files) => [":memory:", `.read ${files}/queries.sql`],
    result: lines(
      "town 0|200|1920|person 9900",
      "town 1|200|1957|person 9887",
      "town 10|200|1990|person 9770",
      "2771|32830",
      "39383108",
      "955800",
      "12185354",
      "768|person 9999",
    ),
  },
  {
    name: "cc1",
    about: "gcc's compiler proper, -O2",
    isFloat: false,
    from: "debian",
    program: "/usr/libexec/gcc/riscv64-linux-gnu/14/cc1",
    args: (files) => [
      ...["-quiet", "-fpreprocessed", "-march=rv64gc", "-mabi=lp64d"],
      ...["-O2", `${files}/calls.i`, "-o", "-"],
    ],
  },
];

export const SUBJECTS: readonly Subject[] = [...own, ...external, ...debian];
export const SUBJECT_NAMES: readonly string[] = SUBJECTS.map(({ name }) => name);
