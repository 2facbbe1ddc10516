import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { BenchError } from "./child.ts";
import { SUBJECT_NAMES } from "./cpu/subjects.ts";

export const PARTS = ["throughput", "steadiness", "live", "cold-start", "cpu", "kernel"] as const;
export type Part = (typeof PARTS)[number];

/** What the command line asks for. */
export interface Options {
  readonly rounds: number;
  readonly json: boolean;
  /** The parts to measure. */
  readonly parts: readonly Part[];
  /** Of the programs of `throughput` and `cpu`, only this one. */
  readonly program?: string;
  /** For each `runikraft run` but those of `throughput`. */
  readonly run: readonly string[];
  /** Another Node, beside this one, for the CPU suite. */
  readonly node?: string;
  /** A folder with programs that are no part of the project, for the CPU suite. */
  readonly external?: string;
  /** Whether the CPU suite boots Linux in qemu-system-riscv64. */
  readonly linux: boolean;
}

/** Throws `BenchError` where the arguments make no sense. */
export function readOptions(args: readonly string[]): Options {
  const { rounds = "5", only, json = false, jit, node, external, ...values } = parse(args);
  const isPart = (name: string): name is Part => (PARTS as readonly string[]).includes(name);
  if (!/^[1-9]\d{0,3}$/.test(rounds)) throw new BenchError(`--rounds ${rounds}: a number from 1 to 9999`);
  if (only !== undefined && !isPart(only) && !SUBJECT_NAMES.includes(only))
    throw new BenchError(`--only ${only}: one of ${[...PARTS, ...SUBJECT_NAMES].join(", ")}`);
  return {
    rounds: Number(rounds),
    json,
    ...partsOf(only, isPart),
    run: jit === undefined ? [] : [`--jit=${jit}`],
    ...(node !== undefined && { node: resolve(node) }),
    ...(external !== undefined && { external: resolve(external) }),
    linux: !values["without-linux"],
  };
}

/** `only` may be a part, or a program of some of them. */
function partsOf(
  only: string | undefined,
  isPart: (name: string) => name is Part,
): Pick<Options, "parts" | "program"> {
  if (only === undefined) return { parts: PARTS };
  if (isPart(only)) return { parts: [only] };
  return { parts: ["throughput", "cpu"], program: only };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type: "string" },
        only: { type: "string" },
        json: { type: "boolean" },
        jit: { type: "string" },
        node: { type: "string" },
        external: { type: "string" },
        "without-linux": { type: "boolean" },
      },
    }).values;
  } catch (error) {
    throw new BenchError((error as Error).message);
  }
}
