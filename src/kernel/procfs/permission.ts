import { mayInspect } from "../rkprocess/inspection.ts";
import type { Process } from "../rkprocess/process.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { fail } from "../vfs/error.ts";
import type { Owner } from "../vfs/inode.ts";

/** Who makes the system call under way. */
export function callerOf({ kernel }: Process): Process | undefined {
  return kernel.use(dispatcher).current?.process;
}

/** Throws EACCES for who may not look into a process. */
export function requireInspection(process: Process): void {
  const caller = callerOf(process);
  if (caller && !mayInspect(caller, process, "files")) fail("EACCES");
}

/** Of what tells about a process: its user, or root while others must not look into it. */
export function ownerOf({ credentials, control }: Process): Owner {
  return control.dumpable ? { uid: credentials.euid, gid: credentials.egid } : { uid: 0, gid: 0 };
}

/** Of its descriptors: a process itself always comes to them. */
export function ownerOfDescriptors(process: Process): Owner {
  const caller = callerOf(process);
  if (caller !== process) return ownerOf(process);
  return { uid: caller.credentials.fsuid, gid: caller.credentials.fsgid };
}
