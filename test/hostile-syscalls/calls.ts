import { type SyscallName, syscallNumbers } from "../../src/kernel/syscalls/numbers.ts";
import type { Random } from "../differential/random.ts";
import { address, PAGES, PATHS, PLACES, pathAt, word } from "./places.ts";

/** A call as the guest's table has it. */
export interface Call {
  readonly number: number;
  readonly args: readonly bigint[];
  readonly mode: number;
}
export const CALL_BYTES = 64;

/** What the guest does with an entry: a call; one whose first argument is the last result; a load and a store; a jump. */
const Mode = { call: 0, again: 1, touch: 2, jump: 3 } as const;

/**
 * What the arguments of a call look like when they are not wholly wild: f descriptor, p path, b buffer, n length,
 * i small number, k smaller number, g flags, a page of the arena, l length of a mapping, r protection, m mapping
 * flags, v vector, d poll descriptors, s signal, c action, t times, o offset, h around the break, 0, 8, 3 (32) and
 * z (24) themselves, x where rseq may be, q flag of unlinkat, w any word.
 */
const SHAPES: Partial<Record<SyscallName, string>> = {
  openat: "fpgi",
  openat2: "fpbz",
  close: "f",
  close_range: "ffi",
  dup: "f",
  dup3: "ffg",
  fcntl: "fiw",
  ioctl: "fwb",
  pipe2: "bg",
  read: "fbn",
  write: "fbn",
  readv: "fvk",
  writev: "fvk",
  pread64: "fbno",
  pwrite64: "fbno",
  preadv: "fvko",
  pwritev: "fvko",
  preadv2: "fvkoo0",
  pwritev2: "fvkoo0",
  sendfile: "ffbn",
  copy_file_range: "fbfbn0",
  lseek: "fok",
  getdents64: "fbn",
  mkdirat: "fpi",
  mknodat: "fpgw",
  unlinkat: "fpq",
  symlinkat: "pfp",
  linkat: "fpfp0",
  renameat2: "fpfpk",
  truncate: "po",
  ftruncate: "fo",
  fallocate: "fkoo",
  chdir: "p",
  fchdir: "f",
  fstat: "fb",
  fstatfs: "fb",
  fsync: "f",
  times: "b",
  uname: "b",
  sysinfo: "b",
  getrusage: "kb",
  timer_gettime: "kb",
  timer_delete: "k",
  getitimer: "0b",
  readlinkat: "fpbn",
  newfstatat: "fpb0",
  statx: "fp0gb",
  utimensat: "fptg",
  faccessat: "fpi",
  fchmodat: "fpi",
  fchownat: "fpwwg",
  statfs: "pb",
  getcwd: "bn",
  ppoll: "dktb8",
  pselect6: "ibbbtv",
  mmap: "alrmfo",
  munmap: "al",
  mprotect: "alr",
  mremap: "allka",
  madvise: "ali",
  msync: "ali",
  mincore: "alb",
  mlock: "al",
  brk: "h",
  futex: "bkktbk",
  rt_sigaction: "scb8",
  rt_sigprocmask: "kbb8",
  rt_sigpending: "b8",
  rt_sigtimedwait: "bbt8",
  rt_sigqueueinfo: "ksb",
  rt_tgsigqueueinfo: "kksb",
  rt_sigsuspend: "b8",
  sigaltstack: "vb",
  kill: "ks",
  tkill: "ks",
  tgkill: "kks",
  nanosleep: "tb",
  clock_nanosleep: "kktb",
  clock_gettime: "kb",
  clock_settime: "it",
  setitimer: "0tb",
  timer_create: "kbb",
  timer_settime: "kktb",
  prlimit64: "0kbb",
  getrandom: "bni",
  rseq: "x30i",
  set_robust_list: "bn",
  sethostname: "bn",
  setgroups: "kb",
  getgroups: "kb",
  prctl: "iwwww",
  clone: "gbbbb",
  clone3: "bn",
  execve: "pbb",
};

/** Numbers from which calls are drawn: memory, files and signals more often than the rest. */
const NUMBERS = Object.entries(syscallNumbers).flatMap(([name, number]) => {
  if (name === "exit" || name === "exit_group") return [];
  let weight = name in SHAPES ? 16 : 2;
  if (/^(mmap|mremap|mprotect|read|write)/.test(name)) weight = 32;
  if (
    /^(rt_sigaction|close_range|prlimit64|setrlimit|set.*[ug]id|.*kill|rt_.*queueinfo|umask|rseq)$/.test(name)
  )
    weight = 1;
  return new Array<number>(weight).fill(number);
});
const NAMES = new Map<number, string>(Object.entries(syscallNumbers).map(([name, number]) => [number, name]));
const ENDINGS = [syscallNumbers.exit, syscallNumbers.exit_group];

const at = (page: number, random: Random): bigint =>
  BigInt(PLACES.data + page * 4096 + 8 * random.below(512));

