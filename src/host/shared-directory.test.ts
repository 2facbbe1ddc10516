import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Client, exchangeWith } from "../devices/virtio/p9/client-fixture.ts";
import { type MessageReader, type MessageWriter, Type } from "../devices/virtio/p9/message.ts";
import { Session } from "../devices/virtio/p9/session.ts";
import { RefusedError } from "../messages/errors.ts";
import { shareDirectory } from "./shared-directory.ts";

const ENOENT = 2;
const EBADF = 9;
const EACCES = 13;
const EEXIST = 17;
const ENOTDIR = 20;
const EISDIR = 21;
const EINVAL = 22;
const EROFS = 30;
const ENAMETOOLONG = 36;
const ENOTEMPTY = 39;
const ELOOP = 40;
const EMSGSIZE = 90;
const EOPNOTSUPP = 95;

let folder: string;
let shared: string;
let session: Session;
let client: Client;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "runikraft-9p-"));
  shared = join(folder, "shared");
  mkdirSync(shared);
  mkdirSync(join(folder, "outside"));
  writeFileSync(join(folder, "outside/secret"), "secret");
  await use(true);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function use(writable: boolean): Promise<void> {
  session = new Session(shareDirectory(shared, writable));
  client = new Client(exchangeWith(session));
  await client.begin();
}

const onHost = (name: string) => join(shared, name);
const text = (name: string) => readFileSync(onHost(name), "latin1");

describe("files", () => {
  test("are made, written, read and seen by the host", async () => {
    await client.walk(0, 1);
    expect(await client.create(1, "new", 2, 0o640)).toBe(0);
    expect(await client.write(1, 0, "hello, world")).toBe(12);
    expect(await client.write(1, 7, "there")).toBe(5);
    expect(text("new")).toBe("hello, there");
    expect(await client.read(1, 7, 100)).toBe("there");
    expect(await client.read(1, 100, 100)).toBe("");
    expect(statSync(onHost("new")).mode & 0o7777).toBe(0o640);
    expect(await client.errorOf(Type.fsync, (m) => m.u32(1).u32(0))).toBe(0);
    expect([await client.clunk(1), await client.clunk(1)]).toEqual([0, EBADF]);
  });

  test("may be made without permission to write them again, as version control does", async () => {
    await client.walk(0, 1);
    expect(await client.create(1, "object", 2, 0o444)).toBe(0);
    expect(await client.write(1, 0, "x")).toBe(1);
    expect(statSync(onHost("object")).mode & 0o7777).toBe(0o444);
  });

  test("that exist are opened by creating unless that is to be exclusive", async () => {
    writeFileSync(onHost("f"), "old");
    await client.walk(0, 1);
    expect(await client.create(1, "f", 0o200 | 2)).toBe(EEXIST);
    expect(await client.create(1, "f", 0)).toBe(0);
    expect(await client.read(1, 0, 10)).toBe("old");
    await client.walk(0, 2, "f");
    expect(await client.open(2, 0o1001)).toBe(0);
    expect(text("f")).toBe("");
  });

  test("are read and written only as they were opened", async () => {
    writeFileSync(onHost("f"), "text");
    await client.walk(0, 1, "f");
    expect([await client.read(1, 0, 1), await client.write(1, 0, "x")]).toEqual([EBADF, `errno ${EBADF}`]);
    expect(await client.open(1)).toBe(0);
    expect(await client.write(1, 0, "x")).toBe(`errno ${EBADF}`);
    expect(await client.open(1)).toBe(EINVAL);
    await client.walk(0, 2);
    expect(await client.open(2)).toBe(0);
    expect(await client.read(2, 0, 1)).toBe(EISDIR);
    expect(await client.entries(1, 0n, 100)).toBe(ENOTDIR);
  });

  test("stay what they are while open: removed, renamed or replaced", async () => {
    writeFileSync(onHost("f"), "mine");
    await client.walk(0, 1, "f");
    await client.open(1, 2);
    unlinkSync(onHost("f"));
    writeFileSync(onHost("f"), "another");
    expect(await client.read(1, 0, 10)).toBe("mine");
    expect(await client.attributes(1)).toMatchObject({ size: 4, nlink: 0 });
    expect(await client.setAttributes(1, 8, { size: 2 })).not.toBe(undefined);
    expect([await client.read(1, 0, 10), text("f")]).toEqual(["mi", "another"]);
  });

  test("an answer keeps within the room for it", async () => {
    writeFileSync(onHost("f"), "x".repeat(5000));
    await client.walk(0, 1, "f");
    await client.open(1);
    const answer = (await client.ask(Type.read, (m) => m.u32(1).u64(0n).u32(5000), 1011)) as MessageReader;
    expect(answer.u32()).toBe(1000);
    expect(await client.ask(Type.getattr, (m) => m.u32(1).u64(0n), 100)).toBe(EMSGSIZE);
  });
});

