import { createGuest } from "./guest.ts";
import { type Reading, ratesBySpan, summarise } from "./statistics.ts";

/** Million instructions a second over the first seconds of a run in a process that has run nothing before. */
export interface Steadiness {
  readonly program: string;
  /** In each quarter of a second, the first beginning with the guest's first instruction. */
  readonly quarters: readonly number[];
  readonly firstSecond: number;
  /** Median of the quarters after the first second. */
  readonly later: number;
  /** `firstSecond` divided by `later`. */
  readonly ratio: number;
}

const SECONDS = 4;
const QUARTER = 250;
/** Instructions between two readings of the clock: some 4 ms. */
const STEPS = 1_000_000;

/** `endless` does more than four seconds of work when it is given `args`. */
export async function measureSteadiness(
  program: string,
  endless: Uint8Array,
  args: readonly string[],
): Promise<Steadiness> {
  const { machine } = await createGuest(endless, program, args);
  const readings: Reading[] = [];
  const read = () => {
    const reading = { milliseconds: performance.now(), instructions: machine.stats.instructions };
    readings.push(reading);
    return reading.milliseconds;
  };
  const end = read() + SECONDS * 1000;
  while (read() < end) await machine.run(STEPS);
  const quarters = ratesBySpan(readings, QUARTER).map((rate) => rate / 1e6);
  const perSecond = 1000 / QUARTER;
  const first = quarters.slice(0, perSecond);
  const firstSecond = first.reduce((sum, rate) => sum + rate, 0) / first.length;
  const later = summarise(quarters.slice(perSecond)).median;
  return { program, quarters, firstSecond, later, ratio: firstSecond / later };
}
