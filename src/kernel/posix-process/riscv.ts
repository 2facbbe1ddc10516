import type { Thread } from "../rkprocess/thread.ts";
import { errno } from "../syscalls/errno.ts";
import { full, type SyscallRow } from "../syscalls/row.ts";

/** Keys of `riscv_hwprobe` (uapi/asm/hwprobe.h) and this machine's answers. Others are answered with key -1. */
const PROBES: ReadonlyMap<bigint, bigint> = new Map([
  /** MVENDORID, MARCHID, MIMPID */
  [0n, 0n],
  [1n, 0n],
  [2n, 0n],
  /** BASE_BEHAVIOR: IMA */
  [3n, 1n],
  /** IMA_EXT_0: FD 0, C 1, Zba 3, Zbb 4, Zbs 5, Zicond 35 */
  [4n, (1n << 0n) | (1n << 1n) | (1n << 3n) | (1n << 4n) | (1n << 5n) | (1n << 35n)],
  /** CPUPERF_0: misaligned scalar accesses are fast */
  [5n, 3n],
  /** HIGHEST_VIRT_ADDRESS */
  [7n, (1n << 38n) - 1n],
  /** TIME_CSR_FREQ */
  [8n, 10_000_000n],
  /** MISALIGNED_SCALAR_PERF: fast */
  [9n, 3n],
]);

const PAIR = 16;
const MOST_PAIRS = 65536;

function hwprobe(
  thread: Thread,
  pairs: number,
  count: number,
  cpuCount: number,
  cpus: number,
  flags: number,
): number {
  if (flags !== 0 || count < 0 || count > MOST_PAIRS) return -errno.EINVAL;
  if (cpuCount > 0 && (thread.memory.readU8(cpus) & 1) === 0) return -errno.EINVAL;
  for (let at = pairs; at < pairs + count * PAIR; at += PAIR) {
    const answer = PROBES.get(thread.memory.readU64(at));
    if (answer === undefined) thread.memory.writeU64(at, 0xffff_ffff_ffff_ffffn);
    thread.memory.writeU64(at + 8, answer ?? 0n);
  }
  return 0;
}

const SYS_RISCV_FLUSH_ICACHE_LOCAL = 1;

function flushIcache(thread: Thread, _start: number, _end: number, flags: number): number {
  if ((flags & ~SYS_RISCV_FLUSH_ICACHE_LOCAL) !== 0) return -errno.EINVAL;
  thread.kernel.hart.code.fence();
  return 0;
}

export const riscvSyscalls: readonly SyscallRow[] = [
  full("riscv_hwprobe", hwprobe),
  full("riscv_flush_icache", flushIcache),
];
