import { join } from "node:path";
import { BenchError, runCommand } from "./child.ts";
import { GCC, GCC_FLAGS, projectRoot } from "./tools.ts";

/** A program of bench/programs. */
export interface Program {
  readonly name: string;
  /** What an interpreter finds hard in it. */
  readonly about: string;
  /** What it prints with its default amount of work. */
  readonly checksum: string;
}

/** Each executes 100 to 250 million instructions by default. */
export const PROGRAMS: readonly Program[] = [
  { name: "chase", about: "dependent loads all over 2 MiB", checksum: "205608" },
  { name: "division", about: "division and remainder", checksum: "81758945" },
  { name: "interpreter", about: "jumps through a table", checksum: "c413eda7265be161" },
  { name: "recursion", about: "calls and returns", checksum: "5702887" },
  {
    name: "sha256",
    about: "rotations and additions",
    checksum: "6277e26182a2d5709494ab51e4b6ce5074f5c3e54800b8e6b3da0e578450fe13",
  },
  { name: "sieve", about: "byte stores with a stride over 12 MiB", checksum: "823749" },
  { name: "sort", about: "calls through a pointer, merges", checksum: "335916777" },
  { name: "strings", about: "the C library's string functions", checksum: "24043706" },
];

/** The program that does next to nothing, and what it prints. */
export const HELLO: Program = { name: "hello", about: "a start and a line", checksum: "hello" };

/** Builds a program into `folder` and returns the file's path. */
export function buildProgram({ name }: Program, folder: string): string {
  const output = join(folder, name);
  runCommand(GCC, [...GCC_FLAGS, "-o", output, join(projectRoot(), "bench/programs", `${name}.c`)]);
  return output;
}

/** Throws `BenchError` where a machine did not compute what it must. */
export function checkOutput({ name, checksum }: Program, who: string, stdout: string): void {
  if (stdout !== `${checksum}\n`)
    throw new BenchError(`${name}: ${who} printed ${JSON.stringify(stdout)}, not ${checksum}`);
}
