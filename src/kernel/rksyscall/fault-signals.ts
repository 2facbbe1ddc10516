import { Cause } from "../../cpu/layout.ts";
import { type SignalInfo, signal } from "../rksignal/signals.ts";
import type { Fault } from "../rkvm/address-space.ts";

const SEGV_MAPERR = 1;
const SEGV_ACCERR = 2;
const BUS_ADRALN = 1;
const BUS_ADRERR = 2;
const ILL_ILLOPC = 1;
const TRAP_BRKPT = 1;
const SI_KERNEL = 0x80;

/** The signal for a page fault that could not be made good. */
export function faultSignal(fault: Fault, address: bigint): SignalInfo {
  switch (fault) {
    case "unmapped":
      return { signal: signal.SIGSEGV, code: SEGV_MAPERR, address };
    case "forbidden":
      return { signal: signal.SIGSEGV, code: SEGV_ACCERR, address };
    case "beyondFile":
      return { signal: signal.SIGBUS, code: BUS_ADRERR, address };
    // As Linux does when memory was promised that there is not.
    case "outOfMemory":
      return { signal: signal.SIGKILL, code: SI_KERNEL, address };
  }
}

/** The signal for any other exception of user mode (arch/riscv/kernel/traps.c). */
export function trapSignal(cause: number, tval: bigint, pc: bigint): SignalInfo {
  switch (cause) {
    case Cause.illegalInstruction:
      return { signal: signal.SIGILL, code: ILL_ILLOPC, address: pc };
    case Cause.breakpoint:
      return { signal: signal.SIGTRAP, code: TRAP_BRKPT, address: pc };
    case Cause.instructionMisaligned:
    case Cause.loadMisaligned:
    case Cause.storeMisaligned:
      return { signal: signal.SIGBUS, code: BUS_ADRALN, address: tval };
    case Cause.instructionAccess:
    case Cause.loadAccess:
    case Cause.storeAccess:
      return { signal: signal.SIGSEGV, code: SEGV_ACCERR, address: tval };
    default:
      return { signal: signal.SIGILL, code: SI_KERNEL, address: pc };
  }
}
