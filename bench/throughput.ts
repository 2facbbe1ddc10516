import { BenchError, type Finished, runCommand } from "./child.ts";
import { checkOutput, type Program } from "./programs.ts";
import { type Summary, summarise } from "./statistics.ts";
import { commandLine, QEMU } from "./tools.ts";

/** How fast a program ran. Ratios are qemu's time divided by ours: above 1 we are faster. */
export interface Throughput {
  readonly program: string;
  readonly about: string;
  /** Retired by the program in the first round, exactly; the random layout changes it by a few. */
  readonly instructions: number;
  /** Million instructions a second, of the time in which the guest ran. */
  readonly mips: Summary;
  /** The same, of the processor time of the whole process, start included: what a busy machine changes little. */
  readonly cpuMips: Summary;
  readonly wallRatio: Summary;
  readonly cpuRatio: Summary;
}

/** Runs a built program by the interpreter and under qemu-riscv64 in turn, `rounds` times. */
export function measureThroughput(
  { name, about, small }: Program,
  executable: string,
  rounds: number,
): Throughput {
  const ours: (Finished & GuestRun)[] = [];
  const theirs: Finished[] = [];
  for (let round = 0; round < rounds; round++) {
    const args = [commandLine(), "run", "--jit=off", "--stats", "--json", executable];
    const run = runCommand(process.execPath, args);
    checkOutput(name, small, "runikraft", run.stdout);
    ours.push({ ...run, ...guestRun(run.stderr) });
    const peer = runCommand(QEMU, [executable]);
    checkOutput(name, small, QEMU, peer.stdout);
    theirs.push(peer);
  }
  const { instructions } = ours[0];
  const million = instructions / 1e6;
  return {
    program: name,
    about,
    instructions,
    mips: summarise(ours.map(({ seconds }) => million / seconds)),
    cpuMips: summarise(ours.map(({ cpu }) => million / (cpu / 1000))),
    wallRatio: summarise(ours.map(({ wall }, i) => theirs[i].wall / wall)),
    cpuRatio: summarise(ours.map(({ cpu }, i) => theirs[i].cpu / cpu)),
  };
}

export interface GuestRun {
  readonly instructions: number;
  /** In which the guest ran: starting Node and loading are not in it. */
  readonly seconds: number;
}

/** From what `--stats --json` prints as the last line of stderr. */
export function guestRun(stderr: string): GuestRun {
  const line = stderr.trimEnd().split("\n").pop() ?? "";
  try {
    const { instructions, seconds } = JSON.parse(line) as GuestRun;
    if (instructions > 0 && seconds > 0) return { instructions, seconds };
  } catch {
    // Said below.
  }
  throw new BenchError(`runikraft run --stats --json ended with: ${line}`);
}
