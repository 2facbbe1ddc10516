import { createGuest } from "./guest.ts";
import { checkOutput, HELLO } from "./programs.ts";
import { type Summary, summarise } from "./statistics.ts";

/** Milliseconds that a machine and a hello in it take inside a process that is already running. */
export interface Live {
  /** To make the machine and load the program. */
  readonly create: Summary;
  /** To run it to its end. */
  readonly run: Summary;
  readonly total: Summary;
  /** Processor time of both, of all threads: what a busy machine changes little. */
  readonly cpu: Summary;
}

const WARM_UPS = 3;

/** Makes a machine and runs hello in it `rounds` times, each time a new one. */
export async function measureLive(hello: Uint8Array, rounds: number): Promise<Live> {
  const created: number[] = [];
  const ran: number[] = [];
  const spent: number[] = [];
  for (let round = -WARM_UPS; round < rounds; round++) {
    const before = process.cpuUsage();
    const start = performance.now();
    const { machine, console } = await createGuest(hello, HELLO.name);
    const ready = performance.now();
    await machine.run();
    const end = performance.now();
    checkOutput(HELLO.name, HELLO.small, "runikraft", console.text);
    if (round < 0) continue;
    created.push(ready - start);
    ran.push(end - ready);
    const { user, system } = process.cpuUsage(before);
    spent.push((user + system) / 1000);
  }
  const total = created.map((milliseconds, i) => milliseconds + ran[i]);
  return { create: summarise(created), run: summarise(ran), total: summarise(total), cpu: summarise(spent) };
}
