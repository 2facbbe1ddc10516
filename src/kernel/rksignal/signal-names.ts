import { signal } from "./signals.ts";

const names = new Map<number, string>(Object.entries(signal).map(([name, number]) => [number, name]));

/** `SIGSEGV` for 11, `SIGRT_2` for 34, as strace has it. */
export function signalName(number: number): string {
  return names.get(number) ?? (number >= 32 && number <= 64 ? `SIGRT_${number - 32}` : String(number));
}
