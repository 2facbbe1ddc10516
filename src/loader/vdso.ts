import { type ElfFile, fileOf } from "./file.ts";
import { PAGE } from "./limits.ts";
import { VDSO_ELF } from "./vdso-elf.ts";

/**
 * The vDSO of `firmware/vdso`, which every program gets: a shared library that tells the time without a system call, and
 * where signal handlers return to (riscv64 has no `sa_restorer`). Before it stands a page of data that the kernel writes.
 */
export const VDSO_NAME = "[vdso]";
export const VVAR_NAME = "[vvar]";
/** Bytes of both. */
export const VDSO_SIZE = 2 * PAGE;

const bytes = Uint8Array.from(atob(VDSO_ELF), (digit) => digit.charCodeAt(0));

export const vdsoFile: ElfFile = fileOf(bytes);

/** `__vdso_rt_sigreturn`: the last two instructions. */
export const SIGRETURN_OFFSET = bytes.length - 8;

/** What the data page begins with. `clock`: nanoseconds from 1970 to the machine's start. */
export function vvarBytes(clock: bigint): Uint8Array {
  return new Uint8Array(BigInt64Array.of(clock).buffer);
}
