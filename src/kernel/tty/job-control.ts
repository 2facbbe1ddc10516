import type { Process } from "../rkprocess/process.ts";
import type { ProcessTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { SIG_IGN, signalActions } from "../rksignal/actions.ts";
import { fromKernel, type Signals, signal } from "../rksignal/signals.ts";
import { ERESTARTSYS, errno } from "../syscalls/errno.ts";

/** A terminal's session, and which of its process groups is in the foreground (POSIX, General Terminal Interface). */
export class JobControl {
  /** 0: nobody's controlling terminal. */
  session = 0;
  foreground = 0;
  private readonly signals: Signals;
  private readonly processes: ProcessTable;

  constructor(signals: Signals, processes: ProcessTable) {
    this.signals = signals;
    this.processes = processes;
  }

  /** The terminal is the controlling one of a process's session from now on. */
  control({ session, processGroup }: Process): void {
    this.session = session;
    this.foreground = processGroup;
  }

  /** A signal for the group in the foreground. */
  signal(number: number): void {
    if (this.foreground !== 0) this.signals.toGroup(this.foreground, fromKernel(number));
  }

  /**
   * Whether a thread of the session may read (SIGTTIN) or change (SIGTTOU) the terminal: 0, or a negative errno. One in the
   * background is stopped by the signal, and makes its call again when it goes on.
   */
  admit(thread: Thread, number: number): number {
    const { process } = thread;
    const isBackground = process.session === this.session && process.processGroup !== this.foreground;
    if (!isBackground || this.session === 0 || this.foreground === 0) return 0;
    const isDeaf =
      thread.signals.blocked.has(number) || process.get(signalActions)[number].handler === SIG_IGN;
    if (isDeaf) return number === signal.SIGTTIN ? -errno.EIO : 0;
    if (this.signals.isOrphaned(process.processGroup)) return -errno.EIO;
    this.signals.toGroup(process.processGroup, fromKernel(number));
    return -ERESTARTSYS;
  }

  /** A group of the caller's session comes to the foreground. Returns 0 or a negative errno. */
  bringForward(caller: Process, group: number): number {
    if (caller.session !== this.session) return -errno.ENOTTY;
    if (group < 0) return -errno.EINVAL;
    const members = [...this.processes.all()].filter((process) => process.processGroup === group);
    if (members.length === 0) return -errno.ESRCH;
    if (!members.some((process) => process.session === this.session)) return -errno.EPERM;
    this.foreground = group;
    return 0;
  }

  /** The session's leader has ended or given the terminal up, or the line is gone. */
  hangUp(): void {
    this.signal(signal.SIGHUP);
    this.signal(signal.SIGCONT);
    this.session = 0;
    this.foreground = 0;
  }
}
