import { beforeEach, describe, expect, test } from "vitest";
import { TestDriver, TRANSPORTS } from "../driver-fixture.ts";
import { Client, requestOf } from "./client-fixture.ts";
import { P9Device } from "./device.ts";
import { MemoryTree } from "./memory-tree-fixture.ts";
import { Type } from "./message.ts";

let tree: MemoryTree;
let driver: TestDriver;
let device: P9Device;
let client: Client;
/** Ends the work that the device has under way on the host, the last begun first. */
let finish: () => Promise<void>;

async function setUp(options: { version: 1 | 2; packed: boolean }): Promise<void> {
  let underWay: Promise<() => void>[] = [];
  tree = new MemoryTree();
  device = new P9Device("share", tree, {
    follow: (work, done, failed) => {
      underWay.push(
        work.then(
          (value) => () => done(value),
          (error: unknown) => () => failed(error),
        ),
      );
    },
  });
  finish = async () => {
    const ended = await Promise.all(underWay.reverse());
    underWay = [];
    for (const end of ended) end();
  };
  driver = new TestDriver(device, options).start();
  client = new Client(async (request, room) => {
    const token = driver.add(0, [request.subarray(0, 7), request.subarray(7)], [11, room - 11]);
    driver.notify(0);
    await finish();
    return driver.collect(0).find((used) => used.token === token)!.bytes;
  });
  await client.begin();
}

beforeEach(() => setUp({ version: 2, packed: false }));

/** Opens a new file as fid 1. */
async function file(contents: string): Promise<void> {
  await client.walk(0, 1);
  await client.create(1, "f");
  await client.write(1, 0, contents);
}

const read = (tag: number, offset: number) =>
  requestOf(Type.read, tag, (m) => m.u32(1).u64(BigInt(offset)).u32(100));
const flush = (tag: number, old: number) => requestOf(Type.flush, tag, (m) => m.u16(old));
const types = () => driver.collect(0).map(({ bytes }) => [bytes[4], bytes[5]]);

test.each(TRANSPORTS)("version $version, packed $packed: a share is mounted and used", async (transport) => {
  await setUp(transport);
  expect(driver.config(0, 2)).toBe(5);
  expect(String.fromCharCode(...[2, 3, 4, 5, 6].map((i) => driver.config(i, 1)))).toBe("share");
  expect(driver.offered & 1n).toBe(1n);
  await file("some text");
  expect(await client.read(1, 5, 100)).toBe("text");
  expect(await client.read(1, 100, 100)).toBe("");
});

describe("requests", () => {
  test("are under way side by side and end in any order", async () => {
    await file("text");
    for (const tag of [10, 11, 12]) driver.add(0, [read(tag, 0)], [1000]);
    driver.notify(0);
    expect(driver.collect(0)).toEqual([]);
    await finish();
    expect(types()).toEqual([12, 11, 10].map((tag) => [117, tag]));
  });

  test("are flushed after they ended, all of that tag; others are not waited for", async () => {
    await file("text");
    for (const message of [read(10, 0), read(10, 2), read(11, 0), flush(12, 10), flush(13, 99)])
      driver.add(0, [message], [1000]);
    driver.notify(0);
    expect(types()).toEqual([[109, 13]]);
    await finish();
    expect(types()).toEqual([
      [117, 11],
      [117, 10],
      [117, 10],
      [109, 12],
    ]);
  });

  test("that end after a reset say nothing, and files are let go of", async () => {
    await file("text");
    driver.add(0, [read(10, 0)], [1000]);
    driver.add(0, [flush(11, 10)], [1000]);
    driver.notify(0);
    driver.start();
    await finish();
    expect([driver.collect(0), tree.open]).toEqual([[], 0]);
    await client.begin();
    await client.walk(0, 1, "f");
    await client.open(1);
    expect(await client.read(1, 0, 10)).toBe("text");
  });

  test("whose file is closed meanwhile still end", async () => {
    await file("text");
    driver.add(0, [read(10, 0)], [1000]);
    driver.add(0, [requestOf(Type.clunk, 11, (m) => m.u32(1))], [1000]);
    driver.notify(0);
    expect([types(), tree.open]).toEqual([[[121, 11]], 0]);
    await finish();
    expect(types()).toEqual([[117, 10]]);
  });

  test("longer than the chain, shorter than a header or without room for an answer need a reset", async () => {
    const length = (size: number) => {
      const request = read(1, 0);
      new DataView(request.buffer).setUint32(0, size, true);
      return request;
    };
    const chains: [Uint8Array, number][] = [
      [length(24), 100],
      [length(6), 100],
      [length(0xffff_ffff), 100],
      [read(1, 0).subarray(0, 6), 100],
      [read(1, 0), 10],
    ];
    for (const [bytes, room] of chains) {
      driver.start();
      driver.request(0, bytes, room);
      expect(driver.needsReset).toBe(true);
    }
  });
});

test("saved and restored, what was open is open", async () => {
  await file("text");
  device.restore(device.save());
  expect(await client.read(1, 0, 10)).toBe("text");
});

test("a tag has 1 to 31 bytes", () => {
  const follow = () => {};
  for (const tag of ["", "x".repeat(32), "享".repeat(11)])
    expect(() => new P9Device(tag, tree, { follow }), tag).toThrow(RangeError);
});
