import type { Crash } from "../../src/kernel/rkprocess/exit.ts";
import { signal } from "../../src/kernel/rksignal/signals.ts";
import type { HostedMachine } from "../../src/machine/hosted.ts";
import { guest } from "../../src/machine/hosted-fixture.ts";
import type { HostedOptions } from "../../src/machine/hosted-options.ts";

/** Calls that attacking guests make, for their sources. */
export const MACROS = `
  # Copies code that would end the program well to t0 and calls it.
  .macro plant at
    la t1, payload
    mv t0, \\at
    ld t2, 0(t1)
    sd t2, 0(t0)
    ld t2, 8(t1)
    sd t2, 8(t0)
    fence.i
  .endm
  .macro mmap at, length, prot, flags
    li a7, MMAP
    li a0, \\at
    li a1, \\length
    li a2, \\prot
    li a3, \\flags
    li a4, -1
    li a5, 0
    ecall
  .endm
  .macro mprotect at, length, prot
    li a7, MPROTECT
    mv a0, \\at
    li a1, \\length
    li a2, \\prot
    ecall
  .endm
  .macro finish
    li a7, EXIT_GROUP
    ecall
  .endm
  .section .rodata
  .balign 8
  # li a0, 77; li a7, 94; ecall
  payload: .word 0x04d00513, 0x05e00893, 0x00000073, 0
  .text
`;

/** What the payload exits with where it runs. */
export const OWNED = 77;
const STEPS = 2_000_000;

/** Runs a program that attacks, its macros before it. Which register holds what is up to its test. */
export async function attack(source: string, options: Partial<HostedOptions> = {}) {
  const { machine, output } = await guest(`${MACROS}\n${source}`, { strace: undefined, ...options });
  const status = await machine.run(STEPS);
  const register = (number: number): number => Number(BigInt.asUintN(64, machine.board.hart.x(number)));
  return { machine, status, output, register };
}

/** The crash of an attack that must end by SIGSEGV. */
export async function segfault(source: string, options: Partial<HostedOptions> = {}) {
  const result = await attack(source, options);
  const { status } = result;
  if (status?.kind !== "signal" || status.signal !== signal.SIGSEGV || !status.crash)
    throw new Error(
      `no SIGSEGV: ${JSON.stringify(status, (_, value) => (typeof value === "bigint" ? `${value}` : value))}`,
    );
  return {
    ...result,
    crash: status.crash as Crash,
    saved: (number: number) => Number(status.crash?.registers[number]),
  };
}

/** What an attack that goes on exits with, signed. */
export async function exitOf(source: string, options: Partial<HostedOptions> = {}): Promise<number> {
  const { status } = await attack(source, options);
  if (status?.kind !== "exit") throw new Error(`did not exit: ${status?.kind}`);
  return (status.code << 24) >> 24;
}

/** The 64-bit word at an address, whatever protects it. */
export function wordAt(machine: HostedMachine, address: number): bigint {
  const bytes = machine.process.memory.forcedPage(address);
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(address % 4096, true);
}
