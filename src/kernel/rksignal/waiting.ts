import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { readTimespec } from "../rktime/timespec.ts";
import { ERESTARTNOHAND, errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";
import { INFO_SIZE, writeInfo } from "./frame.ts";
import { SignalSet } from "./signal-set.ts";
import { signals } from "./signals.ts";
import { readSignalSet, SIGSET_SIZE, writeSignalSet } from "./user-set.ts";

function rtSigpending(thread: Thread, address: number, size: number): number {
  if (size > SIGSET_SIZE) return -errno.EINVAL;
  const set = new SignalSet();
  set.addAll(thread.signals.pending.set);
  set.addAll(thread.process.pendingSignals.set);
  const { blocked } = thread.signals;
  writeSignalSet(thread, address, { low: set.low & blocked.low, high: set.high & blocked.high });
  return 0;
}

/** Waits under another mask until a handler has run: always EINTR. */
function rtSigsuspend(thread: Thread, mask: number, size: number): number {
  if (size !== SIGSET_SIZE) return -errno.EINVAL;
  const set = readSignalSet(thread, mask);
  thread.kernel.use(signals).useMaskForCall(thread, set.low, set.high);
  return waitUntil(thread, {
    attempt: () => undefined,
    queues: [],
    interrupted: () => -ERESTARTNOHAND,
  });
}

/** Takes a pending signal of the set, or waits for one: it must be blocked, or its action would be taken. */
function rtSigtimedwait(thread: Thread, set: number, info: number, timeout: number, size: number): number {
  if (size !== SIGSET_SIZE) return -errno.EINVAL;
  const wanted = readSignalSet(thread, set);
  const limit = timeout === 0 ? undefined : readTimespec(thread, timeout);
  if (limit !== undefined && limit < 0) return -errno.EINVAL;
  const { blocked } = thread.signals;
  const before = { low: blocked.low, high: blocked.high };
  const taken = takeWaited(thread, wanted, info);
  if (taken > 0) return taken;
  // While it waits the signals count as unblocked, so that sending one ends the wait.
  blocked.removeAll(wanted);
  return waitUntil(thread, {
    attempt: () => takeWaited(thread, wanted, info) || undefined,
    queues: [],
    timeout: limit,
    timedOut: () => -errno.EAGAIN,
    interrupted: () => -errno.EINTR,
    finished: () => {
      blocked.assign(before);
      thread.signals.attention = thread.signalPending;
    },
  });
}

function takeWaited(thread: Thread, wanted: SignalSet, address: number): number {
  const isWanted = (number: number) => wanted.has(number);
  const info = thread.signals.pending.take(isWanted) ?? thread.process.pendingSignals.take(isWanted);
  if (!info) return 0;
  if (address !== 0) {
    const bytes = new Uint8Array(INFO_SIZE);
    writeInfo(new DataView(bytes.buffer), info);
    thread.memory.write(address, bytes);
  }
  return info.signal;
}

export const waitingSyscalls: readonly SyscallRow[] = [
  full("rt_sigpending", rtSigpending),
  full("rt_sigsuspend", rtSigsuspend),
  full("rt_sigtimedwait", rtSigtimedwait),
];
