import { Capability, isSubset } from "./capabilities.ts";
import type { Process } from "./process.ts";

/**
 * Whether a process may look into another one (ptrace(2), "Ptrace access mode checking"): itself, with CAP_SYS_PTRACE, or
 * where all user and group numbers are its own, and the other one has no capability more and has not said no
 * (PR_SET_DUMPABLE). `how`: to read and change its memory by a call of its own, or through files of `/proc`.
 */
export function mayInspect(from: Process, to: Process, how: "memory" | "files" = "memory"): boolean {
  if (from === to) return true;
  const { credentials: mine } = from;
  if (mine.has(Capability.trace)) return true;
  const other = to.credentials;
  const byFiles = how === "files";
  const [uid, gid] = byFiles ? [mine.fsuid, mine.fsgid] : [mine.uid, mine.gid];
  const isSame =
    [other.uid, other.euid, other.suid].every((one) => one === uid) &&
    [other.gid, other.egid, other.sgid].every((one) => one === gid);
  return (
    isSame && isSubset(other.permitted, byFiles ? mine.effective : mine.permitted) && to.control.dumpable
  );
}
