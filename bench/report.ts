import { cpus, loadavg } from "node:os";
import { formatCpu } from "./cpu/report.ts";
import { formatKernel } from "./kernel/report.ts";
import { type Mark, marks, type Results } from "./marks.ts";
import type { Options } from "./options.ts";
import { formatTable, spread } from "./table.ts";
import { GCC, GCC_FLAGS, QEMU, toolVersion } from "./tools.ts";

/** What was measured on what. */
export interface Report extends Results {
  readonly environment: {
    readonly node: string;
    readonly processor: string;
    readonly cores: number;
    /** Over the last minute before the measurements began. */
    readonly load: number;
    readonly compiler: string;
    readonly qemu: string;
    readonly rounds: number;
    /** Of `runikraft run`, as given to the benchmark. */
    readonly run: readonly string[];
  };
  readonly marks: readonly Mark[];
}

/** To be called before anything is measured: the load is then that of others. */
export function describeEnvironment({ rounds, run }: Pick<Options, "rounds" | "run">): Report["environment"] {
  const all = cpus();
  return {
    node: process.version,
    processor: all[0]?.model.trim() ?? "unknown processor",
    cores: all.length,
    load: loadavg()[0],
    compiler: `${toolVersion(GCC)}, ${GCC_FLAGS.join(" ")}`,
    qemu: toolVersion(QEMU),
    rounds,
    run,
  };
}

export function makeReport(environment: Report["environment"], results: Results): Report {
  return { environment, ...results, marks: marks(results) };
}

/** The report for people. */
export function formatReport(report: Report): string {
  const { environment: on, throughput, steadiness, coldStart, live, cpu, kernel } = report;
  const sections = [
    [
      `Node ${on.node}, ${on.cores} x ${on.processor}, load before the start ${on.load.toFixed(2)}`,
      on.compiler,
      on.qemu,
      ...(on.run.length > 0 ? [`runikraft run ${on.run.join(" ")}`] : []),
      `medians of ${on.rounds} rounds, in brackets least and most`,
      ...(on.load > 0.5
        ? ["The machine is not quiet: trust processor time and ratios more than wall time."]
        : []),
    ],
  ];
  if (throughput.length > 0)
    sections.push(["Interpreter, MMU on", ...formatTable(throughput.map(throughputRow), HEAD)]);
  if (steadiness)
    sections.push([
      `Steadiness: MIPS of ${steadiness.program} in each quarter second of a new process`,
      `  ${steadiness.quarters.map((rate) => rate.toFixed(0)).join(" ")}`,
      `  first second ${steadiness.firstSecond.toFixed(0)}, later ${steadiness.later.toFixed(0)}: ratio ${steadiness.ratio.toFixed(2)}`,
    ]);
  if (coldStart) {
    const { ours, node, qemu, overNode, overQemu, cpuOverNode } = coldStart;
    sections.push([
      "Cold start of a static hello, from starting the process to its end",
      ...formatTable(
        [
          ["runikraft run hello", spread(ours, 1), `${overQemu.median.toFixed(1)} x qemu-riscv64`],
          ["node -e 0", spread(node, 1), `runikraft takes ${spread(overNode, 1)} ms more`],
          ["qemu-riscv64 hello", spread(qemu, 1), ""],
          ["processor time", "", `runikraft takes ${cpuOverNode.toFixed(1)} ms more than node -e 0`],
        ],
        ["", "ms", ""],
      ),
    ]);
  }
  if (live)
    sections.push([
      "A new machine and hello in a live process",
      `  create ${spread(live.create, 1)} ms, run ${spread(live.run, 1)} ms, together ${spread(live.total, 1)} ms`,
      `  processor time ${spread(live.cpu, 1)} ms`,
    ]);
  if (cpu) sections.push(formatCpu(cpu));
  if (kernel) sections.push(formatKernel(kernel));
  if (report.marks.length > 0)
    sections.push([
      "Marks",
      ...formatTable(
        report.marks.map(({ what, measured, met }) => [met ? "met" : "MISSED", what, measured]),
        ["", "", ""],
      ),
    ]);
  return sections.map((lines) => `${lines.join("\n")}\n`).join("\n");
}

const HEAD = [
  "program",
  "million instr.",
  "MIPS",
  "MIPS of cpu time",
  "qemu / ours, wall",
  "qemu / ours, cpu",
  "what it is",
];

function throughputRow(measured: Results["throughput"][number]): string[] {
  return [
    measured.program,
    (measured.instructions / 1e6).toFixed(0),
    spread(measured.mips, 0),
    spread(measured.cpuMips, 0),
    spread(measured.wallRatio, 2),
    spread(measured.cpuRatio, 2),
    measured.about,
  ];
}
