import { system } from "../meaning.ts";
import type { Row } from "../row.ts";
import { rowsOf } from "./builder.ts";

const row = rowsOf("Priv");

/** Environment calls and the privileged architecture's instructions. */
// biome-ignore format: a row reads best as a table entry
export const privileged: readonly Row[] = [
  row("ecall", "000000000000 00000 000 00000 1110011", "",
    "Calls the execution environment: the kernel, or the firmware below it.", system("ecall")),
  row("ebreak", "000000000001 00000 000 00000 1110011", "",
    "Hands over to a debugger by a breakpoint exception.", system("ebreak")),
  row("sret", "0001000 00010 00000 000 00000 1110011", "",
    "Returns from a trap taken in supervisor mode, to the address in sepc.", system("sret")),
  row("mret", "0011000 00010 00000 000 00000 1110011", "",
    "Returns from a trap taken in machine mode, to the address in mepc.", system("mret")),
  row("wfi", "0001000 00101 00000 000 00000 1110011", "",
    "Waits until an interrupt is pending.", system("wfi")),
  row("sfence.vma", "0001001 rs2 rs1 000 00000 1110011", "rs1, rs2",
    "Makes changed page tables hold for later accesses: for the address in rs1 and the address space in rs2, or for all where the register is zero.",
    system("sfence.vma")),
];
