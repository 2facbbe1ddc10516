import { BenchError } from "../child.ts";
import { summarise } from "../statistics.ts";
import type { Machine, runikraft } from "./machines.ts";
import { type CpuFigure, type OwnRun, ownFigure, PEERS, type Peer } from "./report.ts";
import type { Subject } from "./subjects.ts";

type OwnMachine = ReturnType<typeof runikraft>;

/** What the rounds so far said of a subject. */
interface Measured {
  readonly peers: Partial<Record<Peer, number[]>>;
  /** Of each of our machines. */
  readonly own: OwnRun[][];
  instructions: number;
  result: string | undefined;
}

/** Runs each subject on every machine in turn, and so on in every round. Rejects with `BenchError` where a result is wrong. */
export async function measureCpu(
  subjects: readonly Subject[],
  peers: readonly Machine[],
  own: readonly OwnMachine[],
  rounds: number,
): Promise<CpuFigure[]> {
  const measured = new Map<Subject, Measured>(
    subjects.map((subject) => [
      subject,
      { peers: {}, own: own.map(() => []), instructions: 0, result: subject.result },
    ]),
  );
  for (let round = 1; round <= rounds; round++) {
    console.error(`cpu: round ${round} of ${rounds}`);
    try {
      for (const peer of peers) await peer.begin();
      for (const [subject, taken] of measured) await runOnce(subject, peers, own, taken);
    } finally {
      for (const peer of peers) await peer.end();
    }
  }
  return [...measured].map(([subject, taken]) => figureOf(subject, taken));
}

async function runOnce(
  subject: Subject,
  peers: readonly Machine[],
  own: readonly OwnMachine[],
  taken: Measured,
): Promise<void> {
  for (const peer of peers) {
    const run = await named(subject, peer.name, () => peer.run(subject));
    if (!run) continue;
    checkResult(subject, peer.name, run.stdout, taken);
    taken.peers[peer.name] = [...(taken.peers[peer.name] ?? []), run.seconds];
  }
  for (const [i, machine] of own.entries()) {
    const { stdout, seconds, guest } = await named(subject, "runikraft", () => machine.run(subject));
    checkResult(subject, "runikraft", stdout, taken);
    taken.own[i].push({ seconds, guestSeconds: guest.seconds });
    taken.instructions ||= guest.instructions;
  }
}

async function named<T>({ name }: Subject, who: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new BenchError(`${name}: ${who}: ${(error as Error).message}`);
  }
}

/** Where a result is not known beforehand, it is that of the first run. */
function checkResult(
  { name, resultOf }: Subject,
  who: string,
  stdout: string,
  taken: Pick<Measured, "result">,
): void {
  const result = resultOf ? resultOf(stdout) : stdout;
  taken.result ??= result;
  if (result !== taken.result)
    throw new BenchError(
      `${name}: ${who} has ${JSON.stringify(result)}, and it must be ${JSON.stringify(taken.result)}`,
    );
}

function figureOf(subject: Subject, taken: Measured): CpuFigure {
  const { name, about, isFloat, isStart = false, from, work } = subject;
  const peers: Partial<Record<Peer, ReturnType<typeof summarise>>> = {};
  for (const peer of PEERS) {
    const seconds = taken.peers[peer];
    if (seconds) peers[peer] = summarise(seconds);
  }
  return {
    ...{ name, about, isFloat, isStart, from, peers },
    instructions: taken.instructions,
    ...(work && { work }),
    own: taken.own.map((runs) => ownFigure(runs, taken.peers)),
  };
}
