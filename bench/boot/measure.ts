import { Console } from "../../test/guests/linux/console.ts";
import { type Emulator, qemu, runikraft } from "../../test/guests/linux/emulators.ts";
import { BenchError, childrenTime } from "../child.ts";
import { type Summary, summarise } from "../statistics.ts";
import { LIMIT } from "./guest.ts";
import type { Part, Unit } from "./parts.ts";

/** One figure of both emulators. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly ours: Summary;
  readonly qemu: Summary;
  /** Our speed over QEMU's within a round: above 1 we are faster. */
  readonly speed: Summary;
}

export interface Measured {
  readonly part: string;
  readonly commands: { readonly ours: readonly string[]; readonly qemu: readonly string[] };
  readonly figures: readonly Figure[];
  /** Processor seconds of the whole process, from its start to the end of what was measured. */
  readonly processor: { readonly ours: Summary; readonly qemu: Summary };
}

interface Run {
  readonly figures: readonly number[];
  readonly processor: number;
}

/** Measures both emulators in turn, round by round. Rejects with `BenchError` where a result is wrong. */
export async function measure(part: Part, rounds: number): Promise<Measured> {
  const ours: Run[] = [];
  const theirs: Run[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await runOnce(part, runikraft, round === 0));
    theirs.push(await runOnce(part, qemu, round === 0));
  }
  return {
    part: part.name,
    commands: { ours: runikraft(part.computer), qemu: qemu(part.computer) },
    figures: part.figures.map(({ name, unit }, i) => {
      const of = (runs: readonly Run[]) => runs.map(({ figures }) => figures[i]);
      return { name, unit, ...compare(of(ours), of(theirs), unit) };
    }),
    processor: {
      ours: summarise(ours.map(({ processor }) => processor)),
      qemu: summarise(theirs.map(({ processor }) => processor)),
    },
  };
}

/** Summaries of what was measured in each round, and of the ratios within a round. */
export function compare(
  ours: readonly number[],
  theirs: readonly number[],
  unit: Unit,
): Pick<Figure, "ours" | "qemu" | "speed"> {
  const speed = ours.map((own, i) => (unit === "s" ? theirs[i] / own : own / theirs[i]));
  return { ours: summarise(ours), qemu: summarise(theirs), speed: summarise(speed) };
}

async function runOnce(part: Part, emulator: Emulator, isFirst: boolean): Promise<Run> {
  const before = childrenTime();
  const start = performance.now();
  const guest = new Console(emulator(part.computer));
  try {
    await guest.expect("# ", LIMIT);
    const figures = await part.measure(guest, (performance.now() - start) / 1000, isFirst);
    guest.kill();
    await guest.ended;
    part.check?.();
    return { figures, processor: (childrenTime() - before) / 1000 };
  } catch (error) {
    guest.kill();
    throw new BenchError(`${part.name}: ${emulator(part.computer)[0]}: ${(error as Error).message}`);
  }
}
