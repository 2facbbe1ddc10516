import { createHosted, type HostedMachine, MemoryConsole, nodeHost } from "../src/index.ts";

/** Bytes of memory of a benchmark's guest. */
const MEMORY = 64 << 20;

export interface Guest {
  readonly machine: HostedMachine;
  readonly console: MemoryConsole;
}

/** A machine in this process with a program at its first instruction: nothing of the host's, the same every time. */
export async function createGuest(
  elf: Uint8Array,
  name: string,
  args: readonly string[] = [],
): Promise<Guest> {
  const console = new MemoryConsole();
  const machine = await createHosted({
    program: { bytes: elf, path: `/bin/${name}` },
    args: [name, ...args],
    env: [],
    memory: MEMORY,
    seed: 1n,
    console,
    host: nodeHost,
  });
  return { machine, console };
}
