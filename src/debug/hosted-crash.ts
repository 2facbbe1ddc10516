import type { Crash, ExitStatus } from "../kernel/rkprocess/exit.ts";
import { signal } from "../kernel/rksignal/signals.ts";
import type { HostedMachine } from "../machine/hosted.ts";
import { crashReport, killedBy } from "./crash.ts";
import { hostedMemory, hostedSymbols, symbolizer } from "./hosted-target.ts";

type Killed = Extract<ExitStatus, { kind: "signal" }>;

/** Signals that say that the program itself went wrong: the ones for which Linux writes a core file. */
const FAULTS: ReadonlySet<number> = new Set([
  signal.SIGQUIT,
  signal.SIGILL,
  signal.SIGTRAP,
  signal.SIGABRT,
  signal.SIGBUS,
  signal.SIGFPE,
  signal.SIGSEGV,
  signal.SIGXCPU,
  signal.SIGXFSZ,
  signal.SIGSYS,
]);
/** Ends that a user has asked for or that a shell does not mention either. */
const QUIET: ReadonlySet<number> = new Set([signal.SIGINT, signal.SIGPIPE]);

/** What to say of a program that a signal killed; `undefined`: nothing. */
export async function hostedCrash(
  machine: HostedMachine,
  elf: Uint8Array,
  killed: Killed,
): Promise<string | undefined> {
  if (QUIET.has(killed.signal)) return undefined;
  if (!killed.crash && !FAULTS.has(killed.signal)) return killedBy(killed.signal);
  return crashReport({
    crash: killed.crash ?? whereItStands(machine, killed.signal),
    memory: hostedMemory(machine),
    areas: machine.areas(),
    symbolize: symbolizer(await hostedSymbols(machine, elf)),
    seed: machine.layout.seed,
  });
}

/** A signal that was sent, as `abort` does: the registers are still those of the thread that was running. */
function whereItStands({ board: { hart } }: HostedMachine, number: number): Crash {
  return {
    signal: number,
    code: 0,
    address: undefined,
    access: undefined,
    area: undefined,
    pc: hart.pc,
    registers: Array.from({ length: 32 }, (_, i) => hart.x(i)),
  };
}
