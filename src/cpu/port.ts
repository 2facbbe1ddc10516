/**
 * What compiled code calls when a software TLB does not answer. One object a hart, implemented by `Mmu`.
 * The virtual address stands in the hart block (`HART.address`), the value in `HART.value`. A method that
 * returns 0 has left `HART.cause` and `HART.tval` set and changed nothing else.
 */
export interface MemoryPort {
  /** Reads `size` bytes (any alignment), RAM or device. 1: `HART.value` holds them, zero-extended. */
  load(size: number): 0 | 1;
  /**
   * Writes the low `size` bytes of `HART.value`. 0 with the cause `STORE_DONE`: it is done, but a device wants the
   * run loop's attention before the next instruction.
   */
  store(size: number): 0 | 1;
  /**
   * Checks an atomic access (`reserve`: an `lr`, which only reads): its alignment, its permission and that it is RAM.
   * Returns the linear address at which it can be done now.
   */
  prepareAtomic(size: number, reserve: boolean): number;
  /** Physical page number (address / 4096, in RAM) that the fetch address stands in, or -1 with a trap set. */
  translateFetch(): number;
}

/** In `HART.cause`, which no exception code is: see `MemoryPort.store`. */
export const STORE_DONE = -1;
