import type { Hart } from "../../cpu/hart.ts";
import type { SignalInfo } from "./signals.ts";
import type { AlternateStack } from "./thread-signals.ts";

/**
 * The signal frame of riscv64 Linux (arch/riscv/kernel/signal.c, `struct rt_sigframe`; uapi sigcontext.h and
 * ucontext.h), as it stands on the user's stack while a handler runs:
 *
 *       0  siginfo_t                                128 bytes
 *     128  ucontext_t: uc_flags, uc_link             16
 *     144    uc_stack: ss_sp, ss_flags, pad, ss_size 24
 *     168    uc_sigmask, reserved to 1024 bits      128
 *     304    uc_mcontext (aligned to 16): pc, x1 … x31
 *     560      f0 … f31
 *     816      fcsr
 *    1076      extension header: magic 0 and size 0 end the list
 *    1088  end
 */
export const FRAME_SIZE = 1088;
export const INFO_OFFSET = 0;
export const CONTEXT_OFFSET = 128;
const STACK_OFFSET = 144;
const MASK_OFFSET = 168;
const REGISTERS_OFFSET = 304;
const FLOATS_OFFSET = 560;
const FCSR_OFFSET = 816;

/** The frame's bytes for a thread whose registers are the hart's. */
export function buildFrame(
  hart: Hart,
  info: SignalInfo,
  mask: { low: number; high: number },
  stack: AlternateStack,
): Uint8Array {
  const bytes = new Uint8Array(FRAME_SIZE);
  const view = new DataView(bytes.buffer);
  writeInfo(view, info);
  view.setBigUint64(STACK_OFFSET, BigInt(stack.base), true);
  view.setUint32(STACK_OFFSET + 8, stack.flags, true);
  view.setBigUint64(STACK_OFFSET + 16, BigInt(stack.size), true);
  view.setInt32(MASK_OFFSET, mask.low, true);
  view.setInt32(MASK_OFFSET + 4, mask.high, true);
  view.setBigInt64(REGISTERS_OFFSET, hart.pc, true);
  for (let i = 1; i < 32; i++) view.setBigInt64(REGISTERS_OFFSET + 8 * i, hart.x(i), true);
  for (let i = 0; i < 32; i++) view.setBigUint64(FLOATS_OFFSET + 8 * i, hart.f(i), true);
  view.setUint32(FCSR_OFFSET, (hart.csrs.frm << 5) | hart.csrs.fflags, true);
  return bytes;
}

/** Puts the registers of a frame back, and returns its signal mask and alternate stack. */
export function restoreFrame(
  hart: Hart,
  bytes: Uint8Array,
): { low: number; high: number; stack: AlternateStack } {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  hart.pc = view.getBigInt64(REGISTERS_OFFSET, true);
  for (let i = 1; i < 32; i++) hart.setX(i, view.getBigInt64(REGISTERS_OFFSET + 8 * i, true));
  for (let i = 0; i < 32; i++) hart.setF(i, view.getBigUint64(FLOATS_OFFSET + 8 * i, true));
  const fcsr = view.getUint32(FCSR_OFFSET, true);
  hart.csrs.fflags = fcsr & 31;
  hart.csrs.setFrm((fcsr >>> 5) & 7);
  return {
    low: view.getInt32(MASK_OFFSET, true),
    high: view.getInt32(MASK_OFFSET + 4, true),
    stack: {
      base: Number(view.getBigUint64(STACK_OFFSET, true)),
      flags: view.getUint32(STACK_OFFSET + 8, true),
      size: Number(view.getBigUint64(STACK_OFFSET + 16, true)),
    },
  };
}

export const INFO_SIZE = 128;

/** `siginfo_t` at the view's start: number, errno, code, and a union at byte 16. */
export function writeInfo(view: DataView, info: SignalInfo): void {
  view.setInt32(0, info.signal, true);
  view.setInt32(4, info.errno ?? 0, true);
  view.setInt32(8, info.code, true);
  if (info.address !== undefined) {
    view.setBigInt64(16, info.address, true);
    return;
  }
  view.setInt32(16, info.pid ?? 0, true);
  view.setInt32(20, info.uid ?? 0, true);
  if (info.value !== undefined) view.setBigInt64(24, info.value, true);
}
