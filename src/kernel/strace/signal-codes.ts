import { type SignalInfo, signal } from "../rksignal/signals.ts";

const SENT: Readonly<Record<number, string>> = {
  0: "SI_USER",
  128: "SI_KERNEL",
  [-1]: "SI_QUEUE",
  [-2]: "SI_TIMER",
  [-6]: "SI_TKILL",
};

/** Codes of what an instruction has caused, by signal. */
const CAUSED: Readonly<Record<number, readonly string[]>> = {
  [signal.SIGSEGV]: ["SEGV_MAPERR", "SEGV_ACCERR"],
  [signal.SIGBUS]: ["BUS_ADRALN", "BUS_ADRERR"],
  [signal.SIGILL]: ["ILL_ILLOPC"],
  [signal.SIGTRAP]: ["TRAP_BRKPT"],
};

/** `SEGV_MAPERR`, `SI_TKILL`: a signal's `si_code`. */
export function codeName({ signal: number, code }: SignalInfo): string {
  return SENT[code] ?? CAUSED[number]?.[code - 1] ?? String(code);
}