/** An argument of a shape; in `wild` of 16 cases, any word. */
function argument(shape: string, random: Random, wild: number): bigint {
  if (random.below(16) < wild) return word(random);
  switch (shape) {
    case "0":
      return 0n;
    case "8":
      return 8n;
    case "3":
      return 32n;
    case "x":
      return BigInt(PLACES.data + 32 * random.below(1024));
    case "z":
      return 24n;
    case "q":
      return random.pick([0n, 0x200n]);
    case "k":
      return BigInt(random.below(8));
    case "h":
      return BigInt(0x20000 + 4096 * random.below(64) + random.below(3));
    case "f":
      return random.below(8) > 0
        ? BigInt(random.below(14))
        : random.pick([-100n, -1n, 1023n, 1024n, 65536n, 2n ** 31n, 2n ** 32n + 3n, -(2n ** 31n)]);
    case "p":
      return random.below(10) > 0
        ? pathAt(random.below(PATHS.length))
        : BigInt(PLACES.dataEnd - 1 - random.below(4096));
    case "n":
      return random.below(4) > 0
        ? BigInt(random.below(random.pick([10, 9000, 1 << 20])))
        : random.pick([
            2n ** 31n - 1n,
            2n ** 31n,
            2n ** 32n + 8n,
            2n ** 40n,
            2n ** 53n,
            2n ** 63n - 1n,
            -1n,
            -4096n,
          ]);
    case "i":
      return BigInt(random.below(random.pick([4, 16, 1100])));
    case "g":
      return random.pick([
        0n,
        1n << BigInt(random.below(32)),
        BigInt(random.below(0x1000)),
        BigInt(random.pick([0o102, 0o2, 0o1101, 0o2001, 0o200000, 0o40100])),
        random.bits64(),
      ]);
    case "a":
      return BigInt(PLACES.arena + 4096 * random.below(PLACES.arenaPages));
    case "l":
      return BigInt(4096 * random.below(20) + random.pick([0, 0, 1, 4095]));
    case "r":
      return BigInt(random.below(8));
    case "m":
      return random.pick([
        0x22n,
        0x21n,
        0x32n,
        0x31n,
        1n,
        2n,
        0x11n,
        0x12n,
        0x4022n,
        0x8032n,
        0x100022n,
        BigInt(random.below(0x200000)),
      ]);
    case "v":
      return BigInt(PLACES.data + PAGES.vectors * 4096 + 16 * random.below(256));
    case "d":
      return at(PAGES.descriptors, random);
    case "s":
      return BigInt(random.below(66));
    case "c":
      return BigInt(PLACES.data + PAGES.actions * 4096 + 24 * random.below(170));
    case "t":
      return random.below(8) > 0 ? BigInt(PLACES.data + PAGES.times * 4096 + 16 * random.below(250)) : 0n;
    case "o":
      return random.below(4) > 0 ? BigInt(4096 * random.below(20)) : word(random);
    case "b":
      return random.below(2) > 0 ? at(random.pick([PAGES.words, PAGES.scratch]), random) : address(random);
    default:
      return word(random);
  }
}

/** A call with the arguments given; the others are 0. */
export function call(name: SyscallName, ...args: (bigint | number)[]): Call {
  const padded = Array.from({ length: 6 }, (_, i) => BigInt(args[i] ?? 0));
  return { number: syscallNumbers[name], args: padded, mode: Mode.call };
}

/** Loads and stores a byte. */
export const touch = (at: number): Call => ({ ...call("read", at), mode: Mode.touch });

/** Opens or maps something: otherwise sequences would soon be about nothing. */
export function openingCall(random: Random): Call {
  switch (random.below(6)) {
    case 0:
      return call("pipe2", BigInt(PLACES.data), BigInt(random.pick([0, 0o4000])));
    case 1:
      return call("openat", -100n, pathAt(random.below(PATHS.length)), 0n);
    case 2:
      return call("mkdirat", -100n, pathAt(2), 0o755n);
    case 3: {
      const shared = BigInt(random.pick([1, 1, 0x21, 0x22, 2]));
      return call(
        "mmap",
        argument("a", random, 0),
        65536n,
        BigInt(random.pick([1, 3, 5])),
        shared | 0x10n,
        argument("f", random, 0),
        0n,
      );
    }
    default:
      return call("openat", -100n, pathAt(random.below(4)), 0o102n, 0o644n);
  }
}

export function hostileCall(random: Random): Call {
  if (random.below(12) === 0) return openingCall(random);
  const chance = random.below(1000);
  if (chance < 60) {
    const mode = chance < 50 ? Mode.touch : Mode.jump;
    return {
      number: 0,
      args: [random.below(2) > 0 ? argument("a", random, 0) : address(random), 0n, 0n, 0n, 0n, 0n],
      mode,
    };
  }
  if (chance === 60)
    return { number: random.pick(ENDINGS), args: [word(random), 0n, 0n, 0n, 0n, 0n], mode: Mode.call };
  let number: number = random.pick(NUMBERS);
  if (chance < 70) number = Number(BigInt.asIntN(32, word(random)));
  const shape = SHAPES[NAMES.get(number) as SyscallName] ?? "";
  const wild = random.pick([0, 0, 0, 1, 4]);
  const args = Array.from({ length: 6 }, (_, i) => argument(shape[i] ?? "", random, wild));
  return { number, args, mode: random.below(12) === 0 ? Mode.again : Mode.call };
}

export function describe({ number, args, mode }: Call): string {
  const name = ["", "(again) ", "touch ", "jump "][mode] + (mode < 2 ? (NAMES.get(number) ?? number) : "");
  return `${name}(${args.map((one) => `0x${BigInt.asUintN(64, one).toString(16)}`).join(", ")})`;
}
