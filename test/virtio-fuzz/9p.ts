import { Client, requestOf } from "../../src/devices/virtio/p9/client-fixture.ts";
import { P9Device } from "../../src/devices/virtio/p9/device.ts";
import { MemoryTree } from "../../src/devices/virtio/p9/memory-tree-fixture.ts";
import { type MessageWriter, Type } from "../../src/devices/virtio/p9/message.ts";
import type { Random } from "../differential/random.ts";
import type { Parts, Request, Target } from "./target.ts";

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
function request(random: Random): Request {
  const type = random.below(30) === 0 ? random.below(256) : random.pick(TYPES);
  const fields = FIELDS[type] ?? [U64, U64];
  // A new version forgets everything: mostly the one that is spoken, and not often.
  const chosen = type === Type.version && random.below(4) !== 0 ? Type.walk : type;
  const readable = requestOf(chosen, random.below(4), (body) => {
    for (const field of chosen === type ? fields : FIELDS[chosen]) put(body, field, random);
  });
  const room = random.pick([1, 13, 100, 200, 4096, 70_000]);
  if (random.below(40) === 0) {
    const size = random.pick([0, 6, 7, readable.length - 1, readable.length + 1, NO_FID]);
    new DataView(readable.buffer).setUint32(0, size, true);
  }
  const cut = random.below(4) === 0 ? 1 + random.below(readable.length - 1) : 7;
  return { queue: 0, readable: [readable.subarray(0, cut), readable.subarray(cut)], writable: [11, room] };
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
      body.u32(random.pick([0, 0, 1, 2, 2, 3, 3, 4, 5, 6, NO_FID]));
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

/** A session that goes on from fids of every kind, so that no case need begin with a mount. */
const MOUNTED = {
  msize: 65_536,
  fids: [
    { fid: 0, place: "", opened: undefined },
    { fid: 1, place: "a", opened: undefined },
    { fid: 2, place: "b", opened: "write" },
    { fid: 3, place: "a", opened: "list" },
    { fid: 4, place: "a/c", opened: "read" },
    { fid: 5, place: "link", opened: undefined },
  ],
} as const;

export function p9({ work }: Parts): Target {
  const tree = new MemoryTree();
  const mounted = () => {
    tree.clear();
    tree.createDirectory(["a"], 0o755);
    tree.makeFile(["b"], 0o644).close();
    tree.makeFile(["a", "c"], 0o644).close();
    tree.createSymlink(["link"], "/etc/passwd");
  };
  class Mounted extends P9Device {
    override start(): void {
      mounted();
      this.restore(MOUNTED);
    }
  }
  const device = new Mounted("tag", tree, work);
  return {
    device,
    request,
    poke: () => device.restore(device.save()),
    async works(driver, settle) {
      const client = new Client(async (message, room) => {
        const token = driver.add(0, [message], [room]);
        driver.notify(0);
        await settle();
        return driver.collect(0).find((used) => used.token === token)!.bytes;
      }, 256);
      await client.begin(4096);
      if (tree.open !== 0) return false;
      await client.walk(0, 1);
      await client.create(1, "new");
      await client.write(1, 0, "text");
      return (await client.read(1, 0, 10)) === "text";
    },
  };
}
