import type { Random } from "../differential/random.ts";

/** Where a hostile guest has its things. What follows each of them is not mapped. */
export const PLACES = {
  calls: 0x10_0000_0000,
  state: 0x10_0100_0000,
  signalStack: 0x10_0200_0000,
  signalStackBytes: 16384,
  data: 0x10_0300_0000,
  dataEnd: 0x10_0300_8000,
  readOnly: 0x10_0400_0000,
  none: 0x10_0500_0000,
  /** Nothing at first: for mappings. */
  arena: 0x10_0600_0000,
  arenaPages: 64,
} as const;

/** By page of the data: what stands there. */
export const PAGES = {
  words: 0,
  paths: 1,
  vectors: 2,
  descriptors: 3,
  actions: 4,
  times: 5,
  scratch: 6,
  full: 7,
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
  "/mnt/hello.S",
  "/include",
  `/${"x".repeat(300)}`,
  "/tmp/\xff\xfe",
] as const;
export const PATH_BYTES = 312;

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
  const page = () => BigInt(PLACES.data + 4096 * random.below(8));
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
  for (const [i, path] of PATHS.entries()) bytes.set(latin1(path), Number(pathAt(i)) - PLACES.data);
  fill(
    PAGES.vectors,
    () => (random.below(3) > 0 ? BigInt(PLACES.data + PAGES.scratch * 4096) : any()),
    () => (random.below(3) > 0 ? BigInt(random.below(9000)) : any()),
  );
  // struct pollfd: fd, events, revents.
  fill(
    PAGES.descriptors,
    () => BigInt(random.below(random.pick([5, 20, 2 ** 31]))) | (BigInt(random.below(65536)) << 32n),
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
  bytes.fill(0x61, PAGES.full * 4096);
  return bytes;
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** So many paths fit into a page. */
const ON_A_PAGE = 13;

/** Where the `i`th path stands. */
export const pathAt = (i: number): bigint =>
  BigInt(
    PLACES.data +
      (i < ON_A_PAGE
        ? PAGES.paths * 4096 + i * PATH_BYTES
        : PAGES.scratch * 4096 + (i - ON_A_PAGE) * PATH_BYTES),
  );
