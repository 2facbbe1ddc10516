import type { Random } from "../differential/random.ts";
import { address, DESCRIPTORS, PAGES, PATHS, PLACES, pathAt, word } from "./places.ts";
import { STRIDES } from "./structures.ts";

const at = (page: number, random: Random): bigint =>
  BigInt(PLACES.data + page * 4096 + 8 * random.below(512));

/** One of the structures on a page. */
const one = (page: keyof typeof STRIDES, random: Random): bigint =>
  BigInt(PLACES.data + PAGES[page] * 4096 + STRIDES[page] * random.below(Math.floor(4096 / STRIDES[page])));

const bit = (random: Random): number => 2 ** random.below(31);
/** Some flag, none, or noise. */
const flag =
  (...some: readonly number[]) =>
  (random: Random): bigint =>
    random.pick([
      0n,
      BigInt(random.pick(some)),
      BigInt(random.pick(some)),
      BigInt(bit(random)),
      random.bits64(),
    ]);
const few =
  (...some: readonly number[]) =>
  (random: Random): bigint =>
    BigInt(random.pick(some));
const always = (value: bigint) => () => value;

const anyDescriptor = (random: Random): bigint =>
  random.below(8) > 0
    ? BigInt(random.below(random.pick([14, 56])))
    : random.pick([-100n, -1n, 1023n, 1024n, 65536n, 2n ** 31n, 2n ** 32n + 3n, -(2n ** 31n)]);
/** Mostly one of a kind. */
const descriptor =
  (...kinds: readonly (keyof typeof DESCRIPTORS)[]) =>
  (random: Random): bigint =>
    random.below(4) > 0 ? BigInt(random.pick(DESCRIPTORS[random.pick(kinds)])) : anyDescriptor(random);

const CLONE_THREAD = 0x0005_0f00;
const CLONE_SETTID = 0x0130_0000;

