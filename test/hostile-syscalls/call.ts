import { type SyscallName, syscallNumbers } from "../../src/kernel/syscalls/numbers.ts";

/** A call as the guest's table has it. */
export interface Call {
  readonly number: number;
  readonly args: readonly bigint[];
  readonly mode: number;
}
export const CALL_BYTES = 64;

/** What the guest does with an entry: a call; one whose first argument is the last result; a load and a store; a jump. */
export const Mode = { call: 0, again: 1, touch: 2, jump: 3 } as const;

export const NAMES = new Map<number, SyscallName>(
  Object.entries(syscallNumbers).map(([name, number]) => [number, name as SyscallName]),
);

/** A call with the arguments given; the others are 0. */
export function call(name: SyscallName, ...args: (bigint | number)[]): Call {
  const padded = Array.from({ length: 6 }, (_, i) => BigInt(args[i] ?? 0));
  return { number: syscallNumbers[name], args: padded, mode: Mode.call };
}

/** Loads and stores a byte. */
export const touch = (at: number): Call => ({ ...call("read", at), mode: Mode.touch });

export function describe({ number, args, mode }: Call): string {
  const name = ["", "(again) ", "touch ", "jump "][mode] + (mode < 2 ? (NAMES.get(number) ?? number) : "");
  return `${name}(${args.map((one) => `0x${BigInt.asUintN(64, one).toString(16)}`).join(", ")})`;
}
