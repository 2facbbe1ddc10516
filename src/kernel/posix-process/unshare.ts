import { CLONE } from "../rkprocess/clone-flags.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { errno } from "../syscalls/errno.ts";
import { partial, type SyscallRow } from "../syscalls/row.ts";

const SHARED = CLONE.FS | CLONE.FILES;
/** What a process with one thread never shares. */
const OWN = CLONE.THREAD | CLONE.SIGHAND | CLONE.VM | CLONE.SYSVSEM;

/** Has files and working directory for itself again. There are no namespaces to leave. */
function unshare({ process }: Thread, flags: number): number {
  if (flags & ~(SHARED | OWN)) return -errno.EPERM;
  if (process.threads.length > 1 && flags !== 0) return -errno.EINVAL;
  process.unshareStates(flags);
  return 0;
}

export const unshareSyscalls: readonly SyscallRow[] = [
  partial("unshare", "files and working directory of a process with one thread; no namespaces", unshare),
];
