import type { ConsolePort } from "../rkconsole/console.ts";
import { ROOT } from "../rkprocess/credentials.ts";
import type { Process } from "../rkprocess/process.ts";
import type { ProcessTable } from "../rkprocess/process-table.ts";
import type { Signals } from "../rksignal/signals.ts";
import type { Time } from "../rktime/time.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import type { Owner } from "../vfs/inode.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { JobControl } from "./job-control.ts";
import { Pty } from "./pty.ts";
import { Tty, TtyFile } from "./tty.ts";

/** The terminals of a machine: its console, and pseudoterminals. */
export class Terminals {
  readonly console: Tty;
  private readonly known = new Set<Tty>();
  private readonly signals: Signals;
  private readonly processes: ProcessTable;
  private readonly time: Time;
  /** Who makes the system call under way. */
  private readonly caller: () => Process | undefined;

  constructor(
    input: ConsolePort,
    screen: ConsolePort,
    signals: Signals,
    processes: ProcessTable,
    time: Time,
    caller: () => Process | undefined,
  ) {
    this.signals = signals;
    this.processes = processes;
    this.time = time;
    this.caller = caller;
    this.console = new Tty(input, screen, this.newJobs(), time);
    this.known.add(this.console);
    processes.onExit.push((process) => this.leaderEnded(process));
  }

  /** Whose what the system call under way makes is. */
  get callerIds(): Owner {
    const { fsuid, fsgid } = this.caller()?.credentials ?? ROOT;
    return { uid: fsuid, gid: fsgid };
  }

  newPty(number: number): Pty {
    const pty = new Pty(number, this.newJobs(), this.time);
    this.known.add(pty.tty);
    return pty;
  }

  /** The controlling terminal of a process. */
  controlling({ session }: Process): Tty | undefined {
    for (const tty of this.known) {
      if (tty.isGone) this.known.delete(tty);
      else if (tty.jobs.session === session) return tty;
    }
    return undefined;
  }

  /** `/dev/tty`: the caller's controlling terminal, whichever that is. */
  openControlling(location: Location, flags: number): OpenFile {
    const process = this.caller();
    const tty = process && this.controlling(process);
    return new TtyFile(location, flags, tty ?? fail("ENXIO"));
  }

  /** A session's leader that has no controlling terminal gets the one that it opens, unless with O_NOCTTY. */
  opened<F extends OpenFile>(file: F, tty: Tty, flags: number): F {
    const process = this.caller();
    const isFree = tty.jobs.session === 0 && !(flags & O.NOCTTY);
    if (process && isFree && process.session === process.pid && !this.controlling(process))
      tty.jobs.control(process);
    return file;
  }

  private newJobs(): JobControl {
    return new JobControl(this.signals, this.processes);
  }

  private leaderEnded(process: Process): void {
    if (process.pid === process.session) this.controlling(process)?.jobs.hangUp();
  }
}
