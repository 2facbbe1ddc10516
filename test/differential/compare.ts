import { disassembleBits } from "../../src/isa/disassemble.ts";
import { randomFlow } from "./flow.ts";
import { randomUnit, type Unit } from "./generate.ts";
import { MODES, runOnHart, runOnQemu, type Way } from "./machines.ts";
import { buildProgram, type Program, RECORD_SIZE, randomScratch, randomState } from "./program.ts";
import { Random } from "./random.ts";

const BLOCKS = 100;
const UNITS = 60;
/** Blocks of loops, calls and jumps, behind those. */
const FLOWS = 20;
const ROUNDS = 24;

export interface Result {
  readonly instructions: number;
  /** Undefined where both machines agree; else a report with the smallest program found. */
  readonly difference: string | undefined;
}

function randomProgram(seed: number): Program {
  const r = new Random(seed);
  const blocks = Array.from({ length: BLOCKS }, () => Array.from({ length: UNITS }, () => randomUnit(r)));
  for (let i = 0; i < FLOWS; i++) blocks.push([randomFlow(r)]);
  return { blocks, states: Array.from({ length: ROUNDS }, () => randomState(r)), scratch: randomScratch(r) };
}

/** Runs a seed's program on QEMU and in every way of ours, and shrinks it where they differ. */
export function compareSeed(seed: number): Result {
  const program = randomProgram(seed);
  const elf = buildProgram(program);
  const expected = runOnQemu(elf);
  let instructions = 0;
  for (const mode of MODES) {
    const ours = runOnHart(elf, mode);
    if (mode === MODES[0]) instructions = ours.instructions;
    if (ours.instructions !== instructions && ours.trouble === undefined)
      return {
        instructions,
        difference: `seed ${seed}, ${mode}: ${ours.instructions} retired, not ${instructions}`,
      };
    if (ours.trouble === undefined && ours.output.equals(expected)) continue;
    const found = firstDifference(expected, ours.output);
    return { instructions, difference: report(seed, mode, program, found, expected, ours.trouble) };
  }
  return { instructions, difference: undefined };
}

function firstDifference(expected: Buffer, actual: Buffer): number {
  for (let at = 0; at < expected.length; at += RECORD_SIZE)
    if (!expected.subarray(at, at + RECORD_SIZE).equals(actual.subarray(at, at + RECORD_SIZE)))
      return at / RECORD_SIZE;
  return expected.length / RECORD_SIZE;
}

/** The block that differs, alone, with the registers and the memory it began with; then ever fewer units of it. */
function report(
  seed: number,
  mode: Way,
  program: Program,
  record: number,
  expected: Buffer,
  trouble?: string,
) {
  const { blocks, states } = program;
  const round = Math.min(Math.floor(record / blocks.length), states.length - 1);
  const scratchSize = program.scratch.length;
  const before =
    record === 0
      ? program.scratch
      : expected.subarray(record * RECORD_SIZE - scratchSize, record * RECORD_SIZE);
  let units = blocks[record % blocks.length];
  const build = (some: readonly Unit[]): Program => ({
    blocks: [some],
    states: [states[round]],
    scratch: before,
  });
  const differs = (some: readonly Unit[]) => {
    const elf = buildProgram(build(some));
    const ours = runOnHart(elf, mode);
    return ours.trouble !== undefined || !ours.output.equals(runOnQemu(elf));
  };
  const head = `seed ${seed}, ${mode}, record ${record}${trouble ? ` (${trouble})` : ""}:`;
  if (!differs(units)) return `${head} the block agrees when run alone`;
  for (let i = units.length - 1; i >= 0; i--) {
    const fewer = units.filter((_, index) => index !== i);
    if (differs(fewer)) units = fewer;
  }
  const elf = buildProgram(build(units));
  const [theirs, ours] = [runOnQemu(elf), runOnHart(elf, mode).output];
  const words: string[] = [];
  for (let at = 0; at + 8 <= theirs.length; at += 8) {
    const [a, b] = [theirs.readBigUInt64LE(at), at + 8 <= ours.length ? ours.readBigUInt64LE(at) : -1n];
    if (a !== b) words.push(`  byte ${at} of the record: QEMU ${a.toString(16)}, ours ${b.toString(16)}`);
  }
  const listing = units
    .flatMap((unit): readonly (string | number)[] => (typeof unit === "string" ? unit.split("\n") : unit))
    .map((line) =>
      typeof line === "string"
        ? shown(line)
        : `  ${line.toString(16).padStart(8)}  ${disassembleBits(line, 0n)}`,
    );
  return [
    head,
    ...listing,
    ...words.slice(0, 8),
    `  state ${Buffer.from(states[round]).toString("hex")}`,
  ].join("\n");
}

function shown(line: string): string {
  const [, bits] = line.match(/^\.(?:word|half) (\d+)$/) ?? [];
  return bits === undefined
    ? `            ${line}`
    : `            ${line}  # ${disassembleBits(Number(bits), 0n)}`;
}
