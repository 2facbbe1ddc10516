import type { Random } from "../differential/random.ts";

/** Where a hostile guest has its things. What follows each of them is not mapped. */
export const PLACES = {
  calls: 0x10_0000_0000,
  state: 0x10_0100_0000,
  signalStack: 0x10_0200_0000,
  signalStackBytes: 16384,
  data: 0x10_0300_0000,
  dataEnd: 0x10_0301_b000,
  readOnly: 0x10_0400_0000,
  none: 0x10_0500_0000,
  /** Nothing at first: for mappings. */
  arena: 0x10_0600_0000,
  arenaPages: 64,
} as const;

/** By page of the data: what stands there. Paths take several. */
export const PAGES = {
  words: 0,
  scratch: 1,
  vectors: 2,
  descriptors: 3,
  actions: 4,
  times: 5,
  full: 6,
  longs: 7,
  ints: 8,
  addresses: 9,
  messages: 10,
  controls: 11,
  events: 12,
  sigevents: 13,
  clones: 14,
  strings: 15,
  hows: 16,
  locks: 17,
  infos: 18,
  attributes: 19,
  handles: 20,
  operations: 21,
  paths: 22,
} as const;

export const PATHS = [
  "/tmp/a",
  "/tmp/b",
  "/tmp/dir",
  "/tmp/dir/c",
  "/",
  ".",
  "..",
  "",
  "a",
  "/tmp/loop",
  "/proc/self/maps",
  "/proc/self/fd/3",
  "/proc/self/fd",
  "/proc/self/exe",
  "/proc/meminfo",
  "/dev/null",
  "/dev/zero",
  "/dev/full",
  "/dev/urandom",
  "/dev/tty",
  "/dev",
  "/guest",
  "/etc/passwd/x",
  "/tmp/socket",
  "/tmp/fifo",
  "/tmp/mount",
  "/tmp/mount/f",
  "/mnt/hello.S",
  "/mnt/include/../../..",
  "/include",
  "/hello.S",
  "/host",
  "/host/f",
  "/host/dir",
  "/disk",
  "/disk/f",
  "/disk/dir",
  "/disk/dir/g",
  "/dev/ptmx",
  "/dev/pts/0",
  "/proc/self/root/tmp/a",
  "/proc/1/cwd",
  "/proc/self/task",
  "/proc/sys/kernel/hostname",
  "/sys/devices/system/cpu/online",
  `/${"x".repeat(300)}`,
  // Types of filesystems, then names of extended attributes.
  "tmpfs",
  "proc",
  "devpts",
  "sysfs",
  "user.a",
  "user.b",
  "trusted.c",
  "security.d",
  "system.e",
  "/tmp/\xff\xfe",
] as const;
export const PATH_BYTES = 312;

/** Descriptors of what `OPENING` opens. */
export const DESCRIPTORS = {
  file: [3, 16],
  directory: [4, 4, 5],
  pipe: [6, 7, 8, 9, 10],
  eventfd: [11],
  timerfd: [12],
  epoll: [13],
  signalfd: [14],
  inotify: [15],
  pidfd: [17],
  queue: [18],
  socket: [19, 20, 21, 22, 23, 24, 25, 26],
  listener: [25],
  unbound: [26, 49, 50, 51],
  terminal: [27, 28],
} as const;

/** Words that kernels get wrong. */
export function word(random: Random): bigint {
  const one = 1n << BigInt(random.below(64));
  switch (random.below(8)) {
    case 0:
      return BigInt(random.below(20));
    case 1:
      return -BigInt(random.below(200));
    case 2:
      return one - BigInt(random.below(3)) + 1n;
    case 3:
      return -one + BigInt(random.below(2));
    case 4:
      return random.bits64();
    case 5:
      return BigInt(4096 * random.below(70) + random.below(3) - 1);
    case 6:
      return random.pick([
        2n ** 31n - 1n,
        2n ** 32n - 1n,
        2n ** 38n,
        2n ** 53n + 1n,
        2n ** 63n - 1n,
        -(2n ** 63n),
      ]);
    default:
      return address(random);
  }
}

/** Good addresses, all kinds of bad ones, and those where good ends. */
export function address(random: Random): bigint {
  const page = () => BigInt(PLACES.data + 4096 * random.below((PLACES.dataEnd - PLACES.data) / 4096));
  const near = () => BigInt(random.below(64));
  switch (random.below(14)) {
    case 0:
      return 0n;
    case 1:
      return near();
    case 2:
      return BigInt(PLACES.dataEnd) - near();
    case 3:
      return BigInt(PLACES.readOnly) + near() * 8n;
    case 4:
      return BigInt(PLACES.none) + near();
    case 5:
      return random.pick([
        2n ** 38n - 8n,
        2n ** 38n,
        2n ** 39n,
        2n ** 63n - 4096n,
        -(2n ** 38n),
        -4096n,
        -8n,
        -(2n ** 63n),
      ]);
    case 6:
      return BigInt(PLACES.arena + 4096 * random.below(PLACES.arenaPages)) + random.pick([0n, near()]);
    case 7:
      return random.pick([
        0x10000n,
        0x11000n,
        0x12000n,
        BigInt(252 * 2 ** 30 - 4096),
        BigInt(252 * 2 ** 30 - 8 * 2 ** 20 - 8),
      ]);
    case 8:
      return BigInt(random.pick([PLACES.calls, PLACES.signalStack, PLACES.state])) + near() * 8n;
    default:
      return page() + random.pick([0n, 8n * near(), 4096n - near()]);
  }
}

/** The pages that hostile calls point to. */
export function hostileData(random: Random): Uint8Array {
  const bytes = new Uint8Array(PLACES.dataEnd - PLACES.data);
  const view = new DataView(bytes.buffer);
  const fill = (page: number, ...words: (() => bigint)[]) => {
    for (let i = 0; i < 512; i++)
      view.setBigUint64(page * 4096 + i * 8, BigInt.asUintN(64, words[i % words.length]()), true);
  };
  const any = () => word(random);
  const small = () => BigInt(random.below(4));
  fill(PAGES.words, any);
  fill(PAGES.longs, () => BigInt(random.below(random.pick([3, 9, 5000]))));
  fill(PAGES.ints, () => BigInt(random.below(6)) | (BigInt(random.below(110)) << 32n));
  for (const [i, path] of PATHS.entries()) bytes.set(latin1(path), Number(pathAt(i)) - PLACES.data);
  fill(
    PAGES.vectors,
    () => (random.below(3) > 0 ? BigInt(PLACES.data + PAGES.scratch * 4096) : any()),
    () => (random.below(3) > 0 ? BigInt(random.below(9000)) : any()),
  );
  // struct pollfd: fd, events, revents.
  fill(
    PAGES.descriptors,
    () => BigInt(random.below(random.pick([5, 56, 56, 2 ** 31]))) | (BigInt(random.below(65536)) << 32n),
  );
  fill(
    PAGES.actions,
    () => random.pick([0n, 1n, 0x10000n, any()]),
    any,
    () => 0n,
  );
  fill(
    PAGES.times,
    () => (random.below(8) > 0 ? small() : any()),
    () => (random.below(8) > 0 ? BigInt(random.below(1e9)) : any()),
  );
  bytes.fill(0x61, PAGES.full * 4096, PAGES.longs * 4096);
  return bytes;
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Where the `i`th path stands. */
export const pathAt = (i: number): bigint => BigInt(PLACES.data + PAGES.paths * 4096 + i * PATH_BYTES);
