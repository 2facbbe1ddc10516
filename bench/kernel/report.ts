import { type Summary, summarise } from "../statistics.ts";
import { formatTable, spread } from "../table.ts";
import { isSpeed, type Unit } from "./lines.ts";
import { MACHINE_NAMES, type MachineName } from "./names.ts";

/** What one kind of work cost on each machine that can do it. */
export interface KernelFigure {
  readonly name: string;
  readonly about: string;
  readonly unit: Unit;
  readonly on: Readonly<Partial<Record<MachineName, Summary>>>;
  /** Our speed over a peer's within a round: above 1 we are faster. */
  readonly speed: Readonly<Partial<Record<MachineName, Summary>>>;
}

export interface KernelOptions {
  readonly rounds: number;
  /** For `runikraft run`. */
  readonly run: readonly string[];
}

export interface KernelReport {
  readonly qemuSystem: string;
  readonly kernel: string;
  readonly commands: Readonly<Record<MachineName, readonly string[]>>;
  readonly figures: readonly KernelFigure[];
}

/** Summarises the figures of all rounds, by machine. */
export function kernelFigure(
  { name, about, unit }: Pick<KernelFigure, "name" | "about" | "unit">,
  measured: Readonly<Partial<Record<MachineName, readonly number[]>>>,
): KernelFigure {
  const on: Partial<Record<MachineName, Summary>> = {};
  const speed: Partial<Record<MachineName, Summary>> = {};
  const ours = measured.runikraft ?? [];
  for (const machine of MACHINE_NAMES) {
    const theirs = measured[machine];
    if (!theirs) continue;
    on[machine] = summarise(theirs);
    if (machine === "runikraft") continue;
    speed[machine] = summarise(ours.map((own, i) => (isSpeed(unit) ? own / theirs[i] : theirs[i] / own)));
  }
  return { name, about, unit, on, speed };
}

/** The report for people. */
export function formatKernel({ qemuSystem, kernel, commands, figures }: KernelReport): string[] {
  const rows = figures.map(({ name, about, unit, on, speed }) => [
    name,
    unit,
    ...MACHINE_NAMES.map((machine) => cell(on[machine], 3)),
    ...MACHINE_NAMES.slice(1).map((machine) => cell(speed[machine], 3)),
    about,
  ]);
  const peers = MACHINE_NAMES.slice(1);
  return [
    "The library OS's own work, by the guest's clock",
    ...formatTable(rows, [
      ...["line", "unit", ...MACHINE_NAMES],
      ...peers.map((peer) => `our speed / ${peer}'s`),
      "what it is",
    ]),
    ...figures.flatMap(millionCalls),
    `  linux is ${kernel} in ${qemuSystem}`,
    ...MACHINE_NAMES.map((machine) => `  ${machine}: ${commands[machine].map(quoted).join(" ")}`),
  ];
}

/** Microseconds of a call are seconds of a million. */
function millionCalls({ name, on }: KernelFigure): string[] {
  if (name !== "null") return [];
  const each = MACHINE_NAMES.map((machine) => `${machine} ${cell(on[machine], 3)} s`);
  return [`  a million getppid: ${each.join(", ")}`];
}

/** A figure with so many digits that count. */
function cell(summary: Summary | undefined, digits: number): string {
  if (!summary) return "-";
  const whole = Math.floor(Math.log10(Math.max(1, summary.median))) + 1;
  return spread(summary, Math.max(0, digits - whole));
}

/** As one would type it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`);
