import type { ColdStart } from "./cold-start.ts";
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
const COLD_START_MS = 50;
const LIVE_MS = 10;

/** The project's marks, for a quiet machine: medians of wall time. */
export function marks({ throughput, steadiness, coldStart, live }: Results): Mark[] {
  const found: Mark[] = throughput.map(({ program, mips }) => ({
    what: `${program}: at least ${LEAST_MIPS} MIPS`,
    measured: `${mips.median.toFixed(0)} MIPS`,
    met: mips.median >= LEAST_MIPS,
  }));
  if (steadiness)
    found.push({
      what: `the first second at least ${STEADY} as fast as later ones`,
      measured: steadiness.ratio.toFixed(2),
      met: steadiness.ratio >= STEADY,
    });
  if (coldStart)
    found.push({
      what: `hello within ${COLD_START_MS} ms of node -e 0`,
      measured: `${coldStart.overNode.median.toFixed(1)} ms`,
      met: coldStart.overNode.median <= COLD_START_MS,
    });
  if (live)
    found.push({
      what: `a machine and a hello in a live process within ${LIVE_MS} ms`,
      measured: `${live.total.median.toFixed(1)} ms`,
      met: live.total.median <= LIVE_MS,
    });
  return found;
}
