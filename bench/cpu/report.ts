import { geometricMean, type Summary, summarise } from "../statistics.ts";
import { formatTable, spread } from "../table.ts";

/** What the suite is measured beside. */
export const PEERS = ["native", "qemu-riscv64", "linux"] as const;
export type Peer = (typeof PEERS)[number];

export interface CpuOptions {
  readonly rounds: number;
  /** Only this program. */
  readonly program?: string;
  /** For `runikraft run`. */
  readonly run: readonly string[];
  /** Another Node, to run on beside this one. */
  readonly node?: string;
  /** The folder with CoreMark and Dhrystone. */
  readonly external?: string;
  /** Whether Linux is booted in qemu-system-riscv64. */
  readonly linux: boolean;
}

/** Seconds of one of our runs. */
export interface OwnRun {
  /** Of the whole process. */
  readonly seconds: number;
  /** In which the guest ran: the start of Node and loading the program are not in it. */
  readonly guestSeconds: number;
}

/** How a program ran on one Node. */
export interface Own {
  readonly seconds: Summary;
  readonly guestSeconds: Summary;
  /**
   * A peer's time over ours within a round: above 1 we are faster. Like is compared with like: whole processes, and with
   * Linux what the guest spends.
   */
  readonly speed: Readonly<Partial<Record<Peer, Summary>>>;
}

export interface CpuFigure {
  readonly name: string;
  readonly about: string;
  readonly isFloat: boolean;
  /** It does nothing but start: no part of what all programs together say. */
  readonly isStart: boolean;
  readonly from: string;
  /** What the machine retired, ours, in the first round. */
  readonly instructions: number;
  readonly work?: { readonly amount: number; readonly unit: string };
  /** Seconds on the peers that have such a program. */
  readonly peers: Readonly<Partial<Record<Peer, Summary>>>;
  /** In the order of `CpuReport.nodes`. */
  readonly own: readonly Own[];
}

export interface CpuReport {
  /** The host's compiler. */
  readonly native: string;
  /** QEMU's version and the kernel's name, where Linux was booted. */
  readonly linux?: string;
  /** Versions; the first is that of the benchmark itself. */
  readonly nodes: readonly string[];
  readonly figures: readonly CpuFigure[];
}

/** Summarises what the rounds said of a program on one Node. */
export function ownFigure(
  runs: readonly OwnRun[],
  peers: Readonly<Partial<Record<Peer, readonly number[]>>>,
): Own {
  const seconds = runs.map((run) => run.seconds);
  const guestSeconds = runs.map((run) => run.guestSeconds);
  const speed: Partial<Record<Peer, Summary>> = {};
  for (const peer of PEERS) {
    const ours = peer === "linux" ? guestSeconds : seconds;
    const theirs = peers[peer];
    if (theirs) speed[peer] = summarise(theirs.map((time, round) => time / ours[round]));
  }
  return { seconds: summarise(seconds), guestSeconds: summarise(guestSeconds), speed };
}

/** What all programs together say of our speed beside a peer's: of the medians. */
export interface Overall {
  readonly programs: number;
  readonly mean: number;
  readonly least: { readonly name: string; readonly speed: number };
}

/** Of the figures that `counts`, on the Node with that index; `undefined` where the peer ran none of them. */
export function overall(
  { figures }: CpuReport,
  peer: Peer,
  counts: (figure: CpuFigure) => boolean = () => true,
  node = 0,
): Overall | undefined {
  const found = figures
    .filter((figure) => !figure.isStart && counts(figure))
    .flatMap(({ name, own }) => {
      const speed = own[node].speed[peer]?.median;
      return speed === undefined ? [] : [{ name, speed }];
    });
  if (found.length === 0) return undefined;
  return {
    programs: found.length,
    mean: geometricMean(found.map(({ speed }) => speed)),
    least: found.reduce((a, b) => (b.speed < a.speed ? b : a)),
  };
}

/** The report for people. */
export function formatCpu(report: CpuReport): string[] {
  const tables = report.nodes.flatMap((version, node) => [
    `runikraft on Node ${version}`,
    ...formatTable(
      report.figures.map((figure) => row(figure, node)),
      HEAD,
    ),
    ...summaries(report, node),
  ]);
  return [
    "CPU suite: seconds, and a peer's time over ours (above 1 we are faster)",
    ...tables,
    ...report.figures.flatMap((figure) => rates(figure, report.nodes)),
    `  native is built by ${report.native}`,
    ...(report.linux === undefined ? [] : [`  linux is ${report.linux}`]),
  ];
}

const HEAD = [
  ...["program", "million instr.", ...PEERS, "runikraft", "in the guest"],
  ...["qemu-riscv64 / ours", "linux / ours", "native / ours", "what it is"],
];

function row({ name, about, instructions, peers, own }: CpuFigure, node: number): string[] {
  const { seconds, guestSeconds, speed } = own[node];
  const cell = (summary?: Summary) => (summary ? spread(summary, 2) : "-");
  return [
    ...[name, (instructions / 1e6).toFixed(0)],
    ...PEERS.map((peer) => peers[peer]?.median.toFixed(2) ?? "-"),
    ...[seconds.median.toFixed(2), guestSeconds.median.toFixed(2)],
    ...[cell(speed["qemu-riscv64"]), cell(speed.linux), speed.native?.median.toFixed(2) ?? "-", about],
  ];
}

const GROUPS: readonly { readonly name: string; counts(figure: CpuFigure): boolean }[] = [
  { name: "all", counts: () => true },
  { name: "floating point", counts: ({ isFloat }) => isFloat },
  { name: "Debian's", counts: ({ from }) => from === "debian" },
];

function summaries(report: CpuReport, node: number): string[] {
  if (report.figures.length < 2) return [];
  return PEERS.slice(1).flatMap((peer) =>
    GROUPS.flatMap(({ name, counts }) => {
      const found = overall(report, peer, counts, node);
      if (!found) return [];
      const { programs, mean, least } = found;
      const worst = `least ${least.speed.toFixed(2)} (${least.name})`;
      return [`  ${peer} / ours, ${name} (${programs}): geometric mean ${mean.toFixed(2)}, ${worst}`];
    }),
  );
}

/** A line with what is done in a second, where that is how a program is compared. */
function rates({ name, work, peers, own }: CpuFigure, nodes: readonly string[]): string[] {
  if (!work) return [];
  const rate = (who: string, time: Summary) => `${who} ${(work.amount / time.median).toFixed(0)}`;
  const all = [
    ...PEERS.flatMap((peer) => (peers[peer] ? [rate(peer, peers[peer])] : [])),
    ...own.map(({ seconds }, i) => rate(`runikraft on ${nodes[i]}`, seconds)),
  ];
  return [`  ${name}, ${work.unit} a second: ${all.join(", ")}`];
}
