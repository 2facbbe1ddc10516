import type { Process } from "./process.ts";

/**
 * Whether a process may look into another one and change its memory (ptrace(2), "Ptrace access mode checking"): itself, as
 * root, or where all user and group numbers are its own and the other one has not said no (PR_SET_DUMPABLE).
 */
export function mayInspect(from: Process, to: Process): boolean {
  if (from === to || from.credentials.euid === 0) return true;
  const { uid, gid } = from.credentials;
  const other = to.credentials;
  const isSame =
    [other.uid, other.euid, other.suid].every((one) => one === uid) &&
    [other.gid, other.egid, other.sgid].every((one) => one === gid);
  return isSame && to.control.dumpable;
}
