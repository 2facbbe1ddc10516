import { join } from "node:path";
import { BenchError, runCommand } from "./child.ts";
import { GCC, GCC_FLAGS, HOST_GCC, HOST_GCC_FLAGS, projectRoot } from "./tools.ts";

/** A program of bench/programs, and what it prints: the same on every machine. */
export interface Program {
  readonly name: string;
  /** What is hard in it. */
  readonly about: string;
  /** With its default amount of work, where that is for the interpreter: 100 to 250 million instructions. */
  readonly small?: string;
  /** The argument that asks for the work of the CPU suite, one or two seconds of qemu-riscv64; none: the default is it. */
  readonly work?: string;
  /** With the work of the CPU suite. */
  readonly prints: string;
  /** Most of it is floating-point arithmetic. */
  readonly isFloat?: true;
}

export const PROGRAMS: readonly Program[] = [
  {
    name: "chase",
    about: "dependent loads all over 2 MiB",
    small: "205608",
    work: "100000000",
    prints: "239980",
  },
  {
    name: "division",
    about: "division and remainder",
    small: "81758945",
    work: "6000000",
    prints: "420096305",
  },
  {
    name: "interpreter",
    about: "jumps through a table",
    small: "c413eda7265be161",
    work: "9000000",
    prints: "98a110c749a8aa41",
  },
  { name: "recursion", about: "calls and returns", small: "5702887", work: "41", prints: "165580141" },
  {
    name: "sha256",
    about: "rotations and additions",
    small: "6277e26182a2d5709494ab51e4b6ce5074f5c3e54800b8e6b3da0e578450fe13",
    work: "300000",
    prints: "3791694b9dd83451bf2ebff70dc95204b6b68c7a15b0460229ff6662dc6a8fd5",
  },
  { name: "sieve", about: "byte stores with a stride", small: "823749", work: "100", prints: "6025009" },
  {
    name: "sort",
    about: "calls through a pointer, merges",
    small: "335916777",
    work: "14",
    prints: "3089064711",
  },
  {
    name: "strings",
    about: "the C library's string functions",
    small: "24043706",
    work: "250000",
    prints: "502086159",
  },
  { name: "tree", about: "an AVL tree, malloc and free", prints: "3764604725 19" },
  { name: "words", about: "text, hashing, comparing strings", prints: "18644 3579124060" },
  { name: "matrix", about: "product of matrices of doubles", prints: "128.880575", isFloat: true },
  { name: "nbody", about: "square roots and divisions of doubles", prints: "-0.000595075224", isFloat: true },
  { name: "mandelbrot", about: "doubles in registers", prints: "36467 thousand", isFloat: true },
  { name: "fft", about: "single precision, strides", prints: "290.98", isFloat: true },
  { name: "syscalls", about: "five million getppid", prints: "5000000" },
  { name: "pipe", about: "800 MB from one process to another", prints: "819200000 1631996560" },
  { name: "mmap", about: "map, touch, protect and unmap pages", prints: "65280000" },
];

/** The program that does next to nothing. */
export const HELLO = { name: "hello", small: "hello" } as const;

/** Builds a program for the guests into `folder` and returns the file's path. */
export function buildProgram({ name }: { readonly name: string }, folder: string): string {
  return build(GCC, GCC_FLAGS, name, folder);
}

/** The same for the host itself. */
export function buildNative({ name }: Program, folder: string): string {
  return build(HOST_GCC, HOST_GCC_FLAGS, name, folder);
}

function build(compiler: string, flags: readonly string[], name: string, folder: string): string {
  const output = join(folder, name);
  const source = join(projectRoot(), "bench/programs", `${name}.c`);
  runCommand(compiler, [...flags, "-o", output, source, "-lm"]);
  return output;
}

/** Throws `BenchError` where a machine did not compute what it must. */
export function checkOutput(name: string, expected: string | undefined, who: string, stdout: string): void {
  if (stdout !== `${expected}\n`)
    throw new BenchError(`${name}: ${who} printed ${JSON.stringify(stdout)}, not ${expected}`);
}
