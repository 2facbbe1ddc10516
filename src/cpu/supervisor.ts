import type { Hart } from "./hart.ts";

/**
 * Who takes a hart's traps in place of guest code: the library OS. While a hart has a supervisor, every trap
 * taken in U-mode comes here instead of entering a trap vector; the hart's `pc` is the trapping instruction
 * (so a handled `ecall` must add 4). What the supervisor does to the hart's registers, page tables or `satp`
 * holds when `trap` returns.
 */
export interface Supervisor {
  /**
   * `cause`: exception code, or interrupt number with `interrupt` true. `tval` as the architecture has it.
   * Returns false when the hart must not go on for now (blocked, exited): `Hart.run` then returns.
   */
  trap(hart: Hart, cause: number, tval: bigint, interrupt: boolean): boolean;
}
