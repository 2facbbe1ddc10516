import type { ColdStart } from "./cold-start.ts";
import { type CpuReport, overall } from "./cpu/report.ts";
import type { KernelReport } from "./kernel/report.ts";
import type { Live } from "./live.ts";
import type { Steadiness } from "./steadiness.ts";
import type { Throughput } from "./throughput.ts";

/** What has been measured; parts that were not asked for are absent. */
export interface Results {
  readonly throughput: readonly Throughput[];
  readonly steadiness?: Steadiness;
  readonly coldStart?: ColdStart;
  readonly live?: Live;
  readonly cpu?: CpuReport;
  readonly kernel?: KernelReport;
}

/** Something to reach, and whether it was. */
export interface Mark {
  readonly what: string;
  readonly measured: string;
  readonly met: boolean;
}

const LEAST_MIPS = 150;
const STEADY = 0.9;
const COLD_START_MS = 60;
const LIVE_MS = 10;
/** Our speed over a peer's, geometric means of the CPU suite's programs, and of the least program. */
const CPU = { qemu: 1.5, linux: 2, least: 0.7, float: 3 };

/** The project's marks, for a quiet machine: medians of wall time. */
export function marks({ throughput, steadiness, coldStart, live, cpu, kernel }: Results): Mark[] {
  const found: Mark[] = throughput.map(({ program, mips }) => ({
    what: `${program}: at least ${LEAST_MIPS} MIPS`,
    measured: `${mips.median.toFixed(0)} MIPS`,
    met: mips.median >= LEAST_MIPS,
  }));
  if (steadiness)
    found.push(
      atLeast(`the first second at least ${STEADY} as fast as later ones`, steadiness.ratio, STEADY),
    );
  if (coldStart)
    found.push(
      within(`hello within ${COLD_START_MS} ms of node -e 0`, coldStart.overNode.median, COLD_START_MS),
    );
  if (live)
    found.push(
      within(`a machine and a hello in a live process within ${LIVE_MS} ms`, live.total.median, LIVE_MS),
    );
  return [...found, ...(cpu ? cpuMarks(cpu) : []), ...(kernel ? kernelMarks(kernel) : [])];
}

/** Of the suite: there are none where a single program was asked for. */
function cpuMarks(cpu: CpuReport): Mark[] {
  if (cpu.figures.length < 2) return [];
  const found: Mark[] = [];
  const qemu = overall(cpu, "qemu-riscv64");
  const floats = overall(cpu, "qemu-riscv64", ({ isFloat }) => isFloat);
  const linux = overall(cpu, "linux");
  if (qemu) {
    const { mean, least } = qemu;
    found.push(atLeast(`CPU suite: geometric mean at least ${CPU.qemu} of qemu-riscv64`, mean, CPU.qemu));
    found.push(
      atLeast(`CPU suite: no program under ${CPU.least} of qemu-riscv64`, least.speed, CPU.least, least.name),
    );
  }
  if (floats) {
    const { mean, least } = floats;
    const worst = `least ${least.speed.toFixed(2)}, ${least.name}`;
    const what = `CPU suite: floating point at least ${CPU.float} of qemu-riscv64`;
    found.push(atLeast(what, mean, CPU.float, worst));
  }
  if (linux)
    found.push(atLeast(`CPU suite: geometric mean at least ${CPU.linux} of Linux`, linux.mean, CPU.linux));
  const python = cpu.figures.find(({ name }) => name === "python-start")?.own[0].speed["qemu-riscv64"];
  if (python)
    found.push(atLeast("python3, started from the host, as fast as under qemu-riscv64", python.median, 1));
  return found;
}

function kernelMarks({ figures }: KernelReport): Mark[] {
  const found = figures.flatMap(({ name, speed }) => {
    const beside = speed.linux?.median;
    if (beside === undefined) return [];
    return [atLeast(`${name}: as fast as Linux in qemu-system-riscv64`, beside, 1)];
  });
  const python = figures.find(({ name }) => name === "python")?.speed["qemu-riscv64"]?.median;
  if (python !== undefined)
    found.push(
      atLeast("python3, started by a program of the guest, as fast as under qemu-riscv64", python, 1),
    );
  return found;
}

function atLeast(what: string, ratio: number, mark: number, note?: string): Mark {
  return { what, measured: ratio.toFixed(2) + (note ? ` (${note})` : ""), met: ratio >= mark };
}

function within(what: string, milliseconds: number, mark: number): Mark {
  return { what, measured: `${milliseconds.toFixed(1)} ms`, met: milliseconds <= mark };
}
