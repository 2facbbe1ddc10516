import { Capability } from "../rkprocess/capabilities.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { errno } from "../syscalls/errno.ts";
import { KERNEL_RELEASE, KERNEL_VERSION } from "../syscalls/release.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";
import { hostNames } from "./host-names.ts";

const FIELD = 65;

/** `struct new_utsname`: six fields of 65 bytes. */
function uname(thread: Thread, address: number): number {
  const { host, domain } = thread.kernel.use(hostNames);
  const fields = ["Linux", host, KERNEL_RELEASE, KERNEL_VERSION, "riscv64", domain];
  const bytes = new Uint8Array(FIELD * fields.length);
  for (const [i, field] of fields.entries())
    bytes.set(new TextEncoder().encode(field).subarray(0, FIELD - 1), i * FIELD);
  thread.memory.write(address, bytes);
  return 0;
}

function setName(which: "host" | "domain", thread: Thread, address: number, length: number): number {
  if (!thread.process.credentials.has(Capability.administrate)) return -errno.EPERM;
  if (length < 0 || length >= FIELD) return -errno.EINVAL;
  thread.kernel.use(hostNames)[which] = new TextDecoder().decode(thread.memory.read(address, length));
  return 0;
}

const PER_LINUX = 0;
const QUERY = 0xffff_ffff;

const personality = (_thread: Thread, persona: number): number =>
  persona >>> 0 === QUERY || persona >>> 0 === PER_LINUX ? PER_LINUX : -errno.EINVAL;

const MEMBARRIER_QUERY = 0;
/** GLOBAL, GLOBAL_EXPEDITED, PRIVATE_EXPEDITED and their registrations: bits 0 to 4. */
const MEMBARRIER_COMMANDS = 31;

function membarrier(_thread: Thread, command: number, flags: number): number {
  if (flags !== 0) return -errno.EINVAL;
  if (command === MEMBARRIER_QUERY) return MEMBARRIER_COMMANDS;
  return (command & ~MEMBARRIER_COMMANDS) === 0 && (command & (command - 1)) === 0 ? 0 : -errno.EINVAL;
}

/** The kernel log is empty: only its size and the reading of nothing succeed. */
const syslog = (_thread: Thread, action: number): number => (action >= 0 && action <= 10 ? 0 : -errno.EINVAL);

export const systemSyscalls: readonly SyscallRow[] = [
  full("uname", uname),
  full("sethostname", (thread, name, length) => setName("host", thread, name, length)),
  full("setdomainname", (thread, name, length) => setName("domain", thread, name, length)),
  partial("personality", "PER_LINUX alone", personality),
  full("membarrier", membarrier),
  partial("syslog", "the log is empty", syslog),
];