/** What an argument may look like, by its kind. */
const KINDS = {
  "0": always(0n),
  "2": always(2n),
  "8": always(8n),
  "24": always(24n),
  "32": always(32n),
  word,
  small: (random) => BigInt(random.below(8)),
  int: (random) => BigInt(random.below(random.pick([4, 16, 1100]))),
  fd: anyDescriptor,
  file: descriptor("file"),
  directory: (random) => (random.below(2) > 0 ? -100n : descriptor("directory")(random)),
  pipe: descriptor("pipe", "pipe", "file", "socket"),
  timerfd: descriptor("timerfd"),
  epoll: descriptor("epoll"),
  inotify: descriptor("inotify"),
  pidfd: descriptor("pidfd"),
  queue: descriptor("queue"),
  socket: descriptor("socket"),
  listener: descriptor("listener"),
  unbound: descriptor("unbound"),
  terminal: descriptor("terminal"),
  pid: (random) => random.pick([0n, 1n, 1n, 2n, 3n, BigInt(random.below(12)), -1n, -2n]),
  path: (random) =>
    random.below(10) > 0
      ? pathAt(random.below(PATHS.length))
      : BigInt(PLACES.dataEnd - 1 - random.below(4096)),
  queuename: (random) => pathAt(random.pick([8, 8, 8, 0, 7])),
  attribute: (random) => pathAt(PATHS.length - 1 - random.below(6)),
  attributelength: (random) => BigInt(random.below(random.pick([4, 300, 70_000]))),
  fstype: (random) => pathAt(PATHS.length - 7 - random.below(4)),
  buffer: (random) =>
    random.below(2) > 0 ? at(random.pick([PAGES.words, PAGES.scratch]), random) : address(random),
  length: (random) =>
    random.below(4) > 0
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
        ]),
  offset: (random) => (random.below(4) > 0 ? BigInt(4096 * random.below(20)) : word(random)),
  mode: flag(0o777, 0o644, 0, 0o7777, 4),
  nodemode: flag(0o010644, 0o100644, 0o140644, 0o020644, 0o060644),
  device: few(0, 0x103, 0x501, 0x800),
  flags: (random) =>
    random.pick([
      0n,
      1n << BigInt(random.below(32)),
      BigInt(random.below(0x1000)),
      BigInt(random.pick([0o102, 0o2, 0o1101, 0o2001, 0o200000, 0o40100, 0o4002, 0o10000000, 0o20200002])),
      random.bits64(),
    ]),
  atflags: flag(0x100, 0x1000, 0x400, 0x1200),
  linkflags: flag(0x400, 0x1000),
  unlinkflags: flag(0x200),
  eventflags: flag(0o4000, 0o2000000, 0o2004000, 1),
  mountflags: flag(0, 0, 0x1000, 0x1000, 0x5000, 0x21, 0x1001, 0x20, 1, 0x2000, 0x40000),
  allocation: few(0, 0, 1, 2, 3, 8, 16, 32, 64),
  // Every command of fcntl, those of its locks and seals too.
  command: (random) => BigInt(random.pick([random.below(17), 36, 37, 38, 1024 + random.below(15)])),
  request: (random) =>
    random.below(4) > 0
      ? BigInt(
          random.pick([0x5400 + random.below(0x52), 0x5400 + random.below(0x52), 0x8004_5430, 0x4004_5431]),
        )
      : BigInt(random.pick([0x8008_1272, 0x1260, 0x1268, 0x8008_6601, 0x4004_9409, 0x8004_5200, 0x40_5309])),
  epollop: few(1, 1, 2, 3, 0),
  domain: few(1, 1, 1, 1, 2, 10, 16),
  sockettype: (random) => BigInt(random.pick([1, 2, 5, 3]) | random.pick([0, 0, 0o4000, 0o2000000])),
  sendflags: flag(0x40, 0x40, 0x4000, 2, 0x20, 0x100, 0x4000_0000, 0x1_0000),
  level: few(1, 1, 1, 0, 6),
  socketoption: (random) => BigInt(random.pick([random.below(64), 16, 17, 59, 7, 8])),
  addresslength: few(0, 2, 3, 8, 12, 20, 110, 111, 128, 4),
  queueflags: flag(0o102, 0o100, 0o4102, 2),
  key: few(0, 0, 1, 2, 3),
  ipcflags: flag(0o1666, 0o1666, 0o3666, 0o4000, 0),
  ipccommand: (random) => BigInt(random.pick([0, 1, 2, 3, 11 + random.below(9)])),
  attachflags: flag(0o10000, 0o20000, 0o40000),
  arena: (random) => BigInt(PLACES.arena + 4096 * random.below(PLACES.arenaPages)),
  maplength: (random) => BigInt(4096 * random.below(20) + random.pick([0, 0, 1, 4095])),
  prot: (random) => BigInt(random.below(8)),
  mapflags: (random) =>
    random.pick([
      ...[0x22n, 0x21n, 0x32n, 0x31n, 1n, 2n, 0x11n, 0x12n, 0x3n, 0x4022n, 0x8032n, 0x100022n],
      BigInt(random.below(0x200000)),
    ]),
  advice: few(0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 14, 18, 19, 20, 21, 22, 23, 25),
  break: (random) => BigInt(0x20000 + 4096 * random.below(64) + random.below(3)),
  cloneflags: (random) =>
    BigInt(
      random.pick([
        17,
        17,
        CLONE_THREAD,
        CLONE_THREAD,
        CLONE_THREAD | CLONE_SETTID,
        0x4111,
        0x111,
        17 | (1 << (8 + random.below(24))),
        random.below(2 ** 32),
      ]) >>> 0,
    ),
  clonesize: few(88, 88, 64, 80, 96, 0),
  stack: (random) => random.pick([0n, BigInt(PLACES.signalStack + 8192), address(random)]),
  futexop: (random) => BigInt(random.below(14) | random.pick([0, 128, 256, 384])),
  waitflags: flag(1, 1, 5, 0x1000005, 4, 2),
  clock: (random) => random.pick([BigInt(random.below(12)), -6n, -2n, -14n]),
  signal: (random) => BigInt(random.below(66)),
  rseq: (random) => BigInt(PLACES.data + 32 * random.below(1024)),
  vectors: (random) => one("vectors", random),
  polls: (random) => at(PAGES.descriptors, random),
  action: (random) => one("actions", random),
  times: (random) =>
    random.below(8) > 0 ? BigInt(PLACES.data + PAGES.times * 4096 + 16 * random.below(250)) : 0n,
  longs: (random) => (random.below(8) > 0 ? at(PAGES.longs, random) : 0n),
  ints: (random) => (random.below(8) > 0 ? at(PAGES.ints, random) : address(random)),
  address: (random) => one("addresses", random),
  message: (random) => one("messages", random),
  events: (random) => one("events", random),
  sigevent: (random) => (random.below(4) > 0 ? one("sigevents", random) : 0n),
  clone: (random) => one("clones", random),
  strings: (random) => (random.below(4) > 0 ? one("strings", random) : 0n),
  how: (random) => one("hows", random),
  lock: (random) => (random.below(3) > 0 ? one("locks", random) : BigInt(random.below(5000))),
  info: (random) => one("infos", random),
  attributes: (random) => one("attributes", random),
  handle: (random) => one("handles", random),
  operations: (random) => one("operations", random),
} satisfies Record<string, (random: Random) => bigint>;

export type Kind = keyof typeof KINDS;

/** An argument of a kind; in `wild` of 16 cases, any word. */
export function argument(kind: Kind, random: Random, wild: number): bigint {
  return random.below(16) < wild ? word(random) : KINDS[kind](random);
}
