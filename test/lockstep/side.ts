import type { Hart } from "../../src/cpu/hart.ts";
import type { Jit, JitMode } from "../../src/cpu/jit/jit.ts";
import { nodeHost } from "../../src/host/node.ts";
import type { HostedMachine } from "../../src/machine/hosted.ts";
import type { HostedOptions } from "../../src/machine/hosted-options.ts";
import type { Machine } from "../../src/machine/machine.ts";
import { MemoryConsole } from "../../src/machine/memory-console.ts";
import type { PhysicalMemory } from "../../src/memory/physical-memory.ts";

/** One of two machines that are to do the same. */
export interface Side {
  readonly harts: readonly Hart[];
  readonly ram: PhysicalMemory;
  readonly jit: Jit | undefined;
  /** Everything printed so far. */
  output(): string;
  /** Instructions retired and traps taken, by all harts: what `run` counts. Without what one that is running has just spent. */
  spent(): number;
  /** Runs so many instructions. Returns whether the machine can go on. */
  run(instructions: number): Promise<boolean>;
  /** What somebody does who looks at what was printed, between two pieces. */
  type(): void;
  close(): Promise<void>;
}

/** Makes a machine in virtual time that is the same each time but for how it is run. */
export type MakeSide = (jit: JitMode) => Promise<Side>;

type Given = Required<Pick<HostedOptions, "console" | "host" | "jit">>;

/** A program under the library OS. */
export function hostedSide(create: (given: Given) => Promise<HostedMachine>): MakeSide {
  const host = { ...nodeHost, milliseconds: () => 0 };
  return async (jit) => {
    const console = new MemoryConsole();
    const machine = await create({ console, host, jit });
    const { hart, ram, hostTurns } = machine.board;
    // How often a share asks whether its files have changed depends on the pieces: here it is told of none.
    Object.defineProperty(hostTurns, "count", { get: () => 0, set: () => {} });
    return {
      harts: [hart],
      ram,
      jit: hart.engine.jit,
      spent: countSpent([hart]),
      output: () =>
        console.text + console.errors + (machine.outcome ? JSON.stringify(machine.outcome, noBigints) : ""),
      run: async (instructions) => (await machine.run(instructions)) === undefined,
      type: () => {},
      close: () => machine.close(),
    };
  };
}

const noBigints = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);

/** A computer. */
export function bootedSide(
  create: (jit: JitMode) => Promise<{ machine: Machine; printed(): string }>,
  type: (machine: Machine, printed: string) => void = () => {},
): MakeSide {
  return async (jit) => {
    const { machine, printed } = await create(jit);
    const { harts, ram } = machine.board;
    return {
      harts,
      ram,
      jit: harts[0].engine.jit,
      spent: countSpent(harts),
      output: printed,
      run: async (instructions) => (await machine.run({ instructions })).reason === "instructions",
      type: () => type(machine, printed()),
      close: () => machine.close(),
    };
  };
}

/** Counts what is spent from now on. */
function countSpent(harts: readonly Hart[]): () => number {
  let sum = 0;
  for (const hart of harts) {
    const run = hart.run.bind(hart);
    hart.run = (limit) => {
      const result = run(limit);
      sum += hart.spent;
      return result;
    };
  }
  return () => sum;
}