describe("names", () => {
  test("are walked as far as they lead, and a fid is made of a whole walk only", async () => {
    mkdirSync(onHost("a/b"), { recursive: true });
    expect(await client.walk(0, 1, "a", "b")).toBe(2);
    expect(await client.walk(0, 2, "a", "c", "d")).toBe(1);
    expect(await client.walk(2, 3)).toBe(`errno ${EBADF}`);
    expect(await client.walk(0, 2, "c")).toBe(`errno ${ENOENT}`);
    expect(await client.walk(0, 1)).toBe(`errno ${EINVAL}`);
    expect(await client.walk(1, 1, "x")).toBe(`errno ${ENOENT}`);
    expect(await client.walk(0, 4, ...Array(17).fill("a"))).toBe(`errno ${EINVAL}`);
  });

  test("that are paths, or long, are none", async () => {
    for (const name of ["", ".", "..", "a/b", "../outside", "a\0", "/"]) {
      expect(await client.walk(0, 1, name), JSON.stringify(name)).toBe(`errno ${ENOENT}`);
      expect(await client.create(0, name), JSON.stringify(name)).toBe(ENOENT);
      expect(await client.errorOf(Type.mkdir, (m) => m.u32(0).string(name).u32(0).u32(0))).toBe(ENOENT);
    }
    expect(await client.walk(0, 1, "n".repeat(256))).toBe(`errno ${ENAMETOOLONG}`);
  });

  test("are bytes", async () => {
    await client.walk(0, 1);
    expect(await client.create(1, "\xff\xfe")).toBe(0);
    await client.walk(0, 2);
    await client.open(2);
    const names = ((await client.entries(2, 0n, 1000)) as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual([".", "..", "\xff\xfe"]);
  });

  test("move with everything below them", async () => {
    mkdirSync(onHost("d"));
    writeFileSync(onHost("d/f"), "text");
    writeFileSync(onHost("dd"), "");
    await client.walk(0, 1, "d", "f");
    await client.walk(0, 2, "d");
    await client.walk(0, 3, "dd");
    expect(await client.errorOf(Type.renameat, (m) => m.u32(0).string("d").u32(0).string("e"))).toBe(0);
    expect(await client.open(1)).toBe(0);
    expect(await client.attributes(3)).toMatchObject({ size: 0 });
    expect(await client.errorOf(Type.rename, (m) => m.u32(1).u32(0).string("g"))).toBe(0);
    expect([text("g"), existsSync(onHost("e/f"))]).toEqual(["text", false]);
    expect(await client.errorOf(Type.rename, (m) => m.u32(0).u32(2).string("root"))).toBe(EINVAL);
  });
});

describe("directories", () => {
  test("are listed in pieces of the size asked for", async () => {
    for (let i = 0; i < 300; i++) writeFileSync(onHost(`file${i}`), "");
    mkdirSync(onHost("sub"));
    await client.walk(0, 1);
    await client.open(1);
    const names: string[] = [];
    let offset = 0n;
    for (;;) {
      const entries = (await client.entries(1, offset, 500)) as {
        name: string;
        type: number;
        offset: bigint;
      }[];
      if (entries.length === 0) break;
      for (const { name, type } of entries) expect(type).toBe(/^file/.test(name) ? 8 : 4);
      names.push(...entries.map(({ name }) => name));
      offset = entries[entries.length - 1].offset;
    }
    expect(names.length).toBe(303);
    expect(new Set(names).size).toBe(303);
    expect(await client.entries(1, 0n, 20)).toBe(EINVAL);
    writeFileSync(onHost("later"), "");
    expect(await client.entries(1, 303n, 500)).toEqual([]);
  });

  test("are made and removed", async () => {
    expect(await client.errorOf(Type.mkdir, (m) => m.u32(0).string("d").u32(0o750).u32(0))).toBe(0);
    expect(statSync(onHost("d")).mode & 0o7777).toBe(0o750);
    writeFileSync(onHost("d/f"), "");
    const remove = (name: string, flags: number) =>
      client.errorOf(Type.unlinkat, (m) => m.u32(0).string(name).u32(flags));
    expect(await remove("d", 0x200)).toBe(ENOTEMPTY);
    expect(await remove("d", 0)).toBe(EISDIR);
    await client.walk(0, 1, "d", "f");
    expect(await client.errorOf(Type.remove, (m) => m.u32(1))).toBe(0);
    expect(await client.clunk(1)).toBe(EBADF);
    expect(await remove("d", 0x200)).toBe(0);
    await client.walk(0, 1);
    expect(await client.errorOf(Type.remove, (m) => m.u32(1))).toBe(EINVAL);
  });
});

describe("links", () => {
  test("to the outside can be made and read, and lead nowhere", async () => {
    const target = "../outside/secret";
    expect(await client.errorOf(Type.symlink, (m) => m.u32(0).string("l").string(target).u32(0))).toBe(0);
    expect(await client.errorOf(Type.symlink, (m) => m.u32(0).string("d").string("../outside").u32(0))).toBe(
      0,
    );
    expect(readlinkSync(onHost("l"))).toBe(target);
    await client.walk(0, 1, "l");
    expect(((await client.ask(Type.readlink, (m) => m.u32(1))) as MessageReader).string()).toBe(target);
    expect(await client.open(1)).toBe(ELOOP);
    expect(await client.walk(0, 2, "d", "secret")).toBe(1);
    await client.walk(0, 3, "d");
    expect(await client.create(3, "planted")).not.toBe(0);
    expect(await client.create(0, "l", 2)).toBe(EACCES);
    expect(await client.setAttributes(1, 8, { size: 0 })).toBe(EACCES);
    expect(readFileSync(join(folder, "outside/secret"), "latin1")).toBe("secret");
    expect(existsSync(join(folder, "outside/planted"))).toBe(false);
  });

  test("put where a directory was a moment ago are not followed", async () => {
    mkdirSync(onHost("d"));
    writeFileSync(onHost("d/secret"), "inside");
    await client.walk(0, 1, "d");
    await client.walk(1, 2, "secret");
    renameSync(onHost("d"), onHost("e"));
    symlinkSync("../outside", onHost("d"));
    expect(await client.open(2)).toBe(ENOENT);
    expect(await client.create(1, "planted")).toBe(ENOTDIR);
    expect(existsSync(join(folder, "outside/planted"))).toBe(false);
  });

  test("hard ones are second names", async () => {
    writeFileSync(onHost("f"), "text");
    await client.walk(0, 1, "f");
    expect(await client.errorOf(Type.link, (m) => m.u32(0).u32(1).string("g"))).toBe(0);
    await client.walk(0, 2, "g");
    const [first, second] = [await client.attributes(1), await client.attributes(2)];
    expect(first).toEqual(second);
    expect(first).toMatchObject({ nlink: 2 });
  });

  test("with zero bytes are refused", async () => {
    expect(await client.errorOf(Type.symlink, (m) => m.u32(0).string("l").string("a\0b").u32(0))).toBe(
      EINVAL,
    );
  });
});

test("attributes are changed on the host", async () => {
  writeFileSync(onHost("f"), "a long text");
  await client.walk(0, 1, "f");
  expect(await client.setAttributes(1, 1 | 8 | 0x20 | 0x100, { mode: 0o4600, size: 6, mtime: 1234 })).toBe(0);
  // No set-id programs on the host.
  expect(statSync(onHost("f")).mode & 0o7777).toBe(0o600);
  expect([text("f"), statSync(onHost("f")).mtimeMs]).toEqual(["a long", 1234_000]);
  expect(await client.setAttributes(1, 0x20)).toBe(0);
  expect(Math.abs(statSync(onHost("f")).mtimeMs - Date.now())).toBeLessThan(60_000);
  expect(
    await client.errorOf(Type.setattr, (m) =>
      m
        .u32(1)
        .u32(8)
        .u32(0)
        .u64(0n)
        .u64(1n << 60n),
    ),
  ).not.toBe(0);
});

test("device nodes, sockets and pipes are not made; files are", async () => {
  const make = (name: string, mode: number) =>
    client.errorOf(Type.mknod, (m) => m.u32(0).string(name).u32(mode).u32(1).u32(3).u32(0));
  for (const type of [0o020000, 0o060000, 0o010000, 0o140000]) expect(await make("n", type | 0o666)).toBe(1);
  expect(existsSync(onHost("n"))).toBe(false);
  expect(await make("n", 0o100600)).toBe(0);
  expect(lstatSync(onHost("n")).isFile()).toBe(true);
});

test("extended attributes, authentication and what is unknown are not supported", async () => {
  for (const type of [30, 32, 102, 0, 6, 255])
    expect(await client.errorOf(type, (m) => m.u64(0n))).toBe(EOPNOTSUPP);
});

test("locks are granted, and none is in the way", async () => {
  const lock = (m: MessageWriter) => m.u8(1).u32(0).u64(3n).u64(4n).u32(77);
  const granted = await client.ask(Type.lock, (m) => lock(m.u32(0)).string("host"));
  expect((granted as MessageReader).u8()).toBe(0);
  const tested = (await client.ask(Type.getlock, (m) =>
    m.u32(0).u8(1).u64(3n).u64(4n).u32(77).string("host"),
  )) as MessageReader;
  expect([tested.u8(), tested.u64(), tested.u64(), tested.u32(), tested.string()]).toEqual([
    2,
    3n,
    4n,
    77,
    "host",
  ]);
});

test("statfs tells of the host's room", async () => {
  const answer = (await client.ask(Type.statfs, (m) => m.u32(0))) as MessageReader;
  expect([answer.u32(), answer.u32() > 0, answer.u64() > 0n]).toEqual([0x01021997, true, true]);
});

test("without a version there is nothing, and a new one forgets all fids", async () => {
  await client.walk(0, 1);
  await client.begin(8192);
  expect(await client.clunk(1)).toBe(EBADF);
  expect(await client.write(0, 0, "x".repeat(9000))).toBe(`errno ${EMSGSIZE}`);
  const other = (await client.ask(Type.version, (m) => m.u32(8192).string("9P2000"))) as MessageReader;
  expect([other.u32(), other.string()]).toEqual([8192, "unknown"]);
  expect(await client.errorOf(Type.attach, (m) => m.u32(0).u32(0xffff_ffff))).toBe(EMSGSIZE);
  expect(await client.errorOf(Type.version, (m) => m.u32(100).string("9P2000.L"))).toBe(EMSGSIZE);
});

test("a read-only share is not changed by anything", async () => {
  writeFileSync(onHost("f"), "old");
  chmodSync(onHost("f"), 0o644);
  mkdirSync(onHost("d"));
  await use(false);
  await client.walk(0, 1, "f");
  await client.walk(0, 2);
  const before = lstatSync(onHost("f"));
  expect([
    await client.open(1, 1),
    await client.open(1, 0o1002),
    await client.create(2, "g"),
    await client.setAttributes(1, 1, { mode: 0 }),
    await client.setAttributes(1, 8, { size: 0 }),
    await client.setAttributes(1, 0x20),
    await client.errorOf(Type.mkdir, (m) => m.u32(0).string("e").u32(0).u32(0)),
    await client.errorOf(Type.symlink, (m) => m.u32(0).string("e").string("f").u32(0)),
    await client.errorOf(Type.link, (m) => m.u32(0).u32(1).string("e")),
    await client.errorOf(Type.mknod, (m) => m.u32(0).string("e").u32(0o100644).u32(0).u32(0).u32(0)),
    await client.errorOf(Type.renameat, (m) => m.u32(0).string("f").u32(0).string("e")),
    await client.errorOf(Type.rename, (m) => m.u32(1).u32(0).string("e")),
    await client.errorOf(Type.unlinkat, (m) => m.u32(0).string("f").u32(0)),
    await client.errorOf(Type.unlinkat, (m) => m.u32(0).string("d").u32(0x200)),
  ]).toEqual(Array(14).fill(EROFS));
  expect(await client.open(1, 0o1000)).toBe(0);
  expect(await client.write(1, 0, "new")).toBe(`errno ${EBADF}`);
  const after = lstatSync(onHost("f"));
  expect([after.mode, after.mtimeMs, after.nlink, text("f")]).toEqual([
    before.mode,
    before.mtimeMs,
    before.nlink,
    "old",
  ]);
});

test("a saved session goes on in another one", async () => {
  writeFileSync(onHost("f"), "text");
  for (let i = 0; i < 5; i++) writeFileSync(onHost(`n${i}`), "");
  await client.walk(0, 1, "f");
  await client.open(1, 2);
  await client.walk(0, 2);
  await client.open(2);
  const [first] = (await client.entries(2, 0n, 30)) as { offset: bigint }[];
  const state = session.save();
  session = new Session(shareDirectory(shared, true));
  session.restore(state);
  client = new Client(exchangeWith(session));
  expect(await client.write(1, 4, "s")).toBe(1);
  expect(await client.read(1, 0, 10)).toBe("texts");
  expect(((await client.entries(2, first.offset, 1000)) as unknown[]).length).toBe(7);
  unlinkSync(onHost("f"));
  session.restore(state);
  expect(await client.read(1, 0, 10)).toBe(ENOENT);
});

test("what is no directory is refused in a line", () => {
  expect(() => shareDirectory(join(folder, "outside/secret"), false)).toThrow(RefusedError);
  expect(() => shareDirectory(join(folder, "nowhere"), false)).toThrow(RefusedError);
});
