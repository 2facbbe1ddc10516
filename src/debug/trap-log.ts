import type { Hart } from "../cpu/hart.ts";
import { Cause } from "../cpu/layout.ts";
import type { Supervisor } from "../cpu/supervisor.ts";
import { debugText } from "../messages/debug.ts";
import { hex } from "../messages/hex.ts";

export interface TrapRecord {
  /** The step that was the trap, from 0 at the first instruction. */
  readonly step: number;
  readonly pc: bigint;
  /** Exception code, or interrupt number. */
  readonly cause: number;
  readonly tval: bigint;
  readonly interrupt: boolean;
}

const KEPT = 16;

/** Stands between a hart and its supervisor: counts the traps and keeps the last ones. */
export class TrapLog implements Supervisor {
  /** All traps so far. */
  count = 0;
  readonly last: TrapRecord[] = [];
  private readonly inner: Supervisor;

  constructor(inner: Supervisor) {
    this.inner = inner;
  }

  trap(hart: Hart, cause: number, tval: bigint, interrupt: boolean): boolean {
    const step = hart.retired + this.count++;
    if (this.last.length === KEPT) this.last.shift();
    this.last.push({
      step,
      pc: BigInt.asUintN(64, hart.pc),
      cause,
      tval: BigInt.asUintN(64, tval),
      interrupt,
    });
    return this.inner.trap(hart, cause, tval, interrupt);
  }
}

/** `page fault, write 0x3fff8` */
export function describeTrap({ cause, tval, interrupt }: TrapRecord): string {
  if (interrupt) return debugText.interrupt(cause);
  if (cause === Cause.ecallU) return debugText.ecall();
  const access = PAGE_FAULTS[cause];
  return access === undefined ? debugText.cause(cause, hex(tval)) : debugText.page(access(), hex(tval));
}

const PAGE_FAULTS: Record<number, () => string> = {
  [Cause.loadPage]: debugText.read,
  [Cause.storePage]: debugText.write,
  [Cause.instructionPage]: debugText.execute,
};
