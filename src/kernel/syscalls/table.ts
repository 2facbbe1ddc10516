import { hex } from "../../messages/hex.ts";
import type { Library } from "../library.ts";
import { NATIVE_BASE, nativeNumbers } from "./native.ts";
import { syscallNumbers } from "./numbers.ts";
import type { Support } from "./row.ts";

const namesByNumber = new Map<number, string>(
  Object.entries(syscallNumbers).map(([name, number]) => [number, name]),
);
const nativeNames = new Map<number, string>(
  Object.entries(nativeNumbers).map(([name, number]) => [NATIVE_BASE + number, name]),
);

/** `openat` for 56, `rk_malloc` for a native call; `syscall_0x2ff` for a number that is nobody's. */
export function syscallName(number: number): string {
  return namesByNumber.get(number) ?? nativeNames.get(number) ?? `syscall_${hex(number >>> 0)}`;
}

/** What a kernel of some libraries does with one system call of riscv64 Linux. */
export interface SyscallSupport {
  readonly number: number;
  readonly name: string;
  /** The library that has it; empty for `none`. */
  readonly library: string;
  readonly support: Support;
  /** What is missing, or why nothing need be done. */
  readonly note: string;
}

/** Every system call of riscv64 Linux, by number. */
export function syscallTable(libraries: readonly Library[]): SyscallSupport[] {
  const rows = new Map<number, SyscallSupport>();
  for (const library of libraries)
    for (const { number, name, support, note } of library.syscalls ?? [])
      rows.set(number, { number, name, library: library.name, support, note });
  return [...namesByNumber]
    .map(
      ([number, name]) =>
        rows.get(number) ?? { number, name, library: "", support: "none" as const, note: "" },
    )
    .sort((a, b) => a.number - b.number);
}
