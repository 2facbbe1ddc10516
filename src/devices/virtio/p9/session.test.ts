import { beforeEach, expect, test } from "vitest";
import { Client, exchangeWith } from "./client-fixture.ts";
import { MemoryTree } from "./memory-tree-fixture.ts";
import { type MessageReader, Type } from "./message.ts";
import { Session } from "./session.ts";

let client: Client;

beforeEach(async () => {
  client = new Client(exchangeWith(new Session(new MemoryTree())));
  await client.begin();
});

test("a message is 512 KiB at most", async () => {
  const answer = await client.ask(Type.version, (m) => m.u32(0xffff_ffff).string("9P2000.L"));
  expect((answer as MessageReader).u32()).toBe(512 * 1024);
});

test("fids are bounded", async () => {
  let made = 0;
  while (made < 40_000 && (await client.walk(0, made + 1)) === 0) made++;
  expect(made).toBe(32_767);
  expect(await client.walk(0, made + 1)).toBe("errno 23");
  expect(await client.clunk(1)).toBe(0);
  expect(await client.walk(0, 1)).toBe(0);
});

test("open files and directories are bounded", async () => {
  await client.walk(0, 1);
  await client.create(1, "f");
  for (let fid = 2; fid < 4200; fid++) await client.walk(0, fid, ...(fid % 2 === 0 ? ["f"] : []));
  const errors: number[] = [];
  for (let fid = 2; fid < 4200; fid++) errors.push(await client.open(fid));
  expect([errors.filter((error) => error === 0).length, errors[4095]]).toEqual([4095, 24]);
  await client.clunk(1);
  expect(await client.open(4199)).toBe(0);
});

test("many directories can be listed at a time", async () => {
  await client.walk(0, 1);
  await client.create(1, "f");
  for (let fid = 2; fid < 40; fid++) {
    await client.walk(0, fid);
    await client.open(fid);
  }
  for (const offset of [0n, 1n, 2n, 3n])
    for (let fid = 2; fid < 40; fid++)
      expect((await client.entries(fid, offset, 30)) as unknown[]).toHaveLength(offset < 3n ? 1 : 0);
});

test("a file is made only where it can be opened, too", async () => {
  for (let fid = 1; fid <= 4096; fid++) await client.walk(0, fid);
  for (let fid = 1; fid <= 4096; fid++) await client.open(fid);
  await client.walk(0, 4097);
  expect([await client.create(4097, "f"), await client.walk(0, 4098, "f")]).toEqual([24, "errno 2"]);
});

test("every field is looked for: a message cut anywhere is answered", async () => {
  const whole = [Type.attach, Type.walk, Type.lcreate, Type.symlink, Type.renameat, Type.setattr, Type.write];
  for (const type of whole)
    for (let length = 0; length < 40; length++) {
      const answer = await client.ask(type, (m) => {
        for (let i = 0; i < length; i++) m.u8(0);
      });
      expect(["number", "object"]).toContain(typeof answer);
      await client.begin();
    }
});
