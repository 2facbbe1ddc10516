import { mayInspect } from "../rkprocess/inspection.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { UserFault, type UserMemory } from "../rkvm/user-memory.ts";
import { errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";

/** Most parts of a side (IOV_MAX), and bytes of one call: nobody else runs meanwhile. */
const MOST_PARTS = 1024;
const MOST_BYTES = 2 ** 28;

interface Part {
  readonly address: number;
  readonly length: number;
}

/** `struct iovec[]`: 0 iov_base, 8 iov_len. */
function readParts({ memory }: Thread, at: number, count: number): Part[] | number {
  if (count < 0 || count > MOST_PARTS) return -errno.EINVAL;
  const parts = Array.from({ length: count }, (_, i) => ({
    address: memory.readWord(at + i * 16),
    length: memory.readWord(at + i * 16 + 8),
  }));
  return parts.some(({ length }) => length < 0) ? -errno.EINVAL : parts;
}

/** Both sides cut into pieces of the same length. */
function* pairs(local: readonly Part[], remote: readonly Part[]) {
  let room = MOST_BYTES;
  let [i, j, inLocal, inRemote] = [0, 0, 0, 0];
  while (i < local.length && j < remote.length && room > 0) {
    const count = Math.min(local[i].length - inLocal, remote[j].length - inRemote, room);
    if (count > 0)
      yield { local: local[i].address + inLocal, remote: remote[j].address + inRemote, length: count };
    inLocal += count;
    inRemote += count;
    room -= count;
    if (inLocal === local[i].length) [i, inLocal] = [i + 1, 0];
    if (j < remote.length && inRemote === remote[j].length) [j, inRemote] = [j + 1, 0];
  }
}

/** Moves page by page. Returns the bytes moved; throws `UserFault` where that is none. */
function move(from: UserMemory, at: number, to: UserMemory, target: number, length: number): number {
  let done = 0;
  return from.pieces(at, length, "read", (bytes) => {
    // Bringing in a page of the other side may take this one away.
    to.write(target + done, bytes.slice());
    done += bytes.length;
  });
}

function transfer(isWrite: boolean) {
  return (
    thread: Thread,
    pid: number,
    localAt: number,
    localCount: number,
    remoteAt: number,
    remoteCount: number,
    flags: number,
  ): number => {
    if (flags !== 0) return -errno.EINVAL;
    const local = readParts(thread, localAt, localCount);
    if (typeof local === "number") return local;
    if (local.every(({ length }) => length === 0)) return 0;
    const remote = readParts(thread, remoteAt, remoteCount);
    if (typeof remote === "number") return remote;
    const process = thread.kernel.use(processTable).find(pid | 0);
    if (!process || process.exitStatus) return -errno.ESRCH;
    if (!mayInspect(thread.process, process)) return -errno.EPERM;
    const [here, there] = [thread.process.memory, process.memory];
    let done = 0;
    try {
      for (const pair of pairs(local, remote)) {
        const moved = isWrite
          ? move(here, pair.local, there, pair.remote, pair.length)
          : move(there, pair.remote, here, pair.local, pair.length);
        done += moved;
        if (moved < pair.length) break;
      }
    } catch (error) {
      if (done === 0 || !(error instanceof UserFault)) throw error;
    }
    return done;
  };
}

/** Memory of other processes: process_vm_readv(2). */
export const processMemorySyscalls: readonly SyscallRow[] = [
  full("process_vm_readv", transfer(false)),
  full("process_vm_writev", transfer(true)),
];
