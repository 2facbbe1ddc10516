import { nodeHost } from "../src/host/node.ts";
import { createHosted, type HostedMachine } from "../src/machine/hosted.ts";

/** Bytes of memory of a benchmark's guest. */
const MEMORY = 64 << 20;

export interface Guest {
  readonly machine: HostedMachine;
  /** What it has printed so far. */
  output(): string;
}

/** A machine in this process with a program at its first instruction: nothing of the host's, the same every time. */
export async function createGuest(
  elf: Uint8Array,
  name: string,
  args: readonly string[] = [],
): Promise<Guest> {
  let printed = "";
  const keep = {
    terminal: false,
    write(bytes: Uint8Array) {
      printed += Buffer.from(bytes).toString();
    },
  };
  const machine = await createHosted({
    program: { bytes: elf, path: `/bin/${name}` },
    args: [name, ...args],
    env: [],
    memory: MEMORY,
    seed: 1n,
    console: {
      input: { terminal: false, read: () => undefined, onInput: () => {} },
      output: keep,
      error: keep,
      size: () => ({ rows: 24, columns: 80 }),
      onResize: () => {},
    },
    host: nodeHost,
  });
  return { machine, output: () => printed };
}
