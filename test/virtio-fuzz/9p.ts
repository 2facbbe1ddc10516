import { requestOf } from "../../src/devices/virtio/p9/client-fixture.ts";
import { type MessageWriter, Type } from "../../src/devices/virtio/p9/message.ts";
import type { Random } from "../differential/random.ts";
import type { Request } from "./request.ts";

const NAMES = [
  "a",
  "b",
  "c",
  "d",
  "link",
  "..",
  ".",
  "",
  "a/b",
  "a\0",
  "\xff",
  "n".repeat(255),
  "n".repeat(256),
];
const POSITIONS = [0n, 0n, 1n, 100n, 4096n, 1n << 20n, (1n << 53n) - 1n, 1n << 53n, (1n << 64n) - 1n];
const NO_FID = 0xffff_ffff;
const [U8, U16, U32, U64, FID, NAME, POSITION, FLAGS, NAMES_LIST, DATA, VERSION] = Array.from(
  { length: 11 },
  (_, i) => i,
);

/** The fields of each request, in their order. */
const FIELDS: Readonly<Record<number, readonly number[]>> = {
  [Type.version]: [U32, VERSION],
  [Type.attach]: [FID, FID, NAME, NAME, U32],
  [Type.flush]: [U16],
  [Type.walk]: [FID, FID, NAMES_LIST],
  [Type.read]: [FID, POSITION, U32],
  [Type.write]: [FID, POSITION, DATA],
  [Type.clunk]: [FID],
  [Type.remove]: [FID],
  [Type.statfs]: [FID],
  [Type.lopen]: [FID, FLAGS],
  [Type.lcreate]: [FID, NAME, FLAGS, U32, U32],
  [Type.symlink]: [FID, NAME, NAME, U32],
  [Type.mknod]: [FID, NAME, FLAGS, U32, U32, U32],
  [Type.rename]: [FID, FID, NAME],
  [Type.readlink]: [FID],
  [Type.getattr]: [FID, U64],
  [Type.setattr]: [FID, FLAGS, U32, U32, U32, POSITION, U64, U64, U64, U64],
  [Type.readdir]: [FID, POSITION, U32],
  [Type.fsync]: [FID, U32],
  [Type.lock]: [FID, U8, U32, U64, U64, U32, NAME],
  [Type.getlock]: [FID, U8, U64, U64, U32, NAME],
  [Type.link]: [FID, FID, NAME],
  [Type.mkdir]: [FID, NAME, U32, U32],
  [Type.renameat]: [FID, NAME, FID, NAME],
  [Type.unlinkat]: [FID, NAME, FLAGS],
};
const TYPES = [...Object.keys(FIELDS).map(Number), Type.walk, Type.walk, Type.lcreate, Type.lopen];

/** Messages of 9P2000.L with fields near to right ones, few fids and names so that they meet, and some of them damaged. */
export function p9Request(random: Random): Request {
  const type = random.below(30) === 0 ? random.below(256) : random.pick(TYPES);
  const fields = FIELDS[type] ?? [U64, U64];
  // A new version forgets everything: mostly the one that is spoken, and not often.
  const chosen = type === Type.version && random.below(4) !== 0 ? Type.walk : type;
  const readable = requestOf(chosen, random.below(4), (body) => {
    for (const field of chosen === type ? fields : FIELDS[chosen]) put(body, field, random);
  });
  const room = random.pick([11, 12, 24, 100, 200, 4096, 70_000]);
  switch (random.below(200)) {
    case 0:
      return { queue: 0, readable: readable.subarray(0, random.below(readable.length + 1)), writable: room };
    case 1:
      new DataView(readable.buffer).setUint32(0, random.pick([0, 6, 7, readable.length - 1, NO_FID]), true);
      break;
    case 2:
      return { queue: 0, readable, writable: random.below(11) };
    case 3:
    case 4:
    case 5:
      readable[random.below(readable.length)] = random.below(256);
      break;
  }
  return { queue: 0, readable, writable: room };
}

function put(body: MessageWriter, field: number, random: Random): void {
  switch (field) {
    case U8:
      body.u8(random.below(4));
      break;
    case U16:
      body.u16(random.below(5));
      break;
    case U32:
      body.u32(random.pick([0, 1, 20, 100, 4096, 8192, 65_536, 0o644, NO_FID]));
      break;
    case U64:
    case POSITION:
      body.u64(random.pick(POSITIONS));
      break;
    case FID:
      body.u32(random.pick([0, 0, 1, 1, 2, 3, 4, 5, 6, 7, NO_FID]));
      break;
    case NAME:
      body.string(random.pick(NAMES));
      break;
    case FLAGS:
      body.u32(random.pick([0, 1, 2, 8, 0x29, 0x1ff, 0x200, 0o200, 0o1002, 0o100644, 0o020666, NO_FID]));
      break;
    case NAMES_LIST: {
      const count = random.pick([0, 0, 1, 1, 2, 3, 16, 17]);
      body.u16(count);
      for (let i = 0; i < count; i++) body.string(random.pick(NAMES.slice(0, 6)));
      break;
    }
    case DATA: {
      const length = random.pick([0, 1, 100, 5000]);
      body.u32(random.below(10) === 0 ? random.pick([1, NO_FID]) : length);
      for (let i = 0; i < length; i++) body.u8(i);
      break;
    }
    case VERSION:
      body.string(random.pick(["9P2000.L", "9P2000.L", "9P2000.L", "9P2000.L", "9P2000", ""]));
      break;
  }
}
