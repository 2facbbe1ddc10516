import type { Thread } from "../rkprocess/thread.ts";
import { signalName } from "../rksignal/signal-names.ts";
import type { SyscallName } from "../syscalls/numbers.ts";
import * as names from "./names.ts";
import * as structures from "./structures.ts";
import {
  bytesAt,
  flagNames,
  hexadecimal,
  octal,
  pointer,
  quotedHexadecimal,
  stringAt,
  valueName,
} from "./values.ts";

/**
 * How one argument is shown. `after`: the call fills it in, so it is looked at when the call has returned, and
 * `all` then ends with the result. `value` is the register as a number, `raw` as 64 bits.
 */
export interface ArgumentFormat {
  readonly after?: boolean;
  /** False: it and what follows are not shown. */
  applies?(all: readonly number[]): boolean;
  show(thread: Thread, value: number, raw: bigint, all: readonly number[]): string;
}

const plain = (show: (value: number, raw: bigint) => string): ArgumentFormat => ({
  show: (_thread, value, raw) => show(value, raw),
});
const out = (format: ArgumentFormat): ArgumentFormat => ({ ...format, after: true });
const struct = (show: (thread: Thread, address: number) => string): ArgumentFormat => ({ show });
const flags = (table: Readonly<Record<string, number>>, zero = "0"): ArgumentFormat =>
  plain((value) => flagNames(value, table, zero));
const choice = (table: Readonly<Record<string, number>>): ArgumentFormat =>
  plain((value) => valueName(value | 0, table));

const onlyIf = (format: ArgumentFormat, applies: (all: readonly number[]) => boolean): ArgumentFormat => ({
  ...format,
  applies,
});

const int = plain((_value, raw) => String(BigInt.asIntN(32, raw)));
const long = plain((_value, raw) => String(BigInt.asIntN(64, raw)));
const size = plain((_value, raw) => String(raw));
const hex = plain((_value, raw) => hexadecimal(raw));
const address = plain((_value, raw) => pointer(raw));
const mode = plain((value) => octal(value & 0o7777));
const AT_FDCWD = -100;
const dirfd = plain((_value, raw) => {
  const fd = Number(BigInt.asIntN(32, raw));
  return fd === AT_FDCWD ? "AT_FDCWD" : String(fd);
});
const path: ArgumentFormat = { show: stringAt };
const signalNumber = plain((value) => signalName(value | 0));
const openFlags = plain((value) => {
  const text = flagNames(value, names.OPEN_FLAGS, "");
  if ((value & 3) !== 0) return text;
  return text === "" ? "O_RDONLY" : `O_RDONLY|${text}`;
});
/** The flags where reading is no mode of access. */
const descriptorFlags = flags(names.OPEN_FLAGS);
const O_CREAT = 0o100;
/** Bytes that go in, their number in the next argument. */
const bytesIn: ArgumentFormat = { show: (thread, value, _raw, all) => bytesAt(thread, value, all[2]) };
/** Bytes that come out: as many as the result says. */
const bytesOut = out({ show: (thread, value, _raw, all) => bytesAt(thread, value, all[6]) });
/** Random bytes, as many as the result says. */
const randomOut = out({
  show: (thread, value, _raw, all) => bytesAt(thread, value, all[6], quotedHexadecimal),
});
const vectorIn: ArgumentFormat = {
  show: (thread, value, _raw, all) => structures.iovec(thread, value, all[2]),
};
const timespec = struct(structures.timespec);
const prot = flags(names.PROT, "PROT_NONE");
const mapFlags = flags(names.MAP);
const limit = struct(structures.rlimit);
const signalSet = struct(structures.signalSet);
const sigaction = struct(structures.sigaction);
const stat = out(struct(structures.stat));
const clock = choice(names.CLOCKS);
const futexOp = plain((value) => {
  const modifiers = value & 384;
  const name = valueName(value & ~384, names.FUTEX);
  return modifiers === 128
    ? `${name}_PRIVATE`
    : modifiers === 0
      ? name
      : `${name}|${flagNames(modifiers, names.FUTEX_FLAGS)}`;
});

