import { Capability } from "../rkprocess/capabilities.ts";
import type { Credentials } from "../rkprocess/credentials.ts";
import type { Process } from "../rkprocess/process.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";

/** -1 in a register, as a 32-bit id: leave as it is. */
const KEEP = 0xffff_ffff;
const MAX_GROUPS = 65536;
/** What processes may have together: lists take memory of the host. */
const MOST_GROUPS_OF_ALL = 2 ** 20;

type Kind = "u" | "g";

/** CAP_SETUID, CAP_SETGID: any id may be taken. */
const maySet = (kind: Kind, credentials: Credentials): boolean =>
  credentials.has(kind === "u" ? Capability.setUsers : Capability.setGroups);

/** The three ids of a kind: real, effective, saved. */
function ids(credentials: Credentials, kind: Kind): [number, number, number] {
  return kind === "u"
    ? [credentials.uid, credentials.euid, credentials.suid]
    : [credentials.gid, credentials.egid, credentials.sgid];
}

function setIds({ process }: Thread, kind: Kind, [real, effective, saved]: readonly number[]): number {
  const { credentials } = process;
  process.become(
    kind === "u"
      ? credentials.withUserIds(real, effective, saved)
      : credentials.withGroupIds(real, effective, saved),
  );
  return 0;
}

/** `setuid`: with the capability all three; others may go back to their real or saved id. */
function setId(kind: Kind, thread: Thread, wanted: number): number {
  const { credentials } = thread.process;
  const id = wanted >>> 0;
  if (id === KEEP) return -errno.EINVAL;
  const [real, , saved] = ids(credentials, kind);
  if (maySet(kind, credentials)) return setIds(thread, kind, [id, id, id]);
  return id === real || id === saved ? setIds(thread, kind, [real, id, saved]) : -errno.EPERM;
}

function setReId(kind: Kind, thread: Thread, realWanted: number, effectiveWanted: number): number {
  const { credentials } = thread.process;
  const [real, effective, saved] = ids(credentials, kind);
  const newReal = realWanted >>> 0 === KEEP ? real : realWanted >>> 0;
  const newEffective = effectiveWanted >>> 0 === KEEP ? effective : effectiveWanted >>> 0;
  if (!maySet(kind, credentials)) {
    if (newReal !== real && newReal !== effective) return -errno.EPERM;
    if (![real, effective, saved].includes(newEffective)) return -errno.EPERM;
  }
  const isSaved = realWanted >>> 0 !== KEEP || (effectiveWanted >>> 0 !== KEEP && newEffective !== real);
  return setIds(thread, kind, [newReal, newEffective, isSaved ? newEffective : saved]);
}

function setResId(kind: Kind, thread: Thread, a: number, b: number, c: number): number {
  const { credentials } = thread.process;
  const current = ids(credentials, kind);
  const wanted = [a, b, c].map((id, i) => (id >>> 0 === KEEP ? current[i] : id >>> 0));
  if (!maySet(kind, credentials) && wanted.some((id) => !current.includes(id))) return -errno.EPERM;
  return setIds(thread, kind, wanted);
}

function getResId(kind: Kind, thread: Thread, real: number, effective: number, saved: number): number {
  const values = ids(thread.process.credentials, kind);
  for (const [i, address] of [real, effective, saved].entries()) thread.memory.writeU32(address, values[i]);
  return 0;
}

/** `setfsuid`, `setfsgid`: the old id, whether it was changed or not. */
function setFileId(kind: Kind, { process }: Thread, wanted: number): number {
  const { credentials } = process;
  const old = kind === "u" ? credentials.fsuid : credentials.fsgid;
  const id = wanted >>> 0;
  const isAllowed = id === old || ids(credentials, kind).includes(id) || maySet(kind, credentials);
  if (id !== KEEP && isAllowed)
    process.become(kind === "u" ? credentials.withFileUser(id) : credentials.with({ fsgid: id }));
  return old;
}

