import { EventEmitter } from "node:events";
import { assemble } from "../isa/assembler/assemble.ts";
import { linkElf } from "../isa/assembler/elf.ts";
import { createHosted } from "./create-hosted.ts";
import type { HostedEmitter } from "./events.ts";
import type { HostedMachine } from "./hosted.ts";
import type { HostedOptions } from "./hosted-options.ts";

/** A machine with a program in assembly, and what it has printed. */
export interface Guest {
  readonly machine: HostedMachine;
  readonly output: () => string;
  readonly errors: () => string;
  readonly trace: string[];
  readonly unsupported: string[];
  /** Sends bytes to its standard input; `undefined` ends it. */
  type(text: string | undefined): void;
}

/** Symbols for guests: what the tests' programs use of the system call table. */
const NUMBERS = `
  .equ READ, 63
  .equ WRITE, 64
  .equ EXIT, 93
  .equ EXIT_GROUP, 94
  .equ NANOSLEEP, 101
  .equ SETITIMER, 103
  .equ SIGACTION, 134
  .equ SIGPROCMASK, 135
  .equ SIGRETURN, 139
  .equ SIGALTSTACK, 132
  .equ KILL, 129
  .equ GETPID, 172
  .equ BRK, 214
  .equ MUNMAP, 215
  .equ MMAP, 222
  .equ MPROTECT, 226
`;

/** Assembles `source` and loads it. Time is virtual unless `options` say otherwise. */
export async function guest(source: string, options: Partial<HostedOptions> = {}): Promise<Guest> {
  const bytes = linkElf(assemble(`${NUMBERS}\n.globl _start\n${source}`));
  const printed: [string, string] = ["", ""];
  const sink = (which: 0 | 1) => ({
    terminal: false,
    write: (part: Uint8Array) => {
      printed[which] += new TextDecoder("latin1").decode(part);
    },
  });
  const typed: number[] = [];
  let ended = false;
  const input = {
    terminal: false,
    read: (max: number) => (typed.length === 0 && ended ? undefined : Uint8Array.from(typed.splice(0, max))),
    onInput: () => {},
  };
  const trace: string[] = [];
  const unsupported: string[] = [];
  const machine = await createHosted({
    program: { bytes, path: "/guest" },
    args: ["guest"],
    env: [],
    memory: 16 << 20,
    seed: 1n,
    deterministic: true,
    console: {
      input,
      output: sink(0),
      error: sink(1),
      size: () => ({ rows: 24, columns: 80 }),
      onResize: () => {},
    },
    host: {
      milliseconds: () => performance.now(),
      now: () => 1_700_000_000_000_000_000n,
      entropy: (into) => into.fill(7),
      emitter: () => new EventEmitter() as HostedEmitter,
      nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
    },
    strace: (line) => trace.push(line),
    ...options,
  });
  machine.events.on("unsupported", (name) => unsupported.push(name));
  return {
    machine,
    output: () => printed[0],
    errors: () => printed[1],
    trace,
    unsupported,
    type(text) {
      if (text === undefined) ended = true;
      else typed.push(...new TextEncoder().encode(text));
      input.onInput();
    },
  };
}