/** The arguments of the calls that strace users look at; others show none. */
export const formats: Partial<Record<SyscallName | string, readonly ArgumentFormat[]>> = {
  openat: [dirfd, path, openFlags, onlyIf(mode, ([, , wanted]) => (wanted & O_CREAT) !== 0)],
  close: [int],
  read: [int, bytesOut, size],
  write: [int, bytesIn, size],
  pread64: [int, bytesOut, size, long],
  pwrite64: [int, bytesIn, size, long],
  readv: [int, address, int],
  writev: [int, vectorIn, int],
  lseek: [int, long, choice(names.SEEK)],
  sendfile: [int, int, address, size],
  dup: [int],
  dup3: [int, int, descriptorFlags],
  pipe2: [out(struct(structures.intPair)), descriptorFlags],
  fcntl: [int, choice(names.FCNTL), hex],
  ioctl: [int, choice(names.IOCTL), address],
  fstat: [int, stat],
  newfstatat: [dirfd, path, stat, flags(names.AT_FLAGS)],
  statx: [dirfd, path, hex, hex, address],
  faccessat: [dirfd, path, flags(names.ACCESS, "F_OK")],
  faccessat2: [dirfd, path, flags(names.ACCESS, "F_OK"), flags(names.AT_FLAGS)],
  readlinkat: [dirfd, path, bytesOut, size],
  getcwd: [out(path), size],
  chdir: [path],
  fchdir: [int],
  chroot: [path],
  mkdirat: [dirfd, path, mode],
  mknodat: [dirfd, path, mode, hex],
  unlinkat: [dirfd, path, flags(names.AT_FLAGS)],
  symlinkat: [path, dirfd, path],
  linkat: [dirfd, path, dirfd, path, flags(names.AT_FLAGS)],
  renameat2: [dirfd, path, dirfd, path, hex],
  fchmod: [int, mode],
  fchmodat: [dirfd, path, mode],
  fchown: [int, int, int],
  fchownat: [dirfd, path, int, int, flags(names.AT_FLAGS)],
  truncate: [path, long],
  ftruncate: [int, long],
  getdents64: [int, address, size],
  statfs: [path, address],
  fstatfs: [int, address],
  utimensat: [dirfd, path, address, flags(names.AT_FLAGS)],
  umask: [mode],
  fsync: [int],
  fdatasync: [int],
  fadvise64: [int, long, long, int],
  flock: [int, int],
  ppoll: [
    out({ show: (thread, value, _raw, all) => structures.pollfds(thread, value, all[1]) }),
    size,
    timespec,
    signalSet,
    size,
  ],
  pselect6: [int, address, address, address, timespec, address],
  brk: [address],
  mmap: [address, size, prot, mapFlags, int, hex],
  munmap: [address, size],
  mprotect: [address, size, prot],
  mremap: [address, size, size, flags(names.MREMAP), address],
  madvise: [address, size, choice(names.ADVICE)],
  msync: [address, size, hex],
  exit: [int],
  exit_group: [int],
  set_tid_address: [address],
  set_robust_list: [address, size],
  rt_sigaction: [signalNumber, sigaction, out(sigaction), size],
  rt_sigprocmask: [choice(names.SIGMASK_HOW), signalSet, out(signalSet), size],
  rt_sigpending: [out(signalSet), size],
  rt_sigsuspend: [signalSet, size],
  rt_sigtimedwait: [signalSet, address, timespec, size],
  rt_sigreturn: [],
  sigaltstack: [struct(structures.stackT), out(struct(structures.stackT))],
  kill: [int, signalNumber],
  tkill: [int, signalNumber],
  tgkill: [int, int, signalNumber],
  getrandom: [randomOut, size, flags(names.GRND)],
  clock_gettime: [clock, out(timespec)],
  clock_getres: [clock, out(timespec)],
  clock_nanosleep: [clock, flags(names.TIMER_FLAGS), timespec, address],
  nanosleep: [timespec, address],
  gettimeofday: [out(struct(structures.timeval)), address],
  setitimer: [choice(names.ITIMERS), struct(structures.itimerval), out(struct(structures.itimerval))],
  getitimer: [choice(names.ITIMERS), out(struct(structures.itimerval))],
  timer_settime: [
    int,
    flags(names.TIMER_FLAGS),
    struct(structures.itimerspec),
    out(struct(structures.itimerspec)),
  ],
  prlimit64: [int, choice(names.LIMITS), limit, out(limit)],
  getrlimit: [choice(names.LIMITS), out(limit)],
  setrlimit: [choice(names.LIMITS), limit],
  uname: [out(struct(structures.utsname))],
  futex: [address, futexOp, int, address, address, int],
  prctl: [choice(names.PRCTL), hex, hex, hex, hex],
  riscv_hwprobe: [address, size, size, address, hex],
  riscv_flush_icache: [address, address, hex],
  rseq: [address, size, hex, hex],
  sched_getaffinity: [int, size, address],
  sysinfo: [address],
  getrusage: [choice({ RUSAGE_SELF: 0, RUSAGE_CHILDREN: -1, RUSAGE_THREAD: 1 }), address],
  times: [address],
  setpgid: [int, int],
  getpgid: [int],
  getsid: [int],
  setuid: [int],
  setgid: [int],
  setgroups: [size, address],
  getgroups: [int, address],
  membarrier: [int, hex],
  wait4: [int, address, hex, address],
};
