import type { Random } from "../differential/random.ts";
import { PAGES, PATHS, PLACES, pathAt, word } from "./places.ts";

/** Bytes from one structure on a page to the next. */
export const STRIDES = {
  vectors: 16,
  actions: 24,
  addresses: 128,
  messages: 64,
  controls: 64,
  events: 16,
  sigevents: 64,
  clones: 96,
  strings: 64,
  hows: 24,
  locks: 32,
  infos: 128,
  attributes: 56,
  handles: 144,
  operations: 8,
} as const;

type Field = readonly [offset: number, bytes: 1 | 2 | 4 | 8, value: (random: Random) => bigint | number];

const dataPage = (page: number) => PLACES.data + page * 4096;
const descriptor = (random: Random) => random.below(56);
const pointer = (page: number, stride: number) => (random: Random) =>
  dataPage(page) + stride * random.below(Math.floor(4096 / stride));
const word64 = pointer(PAGES.scratch, 8);
const pick =
  (...values: readonly (bigint | number)[]) =>
  (random: Random) =>
    random.pick(values);
const below = (end: number) => (random: Random) => random.below(end);

/** Fields of each kind of structure, as Linux has them on riscv64. */
const FIELDS: { readonly [page in keyof typeof STRIDES]?: readonly Field[] } = {
  // struct msghdr, and a struct mmsghdr where several stand in a row.
  messages: [
    [0, 8, (random) => (random.below(3) === 0 ? 0 : pointer(PAGES.addresses, STRIDES.addresses)(random))],
    [8, 4, pick(0, 0, 2, 11, 110, 128)],
    [16, 8, pointer(PAGES.vectors, STRIDES.vectors)],
    [24, 8, below(8)],
    [32, 8, (random) => (random.below(3) === 0 ? 0 : pointer(PAGES.controls, STRIDES.controls)(random))],
    [40, 8, pick(0, 16, 20, 24, 64, 128, 4096)],
    [48, 4, below(4)],
  ],
  // struct cmsghdr and what follows it: descriptors, or pid, uid and gid.
  controls: [
    [0, 8, pick(16, 20, 20, 24, 28, 32, 60)],
    [8, 4, pick(1, 1, 1, 0)],
    [12, 4, pick(1, 1, 1, 2, 3)],
    ...[16, 20, 24, 28].map((offset): Field => [offset, 4, descriptor]),
    [32, 8, pick(20, 16)],
    [40, 4, pick(1)],
    [44, 4, pick(1, 2)],
    [48, 4, descriptor],
  ],
  // struct epoll_event
  events: [
    [0, 4, (random) => BigInt(random.pick([1, 4, 5, 0x2019])) | (BigInt(random.below(16)) << 28n)],
    [8, 8, below(64)],
  ],
  // struct sigevent
  sigevents: [
    [0, 8, word64],
    [8, 4, below(66)],
    [12, 4, pick(0, 0, 1, 2, 4)],
    [16, 4, below(8)],
  ],
  // struct clone_args
  clones: [
    [0, 8, pick(0, 0x5_0f00, 0x135_0f00, 0x4100, 0x1000, 0x100, 0x2_0000_0000n, 0x1_0000_0000n, 0x400)],
    ...[8, 16, 24].map((offset): Field => [offset, 8, word64]),
    [32, 8, pick(0, 17, 17, 10)],
    [40, 8, pick(0, 0, PLACES.signalStack)],
    [48, 8, pick(0, 0, PLACES.signalStackBytes)],
    [56, 8, word64],
    ...[64, 72, 80].map((offset): Field => [offset, 8, pick(0, 0, 0, 1)]),
  ],
  // Addresses of strings, with nothing at the end.
  strings: [0, 8, 16, 24].map(
    (offset): Field => [
      offset,
      8,
      (random) => (random.below(4) > 0 ? pathAt(random.below(PATHS.length)) : 0),
    ],
  ),
  // struct open_how
  hows: [
    [0, 8, pick(0, 2, 0o102, 0o200000, 0o10000000, 0o20200002)],
    [8, 8, pick(0, 0, 0o644)],
    [16, 8, (random) => random.below(64)],
  ],
  // struct flock, and struct f_owner_ex
  locks: [
    [0, 2, below(4)],
    [2, 2, below(4)],
    [8, 8, below(100)],
    [16, 8, pick(0, 1, 10, 4096, -1)],
    [24, 4, pick(0, 0, 1)],
  ],
  // siginfo_t
  infos: [
    [0, 4, below(66)],
    [8, 4, pick(-1, -2, -3, 0, -6)],
    [16, 4, below(4)],
    [20, 4, below(4)],
    [24, 8, word],
  ],
  // struct sched_attr
  attributes: [
    [0, 4, pick(48, 56, 56, 0)],
    [4, 4, below(8)],
    [8, 8, below(4)],
    [16, 4, pick(0, 5, -5, 19)],
    [20, 4, pick(0, 1, 50, 99, 100)],
  ],
  // struct file_handle
  handles: [
    [0, 4, pick(0, 8, 8, 12, 128, 129)],
    [4, 4, pick(0, 1, 0x81)],
  ],
  // struct sembuf
  operations: [
    [0, 2, below(4)],
    [2, 2, pick(-1, 0, 1, 1, 2, 32767)],
    [4, 2, pick(0o4000, 0o4000, 0o14000, 0)],
  ],
};

const SOCKET_NAMES = [
  "/tmp/socket",
  "\0abstract",
  "",
  "\0",
  "/tmp/dir/s",
  "/disk/s",
  "/host/s",
  "x".repeat(108),
];

/** Puts the structures that calls take on the pages of `bytes` that are theirs. One field in 16 is any word. */
export function putStructures(bytes: Uint8Array, random: Random): void {
  const view = new DataView(bytes.buffer);
  const put = (at: number, size: number, value: bigint) => {
    const bits = BigInt.asUintN(64, value);
    for (let i = 0; i < size; i++) view.setUint8(at + i, Number((bits >> BigInt(8 * i)) & 0xffn));
  };
  for (const [page, fields] of Object.entries(FIELDS) as [keyof typeof STRIDES, readonly Field[]][]) {
    const stride = STRIDES[page];
    for (let i = 0; i < Math.floor(4096 / stride); i++)
      for (const [offset, size, value] of fields)
        put(
          PAGES[page] * 4096 + i * stride + offset,
          size,
          random.below(16) === 0 ? word(random) : BigInt(value(random)),
        );
  }
  // struct sockaddr_un
  for (let i = 0; i < 4096 / STRIDES.addresses; i++) {
    const at = PAGES.addresses * 4096 + i * STRIDES.addresses;
    put(at, 2, BigInt(random.pick([1, 1, 1, 1, 0, 2, 10])));
    const name = random.pick(SOCKET_NAMES);
    bytes.set(
      Uint8Array.from(name, (character) => character.charCodeAt(0)),
      at + 2,
    );
  }
}
