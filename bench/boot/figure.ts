import { type Summary, summarise } from "../statistics.ts";

export type Unit = "s" | "MB/s";

/** What was measured of both emulators. */
export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly ours: Summary;
  readonly qemu: Summary;
  /** Our speed over QEMU's within a round: above 1 we are faster. */
  readonly speed: Summary;
  /** The speed to reach. */
  readonly mark?: number;
}

/** Summarises what was measured of both, round by round. */
export function figure(
  { name, unit, mark }: Pick<Figure, "name" | "unit" | "mark">,
  ours: readonly number[],
  theirs: readonly number[],
): Figure {
  const speed = ours.map((own, i) => (unit === "s" ? theirs[i] / own : own / theirs[i]));
  return {
    ...{ name, unit },
    ...{ ours: summarise(ours), qemu: summarise(theirs), speed: summarise(speed) },
    ...(mark !== undefined && { mark }),
  };
}

export interface Measured {
  readonly part: string;
  readonly commands: { readonly ours: readonly string[]; readonly qemu: readonly string[] };
  readonly figures: readonly Figure[];
}
