import type { Hart } from "../../cpu/hart.ts";
import { abortSequence } from "../rkprocess/restartable.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { SA_NODEFER, SA_ONSTACK, SA_RESETHAND, SIG_DFL, signalActions } from "./actions.ts";
import { buildFrame, CONTEXT_OFFSET, FRAME_SIZE, INFO_OFFSET } from "./frame.ts";
import type { SignalInfo } from "./signals.ts";
import { type AlternateStack, SS_DISABLE, SS_ONSTACK } from "./thread-signals.ts";
import { vdsoPlace } from "./vdso-place.ts";

const RA = 1;
const SP = 2;
const A0 = 10;
/** `SS_AUTODISARM`: the alternate stack is off while a handler runs on it. */
const SS_AUTODISARM = 0x8000_0000;

/**
 * Makes the thread, whose registers are the hart's, run its handler for `info`: the frame goes onto its stack and
 * the handler returns into the sigreturn page. False where the frame cannot be written.
 */
export function enterHandler(hart: Hart, thread: Thread, info: SignalInfo): boolean {
  if (!abortSequence(hart, thread)) return false;
  const { signals } = thread;
  const action = thread.process.get(signalActions)[info.signal];
  const { handler, flags, mask } = action;
  const stack = signals.alternateStack;
  const sp = hart.xn(SP);
  const useAlternate =
    (flags & SA_ONSTACK) !== 0 && (stack.flags & SS_DISABLE) === 0 && !isOnStack(sp, stack);
  const top = useAlternate ? stack.base + stack.size : sp;
  const frame = Math.floor((top - FRAME_SIZE) / 16) * 16;
  if (!useAlternate && isOnStack(sp, stack) && !isOnStack(frame, stack)) return false;
  const savedMask = signals.maskToRestore ?? { low: signals.blocked.low, high: signals.blocked.high };
  try {
    thread.memory.write(
      frame,
      buildFrame(hart, info, savedMask, { ...stack, flags: reportedFlags(stack, sp) }),
    );
  } catch (error) {
    if (error instanceof UserFault) return false;
    throw error;
  }
  signals.maskToRestore = undefined;
  hart.setXn(RA, thread.process.get(vdsoPlace).sigreturn);
  hart.setXn(SP, frame);
  hart.setXn(A0, info.signal);
  hart.setXn(A0 + 1, frame + INFO_OFFSET);
  hart.setXn(A0 + 2, frame + CONTEXT_OFFSET);
  hart.pc = BigInt(handler);
  signals.blocked.addAll(mask);
  if ((flags & SA_NODEFER) === 0) signals.blocked.add(info.signal);
  if ((flags & SA_RESETHAND) !== 0) action.handler = SIG_DFL;
  if ((stack.flags & SS_AUTODISARM) !== 0) signals.alternateStack = { base: 0, size: 0, flags: SS_DISABLE };
  return true;
}

/** On the alternate stack (which grows down: its first byte is not part of it). */
export function isOnStack(sp: number, stack: AlternateStack): boolean {
  if ((stack.flags & SS_AUTODISARM) !== 0) return false;
  return sp > stack.base && sp - stack.base <= stack.size;
}

/** `ss_flags` as `sigaltstack` and a signal frame tell them. */
export function reportedFlags(stack: AlternateStack, sp: number): number {
  if (stack.size === 0) return SS_DISABLE;
  return isOnStack(sp, stack) ? (stack.flags | SS_ONSTACK) >>> 0 : stack.flags;
}
