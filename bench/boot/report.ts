import { cpus, loadavg } from "node:os";
import { formatTable, spread } from "../table.ts";
import { QEMU_SYSTEM, toolVersion } from "../tools.ts";
import type { Measured } from "./figure.ts";

export interface Environment {
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  /** Over the last minute before the measurements began. */
  readonly load: number;
  readonly qemu: string;
  readonly kernel: string;
  readonly rounds: number;
}

export interface Report {
  readonly environment: Environment;
  readonly parts: readonly Measured[];
}

/** To be called before anything is measured: the load is then that of others. `kernel`: the kernel's file. */
export function describeEnvironment(rounds: number, kernel: string): Environment {
  const all = cpus();
  return {
    node: process.version,
    processor: all[0]?.model.trim() ?? "unknown processor",
    cores: all.length,
    load: loadavg()[0],
    qemu: toolVersion(QEMU_SYSTEM),
    kernel,
    rounds,
  };
}

/** The report for people. */
export function formatReport({ environment: on, parts }: Report): string {
  const head = [
    `Node ${on.node}, ${on.cores} x ${on.processor}, load before the start ${on.load.toFixed(2)}`,
    on.qemu,
    on.kernel,
    `medians of ${on.rounds} rounds, in brackets least and most; MB are millions of bytes`,
    ...(on.load > 0.5 ? ["The machine is not quiet: trust ratios more than times."] : []),
  ];
  return [head, ...parts.map(section)].map((lines) => `${lines.join("\n")}\n`).join("\n");
}

function section({ part, commands, figures }: Measured): string[] {
  const rows = figures.map(({ name, unit, ours, qemu, speed, mark }) => [
    name,
    ...[spread(ours, digits(ours.median)), spread(qemu, digits(qemu.median))],
    ...[unit, spread(speed, 2), mark === undefined ? "" : verdict(speed.median, mark)],
  ]);
  return [
    part,
    ...formatTable(rows, ["", "runikraft", "QEMU", "", "our speed / QEMU's", "mark"]),
    `  ${commands.ours.map(quoted).join(" ")}`,
    `  ${commands.qemu.map(quoted).join(" ")}`,
  ];
}

const verdict = (speed: number, mark: number): string =>
  `at least ${mark}: ${speed >= mark ? "met" : "MISSED"}`;

/** As many as tell two such figures apart. */
const digits = (value: number): number => (value < 100 ? 2 : 0);

/** As one would type it. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`);
