import type { JitStats } from "../cpu/jit/jit.ts";
import type { LibraryCost } from "../machine/composition/costs.ts";
import type { HostedMachine } from "../machine/hosted.ts";
import { cliText } from "../messages/cli.ts";
import { columns } from "./output.ts";

const MEGA = 1e6;

function figures(machine: HostedMachine, seconds: number) {
  const { instructions, pageFaults, traps, syscalls, peakBytes, residentBytes } = machine.stats;
  return {
    instructions,
    seconds,
    mips: instructions / MEGA / seconds,
    pageFaults,
    traps,
    syscalls,
    peakBytes,
    residentBytes,
    aslrSeed: machine.layout.seed?.toString(),
  };
}

/** For JSON: sizes in bytes, system calls by name, the seed as text since it has 64 bits. */
export function statsData(machine: HostedMachine, seconds: number, libraries: readonly LibraryCost[]) {
  return { ...figures(machine, seconds), libraries };
}

/** What was translated; `undefined`: nothing may be. */
export function jitStatsText(stats: JitStats | undefined): string {
  return stats ? cliText.jitStats(stats) : cliText.jitIsOff();
}

/** A library's code and start-up time, as two columns. */
export function costCells({ bytes, milliseconds }: LibraryCost): [string, string] {
  return [bytes === undefined ? "" : `${(bytes / 1024).toFixed(1)}K`, `${milliseconds.toFixed(2)} ms`];
}

/** What was executed, and below it what each library costs. */
export function statsText(
  machine: HostedMachine,
  seconds: number,
  libraries: readonly LibraryCost[],
): string {
  const { instructions, mips, pageFaults, syscalls, peakBytes } = figures(machine, seconds);
  const calls = Object.values(syscalls).reduce((sum, count) => sum + count, 0);
  const costs = columns(libraries.map((cost) => [cost.name, ...costCells(cost)]));
  const bytes = libraries.reduce((sum, cost) => sum + (cost.bytes ?? 0), 0);
  const started = libraries.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const total = cliText.libraryCosts(...costCells({ name: "", bytes, milliseconds: started }));
  const executed = cliText.stats({
    instructions: String(instructions),
    seconds: seconds.toFixed(3),
    mips: mips.toFixed(1),
    faults: String(pageFaults),
    syscalls: String(calls),
    memory: peakBytes < 2 ** 20 ? `${peakBytes / 1024}K` : `${(peakBytes / 2 ** 20).toFixed(1)}M`,
  });
  return `${executed}\n${total}\n${costs}`;
}
