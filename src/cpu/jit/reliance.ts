import { INEXACT } from "../csr-state.ts";
import type { Hart } from "../hart.ts";
import { HART, TLB } from "../layout.ts";

/** What regions that are being run rely on, before and after a system instruction of one of them. */
export class Reliance {
  /** Bits 31 to 0, and the others. */
  private pc = 0;
  private pcHigh = 0;
  private tlb = 0;
  private generation = 0;
  private floatState = 0;
  private frm = 0;
  private inexact = 0;
  private removals = 0;

  /** Before the instruction at pc. */
  note(hart: Hart): void {
    const { i32 } = hart.arena;
    const { csrs } = hart;
    this.pc = i32[(hart.base + HART.pc) / 4];
    this.pcHigh = i32[(hart.base + HART.pc) / 4 + 1];
    this.tlb = i32[(hart.base + HART.dataTlb) / 4];
    this.generation = i32[((this.tlb >>> 0) + TLB.generation) / 4];
    this.floatState = csrs.floatState;
    this.frm = csrs.frm;
    this.inexact = csrs.fflags & INEXACT;
    this.removals = hart.engine.jit?.table.removals ?? 0;
  }

  /** The next instruction is the one behind, and all is as it was. */
  holdsBehind(hart: Hart): boolean {
    const { i32 } = hart.arena;
    const { csrs } = hart;
    return (
      i32[(hart.base + HART.pc) / 4] === this.pc + 4 &&
      i32[(hart.base + HART.pc) / 4 + 1] === this.pcHigh &&
      i32[(hart.base + HART.dataTlb) / 4] === this.tlb &&
      i32[((this.tlb >>> 0) + TLB.generation) / 4] === this.generation &&
      csrs.floatState === this.floatState &&
      csrs.frm === this.frm &&
      (csrs.fflags & INEXACT) === this.inexact &&
      hart.engine.jit?.table.removals === this.removals
    );
  }
}
