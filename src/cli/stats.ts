import type { HostedMachine } from "../machine/hosted.ts";
import { cliText } from "../messages/cli.ts";

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

/** One line of JSON: sizes in bytes, system calls by name, the seed as text since it has 64 bits. */
export function statsJson(machine: HostedMachine, seconds: number): string {
  return `${JSON.stringify(figures(machine, seconds))}\n`;
}

export function statsText(machine: HostedMachine, seconds: number): string {
  const { instructions, mips, pageFaults, syscalls, peakBytes } = figures(machine, seconds);
  const calls = Object.values(syscalls).reduce((sum, count) => sum + count, 0);
  return cliText.stats({
    instructions: String(instructions),
    seconds: seconds.toFixed(3),
    mips: mips.toFixed(1),
    faults: String(pageFaults),
    syscalls: String(calls),
    memory: peakBytes < 2 ** 20 ? `${peakBytes / 1024}K` : `${(peakBytes / 2 ** 20).toFixed(1)}M`,
  });
}
