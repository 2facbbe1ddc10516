import { Console } from "../../test/guests/linux/console.ts";
import { type Emulator, qemu } from "../../test/guests/linux/emulators.ts";
import { BenchError, childrenTime } from "../child.ts";
import { figure, type Measured } from "./figure.ts";
import { LIMIT } from "./guest.ts";
import type { Part } from "./parts.ts";

/** Measures `emulator`, ours, and QEMU in turn, round by round. Rejects with `BenchError` where a result is wrong. */
export async function measure(part: Part, emulator: Emulator, rounds: number): Promise<Measured> {
  const ours: (readonly number[])[] = [];
  const theirs: (readonly number[])[] = [];
  for (let round = 0; round < rounds; round++) {
    ours.push(await runOnce(part, emulator, round === 0));
    theirs.push(await runOnce(part, qemu, round === 0));
  }
  const all = [...part.figures, { name: "processor time of all of it", unit: "s" } as const];
  const column = (runs: readonly (readonly number[])[], i: number) => runs.map((run) => run[i]);
  return {
    part: part.name,
    commands: { ours: emulator(part.computer), qemu: qemu(part.computer) },
    figures: all.map((what, i) => figure(what, column(ours, i), column(theirs, i))),
  };
}

/** The part's figures, and then the processor time of the whole process in seconds. */
async function runOnce(part: Part, emulator: Emulator, isFirst: boolean): Promise<readonly number[]> {
  const before = childrenTime();
  const start = performance.now();
  const guest = new Console(emulator(part.computer));
  try {
    await guest.expect("# ", LIMIT);
    const figures = await part.measure(guest, (performance.now() - start) / 1000, isFirst);
    guest.kill();
    await guest.ended;
    part.check?.();
    return [...figures, (childrenTime() - before) / 1000];
  } catch (error) {
    guest.kill();
    throw new BenchError(`${part.name}: ${emulator(part.computer)[0]}: ${(error as Error).message}`);
  }
}
