/** What a series of measurements says. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** `values` must not be empty. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted[sorted.length - 1] };
}

/** The mean of ratios: `values` are positive and not empty. */
export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/**
 * Instructions a second in each of a run's spans of `span` milliseconds, from readings of a clock and an instruction
 * counter taken at any moments (the first at the run's start): a count between two readings is interpolated.
 */
export function ratesBySpan(readings: readonly Reading[], span: number): number[] {
  const rates: number[] = [];
  const start = readings[0].milliseconds;
  let before = readings[0].instructions;
  let next = 1;
  for (let edge = start + span; edge <= readings[readings.length - 1].milliseconds; edge += span) {
    while (readings[next].milliseconds < edge) next++;
    const [a, b] = [readings[next - 1], readings[next]];
    const part = (edge - a.milliseconds) / (b.milliseconds - a.milliseconds);
    const count = a.instructions + part * (b.instructions - a.instructions);
    rates.push(((count - before) * 1000) / span);
    before = count;
  }
  return rates;
}

export interface Reading {
  readonly milliseconds: number;
  readonly instructions: number;
}
