import type { Process } from "../rkprocess/process.ts";
import { type SignalInfo, signal } from "./signals.ts";

/** `si_code` of SIGCHLD (sigaction(2)). */
const CLD = { exited: 1, killed: 2, stopped: 5, continued: 6 } as const;

/** What SIGCHLD and `waitid` tell of a child that has ended, or else was stopped or goes on. */
export function childInfo(child: Process): SignalInfo {
  const [code, status] = event(child);
  return {
    signal: signal.SIGCHLD,
    code,
    pid: child.pid,
    uid: child.credentials.uid,
    // `si_status` stands where a queued signal has its value.
    value: BigInt(status),
  };
}

function event({ exitStatus, stoppedBy }: Process): [code: number, status: number] {
  if (exitStatus?.kind === "exit") return [CLD.exited, exitStatus.code];
  if (exitStatus) return [CLD.killed, exitStatus.signal];
  return stoppedBy === 0 ? [CLD.continued, signal.SIGCONT] : [CLD.stopped, stoppedBy];
}
