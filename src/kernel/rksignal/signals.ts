import { type Api, api } from "../library.ts";
import type { Process } from "../rkprocess/process.ts";
import type { Thread } from "../rkprocess/thread.ts";

/** Linux signal numbers (asm-generic). */
export const signal = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;

/** `siginfo_t`: what a handler with SA_SIGINFO is told. */
export interface SignalInfo {
  readonly signal: number;
  readonly code: number;
  readonly errno?: number;
  /** `si_addr` of a fault. */
  readonly address?: bigint;
  /** `si_pid`, `si_uid` of a sent signal. */
  readonly pid?: number;
  readonly uid?: number;
  /** `si_value` of `rt_sigqueueinfo`. */
  readonly value?: bigint;
  /** Called once it is not pending: it was taken in, dropped, or never queued. */
  readonly settled?: () => void;
}

/** Sending signals; what other libraries use (SIGPIPE, the terminal's SIGINT and SIGWINCH). */
export interface Signals {
  toThread(thread: Thread, info: SignalInfo): void;
  toProcess(process: Process, info: SignalInfo): void;
  /** To every process of the group. Returns how many there were. */
  toGroup(group: number, info: SignalInfo): number;
  /** Nobody outside of the group, in its session, looks after it: a stop would be for ever (POSIX, orphaned groups). */
  isOrphaned(group: number): boolean;
  /**
   * What the thread's own instruction has caused. It cannot be blocked or ignored: where it is, the process ends.
   * `access`: what a fault wanted to do.
   */
  fault(thread: Thread, info: SignalInfo, access?: "read" | "write" | "execute"): void;
  /**
   * Takes the signals that are due to a thread whose registers are the hart's: enters handlers, or ends or stops
   * the process. `restart`: the system call that it has just made was interrupted (ERESTARTSYS or
   * ERESTARTNOHAND; 0: it was not); its registers are as at the call's end, and are set to make it again or to fail
   * with EINTR.
   */
  deliver(thread: Thread, restart: number): void;
  /**
   * Another mask until the current system call has returned and the signals it lets through are taken (`ppoll`,
   * `rt_sigsuspend`). `low`, `high`: halves of the mask.
   */
  useMaskForCall(thread: Thread, low: number, high: number): void;
}

export const signals: Api<Signals> = api("rksignal");

/** A signal from the kernel itself (`SI_KERNEL`). */
export function fromKernel(number: number): SignalInfo {
  return { signal: number, code: 0x80 };
}

/** A signal that a process has brought upon itself by a system call, as if it had sent it (`SI_USER`). */
export function fromSelf({ pid, credentials }: Process, number: number): SignalInfo {
  return { signal: number, code: 0, pid, uid: credentials.uid };
}