function getgroups(thread: Thread, size: number, list: number): number {
  const { groups } = thread.process.credentials;
  if (size < 0 || (size > 0 && size < groups.length)) return -errno.EINVAL;
  if (size > 0) for (const [i, group] of groups.entries()) thread.memory.writeU32(list + 4 * i, group);
  return groups.length;
}

/** Groups that all processes have: whoever has the same list as its parent has no other one. */
function groupsOfAll({ kernel }: Thread): number {
  const lists = new Set<readonly number[]>();
  for (const { credentials } of kernel.use(processTable).all()) lists.add(credentials.groups);
  let count = 0;
  for (const { length } of lists) count += length;
  return count;
}

function setgroups(thread: Thread, size: number, list: number): number {
  const { process } = thread;
  if (!maySet("g", process.credentials)) return -errno.EPERM;
  if (size < 0 || size > MAX_GROUPS) return -errno.EINVAL;
  if (groupsOfAll(thread) + size > MOST_GROUPS_OF_ALL) return -errno.ENOMEM;
  const bytes = thread.memory.read(list, size * 4);
  process.become(process.credentials.with({ groups: [...new Uint32Array(bytes.buffer).sort()] }));
  return 0;
}

function processOf(thread: Thread, pid: number): Process | undefined {
  return pid === 0 ? thread.process : thread.kernel.use(processTable).find(pid);
}

function setpgid(thread: Thread, pid: number, wanted: number): number {
  const group = wanted === 0 ? pid || thread.process.pid : wanted;
  if (group < 0) return -errno.EINVAL;
  const target = processOf(thread, pid);
  if (!target || (target !== thread.process && target.parent !== thread.process)) return -errno.ESRCH;
  if (target !== thread.process && target.hasExecuted) return -errno.EACCES;
  if (target.pid === target.session || target.session !== thread.process.session) return -errno.EPERM;
  if (group !== target.pid && !groupInSession(thread, group)) return -errno.EPERM;
  target.processGroup = group;
  return 0;
}

function groupInSession(thread: Thread, group: number): boolean {
  for (const process of thread.kernel.use(processTable).all())
    if (process.processGroup === group && process.session === thread.process.session) return true;
  return false;
}

function setsid(thread: Thread): number {
  const { process } = thread;
  for (const other of thread.kernel.use(processTable).all())
    if (other.processGroup === process.pid) return -errno.EPERM;
  process.session = process.pid;
  process.processGroup = process.pid;
  return process.pid;
}

export const identitySyscalls: readonly SyscallRow[] = [
  full("getpid", (thread) => thread.process.pid),
  full("gettid", (thread) => thread.tid),
  full("getppid", (thread) => thread.process.parent?.pid ?? 0),
  full("getuid", (thread) => thread.process.credentials.uid),
  full("geteuid", (thread) => thread.process.credentials.euid),
  full("getgid", (thread) => thread.process.credentials.gid),
  full("getegid", (thread) => thread.process.credentials.egid),
  full("setuid", (thread, id) => setId("u", thread, id)),
  full("setgid", (thread, id) => setId("g", thread, id)),
  full("setreuid", (thread, a, b) => setReId("u", thread, a, b)),
  full("setregid", (thread, a, b) => setReId("g", thread, a, b)),
  full("setresuid", (thread, a, b, c) => setResId("u", thread, a, b, c)),
  full("setresgid", (thread, a, b, c) => setResId("g", thread, a, b, c)),
  full("getresuid", (thread, a, b, c) => getResId("u", thread, a, b, c)),
  full("getresgid", (thread, a, b, c) => getResId("g", thread, a, b, c)),
  full("setfsuid", (thread, id) => setFileId("u", thread, id)),
  full("setfsgid", (thread, id) => setFileId("g", thread, id)),
  full("getgroups", getgroups),
  full("setgroups", setgroups),
  full("getpgid", (thread, pid) => processOf(thread, pid)?.processGroup ?? -errno.ESRCH),
  full("setpgid", setpgid),
  full("getsid", (thread, pid) => processOf(thread, pid)?.session ?? -errno.ESRCH),
  full("setsid", setsid),
];
