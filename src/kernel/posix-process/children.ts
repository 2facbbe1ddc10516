import type { ExitStatus } from "../rkprocess/exit.ts";
import { type PidFileView, pidFiles } from "../rkprocess/pid-files.ts";
import type { Process } from "../rkprocess/process.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { ResourceUsage } from "../rkprocess/usage.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { childInfo } from "../rksignal/child-info.ts";
import { INFO_SIZE, writeInfo } from "../rksignal/frame.ts";
import { signal } from "../rksignal/signals.ts";
import { errno, isRestart } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";
import { writeUsage } from "./usage.ts";

const WNOHANG = 1;
const WSTOPPED = 2;
const WEXITED = 4;
const WCONTINUED = 8;
const WNOWAIT = 0x0100_0000;
/** All children; only those that do not send SIGCHLD, instead of only those that do; those of other threads too, as ever. */
const WALL = 0x4000_0000;
const WCLONE = 0x8000_0000;
const WHOSE = 0xe000_0000;

const P_ALL = 0;
const P_PID = 1;
const P_PGID = 2;
const P_PIDFD = 3;

/** Which children are waited for, and for what. */
interface Wanted {
  readonly matches: (child: Process) => boolean;
  /** WEXITED, WSTOPPED and WCONTINUED. */
  readonly events: number;
}

/** Adds what the options say of the way that children were made. */
function eligible(options: number, matches: (child: Process) => boolean): (child: Process) => boolean {
  if (options & WALL) return matches;
  const wantsClones = (options & WCLONE) !== 0;
  return (child) => (child.exitSignal !== signal.SIGCHLD) === wantsClones && matches(child);
}

/** A child that has something to tell; `undefined`: not yet; -ECHILD. */
function findEvent({ process }: Thread, { matches, events }: Wanted): Process | undefined | number {
  let any = false;
  for (const child of process.children) {
    if (!matches(child)) continue;
    any = true;
    if (child.exitStatus ? events & WEXITED : events & eventOf(child)) return child;
  }
  return any ? undefined : -errno.ECHILD;
}

function eventOf({ unreported }: Process): number {
  if (unreported === "stopped") return WSTOPPED;
  return unreported === "continued" ? WCONTINUED : 0;
}

/** The parent has been told. An ended child is gone with that. */
function acknowledge(thread: Thread, child: Process): void {
  if (child.exitStatus) thread.kernel.use(processTable).reap(child);
  else child.unreported = undefined;
}

/** The status word of `wait` (wait(2)). */
function statusWord(child: Process): number {
  if (child.exitStatus) return exitWord(child.exitStatus);
  return child.unreported === "stopped" ? (child.stoppedBy << 8) | 0x7f : 0xffff;
}

function exitWord(status: ExitStatus): number {
  return status.kind === "exit" ? (status.code & 0xff) << 8 : status.signal & 0x7f;
}

/** What a child and the children that it waited for have used. */
function usageOf(child: Process): ResourceUsage[] {
  return [child.usage, child.childUsage];
}

function wait(thread: Thread, wanted: Wanted, isPatient: boolean, tell: (child: Process) => number): number {
  return waitUntil(thread, {
    attempt() {
      const found = findEvent(thread, wanted);
      if (typeof found === "number") return found;
      if (!found) return isPatient ? undefined : 0;
      return tell(found);
    },
    queues: [thread.process.childEvents],
  });
}

function wait4(thread: Thread, pidGiven: number, status: number, options: number, usage: number): number {
  const pid = pidGiven | 0;
  if ((options | 0) & ~(WNOHANG | WSTOPPED | WCONTINUED | WHOSE)) return -errno.EINVAL;
  if (pid === -0x8000_0000) return -errno.ESRCH;
  const group = pid === 0 ? thread.process.processGroup : -pid;
  const matches = eligible(
    options,
    (child) => pid === -1 || (pid > 0 ? child.pid === pid : child.processGroup === group),
  );
  const events = WEXITED | (options & (WSTOPPED | WCONTINUED));
  return wait(thread, { matches, events }, !(options & WNOHANG), (child) => {
    const word = statusWord(child);
    acknowledge(thread, child);
    if (status !== 0) thread.memory.writeU32(status, word);
    if (usage !== 0) writeUsage(thread.memory, usage, usageOf(child));
    return child.pid;
  });
}

/** Whatever comes of it, an answer without a child is written too: as zeros. */
function waitid(
  thread: Thread,
  kind: number,
  id: number,
  info: number,
  options: number,
  usage: number,
): number {
  const result = waitForInfo(thread, kind, id, info, options, usage);
  if (result < 0 && !isRestart(result) && info !== 0) thread.memory.fill(info, 24, 0);
  return result;
}

function waitForInfo(
  thread: Thread,
  kind: number,
  id: number,
  info: number,
  options: number,
  usage: number,
): number {
  const events = options & (WEXITED | WSTOPPED | WCONTINUED);
  if ((options | 0) & ~(WNOHANG | WEXITED | WSTOPPED | WCONTINUED | WNOWAIT | WHOSE)) return -errno.EINVAL;
  if (events === 0) return -errno.EINVAL;
  const file = kind === P_PIDFD ? pidFile(thread, id | 0) : undefined;
  if (typeof file === "number") return file;
  const found = file ? (child: Process) => child === file.process : matcher(thread, kind, id | 0);
  if (typeof found === "number") return found;
  const matches = eligible(options, found);
  const clear = (result: number) => {
    if (info !== 0) thread.memory.fill(info, 24, 0);
    return result;
  };
  const isPatient = !(options & WNOHANG || file?.isNonblocking);
  if (!isPatient && findEvent(thread, { matches, events }) === undefined)
    return options & WNOHANG ? clear(0) : -errno.EAGAIN;
  return wait(thread, { matches, events }, isPatient, (child) => {
    const told = childInfo(child);
    if (!(options & WNOWAIT)) acknowledge(thread, child);
    if (info !== 0) {
      const bytes = new Uint8Array(INFO_SIZE);
      writeInfo(new DataView(bytes.buffer), told);
      thread.memory.write(info, bytes);
    }
    if (usage !== 0) writeUsage(thread.memory, usage, usageOf(child));
    return 0;
  });
}

function pidFile(thread: Thread, fd: number): PidFileView | number {
  return fd < 0 ? -errno.EINVAL : (thread.kernel.use(pidFiles)?.find(thread, fd) ?? -errno.EBADF);
}

function matcher(thread: Thread, kind: number, id: number): ((child: Process) => boolean) | number {
  switch (kind) {
    case P_ALL:
      return () => true;
    case P_PID:
      return id <= 0 ? -errno.EINVAL : (child) => child.pid === id;
    case P_PGID: {
      const group = id === 0 ? thread.process.processGroup : id;
      return id < 0 ? -errno.EINVAL : (child) => child.processGroup === group;
    }
    default:
      return -errno.EINVAL;
  }
}

export const childSyscalls: readonly SyscallRow[] = [full("wait4", wait4), full("waitid", waitid)];
