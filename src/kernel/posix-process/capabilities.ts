import { ALL_CAPABILITIES, Capability, isSubset } from "../rkprocess/capabilities.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";

/** Versions of `struct __user_cap_header_struct`, and how many 32-bit halves each has of a set. */
const HALVES = new Map([
  [0x1998_0330, 1],
  [0x2007_1026, 2],
  [0x2008_0522, 2],
]);
const NEWEST = 0x2008_0522;
/** Bytes of a `struct __user_cap_data_struct`: effective, permitted, inheritable. */
const HALF_SIZE = 12;

/** The halves that a header asks for; an unknown version is answered with the newest one. */
function halvesOf({ memory }: Thread, header: number): number | undefined {
  const halves = HALVES.get(memory.readU32(header));
  if (halves === undefined) memory.writeU32(header, NEWEST);
  return halves;
}

function capget(thread: Thread, header: number, data: number): number {
  const halves = halvesOf(thread, header);
  if (halves === undefined) return data === 0 ? 0 : -errno.EINVAL;
  const pid = thread.memory.readI32(header + 4);
  if (pid < 0) return -errno.EINVAL;
  const target = pid === 0 ? thread : thread.kernel.use(processTable).findThread(pid);
  if (!target) return -errno.ESRCH;
  if (data === 0) return 0;
  const { effective, permitted, inheritable } = target.process.credentials;
  for (let half = 0; half < halves; half++)
    for (const [i, set] of [effective, permitted, inheritable].entries()) {
      const word = Number(BigInt.asUintN(32, set >> BigInt(32 * half)));
      thread.memory.writeU32(data + HALF_SIZE * half + 4 * i, word);
    }
  return 0;
}

/** capset(2): nothing comes into the permitted set, and into the inheritable one only what is bounded. */
function capset(thread: Thread, header: number, data: number): number {
  const { process, memory } = thread;
  const halves = halvesOf(thread, header);
  if (halves === undefined) return -errno.EINVAL;
  const pid = memory.readI32(header + 4);
  if (pid !== 0 && pid !== thread.tid) return -errno.EPERM;
  const [effective, permitted, inheritable] = [0, 4, 8].map((offset) => {
    const low = BigInt(memory.readU32(data + offset));
    const high = halves === 1 ? 0n : BigInt(memory.readU32(data + HALF_SIZE + offset));
    return (low | (high << 32n)) & ALL_CAPABILITIES;
  });
  const old = process.credentials;
  const inherits = old.has(Capability.setCapabilities) ? ALL_CAPABILITIES : old.inheritable | old.permitted;
  const isAllowed =
    isSubset(inheritable, inherits) &&
    isSubset(inheritable, old.inheritable | old.bounding) &&
    isSubset(permitted, old.permitted) &&
    isSubset(effective, permitted);
  if (!isAllowed) return -errno.EPERM;
  const ambient = old.ambient & permitted & inheritable;
  process.become(old.with({ effective, permitted, inheritable, ambient }));
  return 0;
}

export const capabilitySyscalls: readonly SyscallRow[] = [full("capget", capget), full("capset", capset)];
