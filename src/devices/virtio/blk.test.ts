import { describe, expect, test } from "vitest";
import type { Disk } from "../disk.ts";
import { BlockDevice } from "./blk.ts";
import { RecordingDisk, SECTOR } from "./blk-fixture.ts";
import { RAM_BASE, TestDriver, type TestDriverOptions, TRANSPORTS } from "./driver-fixture.ts";
import { immediateWork, settled } from "./work-fixture.ts";

const [READ, WRITE, FLUSH, GET_ID, DISCARD, WRITE_ZEROES] = [0, 1, 4, 8, 11, 13];
const [OK, IO_ERROR, UNSUPPORTED] = [0, 1, 2];
const FLUSH_FEATURE = 1n << 9n;
const CONFIG_WCE = 1n << 11n;
const SECTORS = 64;

function make(
  disk = new RecordingDisk(SECTORS),
  { serial, ...options }: { serial?: string } & TestDriverOptions = {},
) {
  const device = new BlockDevice(disk, immediateWork, serial);
  return { disk, device, driver: new TestDriver(device, options) };
}

function header(type: number, sector: number | bigint = 0): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setUint32(0, type, true);
  view.setBigUint64(8, BigInt(sector), true);
  return new Uint8Array(view.buffer);
}

function range(sector: number | bigint, sectors: number, flags = 0): Uint8Array {
  const bytes = header(0);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(sector), true);
  view.setUint32(8, sectors, true);
  view.setUint32(12, flags, true);
  return bytes;
}

interface Answer {
  readonly status: number;
  readonly data: Uint8Array;
}

const answerOf = (bytes: Uint8Array): Answer => ({
  status: bytes[bytes.length - 1],
  data: bytes.slice(0, -1),
});

/** One request and its answer, when the host has done its work. */
async function ask(driver: TestDriver, readable: Uint8Array[], writable: number[] = [1]): Promise<Answer> {
  const token = driver.add(0, readable, writable);
  driver.notify(0);
  await settled();
  const used = driver.collect(0);
  expect(used.map((each) => each.token)).toEqual([token]);
  return answerOf(used[0].bytes);
}

const status = async (driver: TestDriver, ...readable: Uint8Array[]) => (await ask(driver, readable)).status;

describe.each(TRANSPORTS)("version $version, packed $packed", (transport) => {
  test("reads and writes, whatever the framing", async () => {
    const { disk, driver } = make(undefined, transport);
    driver.start();
    const data = new Uint8Array(1024).fill(0xaa);
    expect(await status(driver, header(WRITE, 3), data)).toBe(OK);
    expect(disk.bytes.subarray(1535, 2561)).toEqual(Uint8Array.of(3, ...data, 6));
    const whole = Uint8Array.of(...header(WRITE, 8), ...data.fill(0xbb));
    expect(await status(driver, whole.subarray(0, 5), whole.subarray(5, 700), whole.subarray(700))).toBe(OK);
    expect(disk.bytes.subarray(4095, 5121)).toEqual(Uint8Array.of(8, ...data, 11));
    for (const writable of [[1024, 1], [1025], [1, 1000, 24]]) {
      const answer = await ask(driver, [header(READ, 1)], writable);
      expect(answer.status).toBe(OK);
      expect(Buffer.compare(answer.data, disk.bytes.subarray(512, 1536))).toBe(0);
    }
  });

  test("many at a time, in any order", async () => {
    const { disk, driver } = make(undefined, transport);
    driver.start();
    disk.isHeld = true;
    const tokens = [...Array(20).keys()].map((sector) => driver.add(0, [header(READ, sector)], [512, 1]));
    driver.notify(0);
    expect(disk.underWay).toBe(20);
    await disk.letGo(13);
    await disk.letGo(2);
    const used = driver.collect(0);
    expect(used.map(({ token }) => token)).toEqual([tokens[13], tokens[2]]);
    expect(used.map(({ bytes }) => [bytes[0], bytes[511], bytes[512]])).toEqual([
      [14, 14, OK],
      [3, 3, OK],
    ]);
    disk.isHeld = false;
    while (disk.underWay > 0) await disk.letGo();
    expect(driver.collect(0).length).toBe(18);
    expect(driver.line).toBe(true);
  });

  test("a full queue of requests that are answered at once, twice", async () => {
    const { driver } = make(undefined, transport);
    driver.start();
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 256; i++) driver.add(0, [header(GET_ID)], [20, 1], true);
      driver.notify(0);
      expect(driver.collect(0).length).toBe(256);
    }
  });
});

test("what the driver is told", () => {
  const { driver } = make();
  driver.start();
  const bits = [...Array(24).keys()].filter((bit) => ((driver.offered >> BigInt(bit)) & 1n) !== 0n);
  expect(bits).toEqual([2, 6, 9, 10, 11, 13, 14]);
  expect(driver.get(0x08)).toBe(2);
  expect([driver.config(0, 4), driver.config(4, 4)]).toEqual([SECTORS, 0]);
  expect([driver.config(12, 4), driver.config(20, 4)]).toEqual([254, 512]);
  expect([driver.config(24, 1), driver.config(26, 2), driver.config(32, 1)]).toEqual([3, 8, 1]);
  expect([36, 40, 44, 48, 52].map((at) => driver.config(at, 4))).toEqual([65536, 16, 8, 65536, 16]);
  expect(driver.config(56, 1)).toBe(1);
});

describe("requests", () => {
  test("the serial number, with zeroes to 20 bytes", async () => {
    const { driver } = make(undefined, { serial: "runikraft-0" });
    driver.start();
    const { data } = await ask(driver, [header(GET_ID)], [20, 1]);
    expect(Buffer.from(data).toString()).toBe("runikraft-0\0\0\0\0\0\0\0\0\0");
    const long = make(undefined, { serial: "0123456789012345678901234" });
    long.driver.start();
    const answer = await ask(long.driver, [header(GET_ID)], [20, 1]);
    expect(Buffer.from(answer.data).toString()).toBe("01234567890123456789");
  });

  test("write zeroes and discard, several ranges each", async () => {
    const { disk, driver } = make();
    driver.start();
    expect(await status(driver, header(WRITE_ZEROES), range(2, 1), range(5, 3, 1))).toBe(OK);
    expect(await status(driver, header(DISCARD), range(60, 4))).toBe(OK);
    expect(disk.calls).toEqual(["zero 1024 512", "zero 2560 1536", "discard 30720 2048"]);
  });

  test("ranges that are not right change nothing", async () => {
    const { disk, driver } = make();
    driver.start();
    const many = Array.from({ length: 17 }, () => range(0, 1));
    const wrong: [number, Uint8Array[]][] = [
      [IO_ERROR, [header(WRITE_ZEROES), range(0, 1), range(60, 5)]],
      [IO_ERROR, [header(WRITE_ZEROES), range(2n ** 63n, 1)]],
      [IO_ERROR, [header(WRITE_ZEROES), range(0, 0xffff_ffff)]],
      [IO_ERROR, [header(WRITE_ZEROES), range(0, 1).subarray(0, 15)]],
      [IO_ERROR, [header(WRITE_ZEROES)]],
      [IO_ERROR, [header(DISCARD), ...many]],
      [UNSUPPORTED, [header(WRITE_ZEROES), range(0, 1, 2)]],
      [UNSUPPORTED, [header(DISCARD), range(0, 1), range(4, 1, 1)]],
    ];
    for (const [expected, request] of wrong) expect(await status(driver, ...request)).toBe(expected);
    expect(disk.calls).toEqual([]);
  });

  test("outside of the disk, or not whole sectors", async () => {
    const { disk, driver } = make();
    driver.start();
    for (const sector of [SECTORS, SECTORS - 1, 2n ** 32n, 2n ** 55n, 2n ** 64n - 1n]) {
      expect(await status(driver, header(WRITE, sector), new Uint8Array(1024))).toBe(IO_ERROR);
      expect((await ask(driver, [header(READ, sector)], [1024, 1])).status).toBe(IO_ERROR);
    }
    expect(await status(driver, header(WRITE), new Uint8Array(511))).toBe(IO_ERROR);
    expect((await ask(driver, [header(READ)], [513, 1])).status).toBe(IO_ERROR);
    expect(await status(driver, header(WRITE).subarray(0, 15))).toBe(IO_ERROR);
    expect(disk.calls).toEqual([]);
  });

  test("of no bytes are done", async () => {
    const { driver } = make();
    driver.start();
    expect(await status(driver, header(WRITE))).toBe(OK);
    expect(await status(driver, header(READ, SECTORS))).toBe(OK);
  });

  test("of types that nobody knows", async () => {
    const { driver } = make();
    driver.start();
    for (const type of [2, 3, 14, 0x8000_0000, 0xffff_ffff])
      expect(await status(driver, header(type))).toBe(UNSUPPORTED);
  });

  test("without a byte for the status the device gives up", () => {
    const { driver } = make();
    driver.start();
    driver.add(0, [header(FLUSH)]);
    driver.notify(0);
    expect(driver.needsReset).toBe(true);
  });

  test("the host's failure is an error of this request alone", async () => {
    const { disk, driver } = make();
    driver.start();
    disk.isBroken = true;
    expect(await status(driver, header(WRITE), new Uint8Array(512))).toBe(IO_ERROR);
    expect((await ask(driver, [header(READ)], [512, 1])).status).toBe(IO_ERROR);
    expect(await status(driver, header(FLUSH))).toBe(IO_ERROR);
    disk.isBroken = false;
    expect(await status(driver, header(FLUSH))).toBe(OK);
  });
});

test("a read-only disk is never changed", async () => {
  const { disk, driver } = make(new RecordingDisk(SECTORS, true));
  driver.start();
  expect(driver.offered & (1n << 5n)).not.toBe(0n);
  expect(driver.offered & (0b11n << 13n)).toBe(0n);
  expect(await status(driver, header(WRITE), new Uint8Array(512))).toBe(IO_ERROR);
  expect(await status(driver, header(DISCARD), range(0, 1))).toBe(IO_ERROR);
  expect(await status(driver, header(WRITE_ZEROES), range(0, 1))).toBe(IO_ERROR);
  expect(disk.calls).toEqual([]);
  expect((await ask(driver, [header(READ)], [512, 1])).status).toBe(OK);
});

describe("what was written is on the disk for good", () => {
  const written = async (driver: TestDriver, disk: RecordingDisk) => {
    disk.calls.length = 0;
    expect(await status(driver, header(WRITE), new Uint8Array(512))).toBe(OK);
    return disk.calls;
  };

  test("after a flush, where the driver knows it", async () => {
    const { disk, driver } = make();
    driver.start({ features: FLUSH_FEATURE });
    expect(await written(driver, disk)).toEqual(["write 0 512"]);
    expect(await status(driver, header(FLUSH))).toBe(OK);
    expect(disk.calls).toEqual(["write 0 512", "flush"]);
  });

  test("at once, where it knows neither flushes nor the mode", async () => {
    const { disk, driver } = make();
    driver.start({ features: 0n });
    expect(await written(driver, disk)).toEqual(["write 0 512", "flush"]);
    disk.calls.length = 0;
    expect(await status(driver, header(WRITE_ZEROES), range(1, 1))).toBe(OK);
    expect(disk.calls).toEqual(["zero 512 512", "flush"]);
  });

  test("as the driver has set the mode, until it resets", async () => {
    const { disk, driver } = make();
    driver.start({ features: FLUSH_FEATURE | CONFIG_WCE });
    expect(driver.config(32, 1)).toBe(1);
    driver.setConfig(32, 1, 0);
    expect(driver.config(32, 1)).toBe(0);
    expect(await written(driver, disk)).toEqual(["write 0 512", "flush"]);
    driver.setConfig(32, 1, 1);
    expect(await written(driver, disk)).toEqual(["write 0 512"]);
    driver.setConfig(32, 1, 0);
    driver.start({ features: FLUSH_FEATURE | CONFIG_WCE });
    expect(driver.config(32, 1)).toBe(1);
    driver.start({ features: CONFIG_WCE });
    expect(driver.config(32, 1)).toBe(0);
    driver.start({ features: FLUSH_FEATURE });
    driver.setConfig(32, 1, 0);
    expect(driver.config(32, 1)).toBe(1);
  });
});

describe("big requests", () => {
  const MIB = 1 << 20;

  test("go in pieces, of which a bounded number is under way", async () => {
    const { disk, driver } = make(new RecordingDisk(4096), { ramBytes: 40 * MIB });
    driver.start();
    disk.isHeld = true;
    const length = MIB + SECTOR;
    for (let i = 0; i < 20; i++) driver.add(0, [header(READ, i)], [length, 1]);
    driver.notify(0);
    expect(disk.underWay).toBe(16);
    await disk.letGo(15);
    expect(driver.collect(0)).toEqual([]);
    expect(disk.calls.slice(15)).toEqual([`read 7680 ${MIB}`, `read ${7680 + MIB} 512`]);
    await disk.letGo(15);
    const [used] = driver.collect(0);
    expect(used.written).toBe(length + 1);
    expect(Buffer.compare(used.bytes.subarray(0, -1), disk.bytes.subarray(7680, 7680 + length))).toBe(0);
    // There is room for one more.
    expect(disk.calls.slice(17)).toEqual([`read 8192 ${MIB}`]);
    disk.isHeld = false;
    while (disk.underWay > 0) await disk.letGo();
    expect(disk.calls.length).toBe(40);
    expect(driver.memory.readU16(driver.rings[0].areas.device + 2)).toBe(20);
  });

  test("are written whole", async () => {
    const { disk, driver } = make(new RecordingDisk(6 * 2048));
    driver.start();
    const bytes = Uint8Array.from({ length: 5 * MIB }, (_, i) => i >> 10);
    expect(await status(driver, header(WRITE, 5), bytes)).toBe(OK);
    expect(Buffer.compare(bytes, disk.bytes.subarray(5 * SECTOR, 5 * SECTOR + bytes.length))).toBe(0);
    expect(disk.calls.length).toBe(5);
  });
});

describe("a reset", () => {
  test("while requests are under way: they are forgotten, and new ones wait for them", async () => {
    const { disk, driver } = make();
    driver.start();
    disk.isHeld = true;
    driver.add(0, [header(WRITE, 1), new Uint8Array(512)], [1]);
    driver.add(0, [header(READ, 2)], [512, 1]);
    driver.notify(0);
    driver.start();
    const token = driver.add(0, [header(WRITE, 1), new Uint8Array(512).fill(9)], [1]);
    driver.notify(0);
    expect(disk.calls).toEqual(["write 512 512", "read 1024 512"]);
    await disk.letGo(1);
    expect(disk.underWay).toBe(1);
    await disk.letGo();
    expect(disk.calls[2]).toBe("write 512 512");
    await disk.letGo();
    expect(driver.collect(0).map((used) => used.token)).toEqual([token]);
    expect(disk.bytes[512]).toBe(9);
  });

  test("ends a big request after its piece", async () => {
    const { disk, driver } = make(new RecordingDisk(4 * 2048));
    driver.start();
    disk.isHeld = true;
    driver.add(0, [header(READ)], [4 << 20, 1]);
    driver.notify(0);
    driver.reset();
    const before = driver.memory.read(RAM_BASE, 8 << 20)!;
    await disk.letGo();
    expect([disk.underWay, disk.calls.length]).toEqual([0, 1]);
    expect(Buffer.compare(driver.memory.read(RAM_BASE, 8 << 20)!, before)).toBe(0);
  });
});

test("a saved disk goes on in the mode that it had", async () => {
  const { disk, device, driver } = make();
  driver.start();
  driver.setConfig(32, 1, 0);
  const copy = make(disk);
  copy.driver.start();
  copy.device.restore(device.save());
  expect(copy.driver.config(32, 1)).toBe(0);
});

describe("a disk that answers at once", () => {
  const bytes = new Uint8Array(SECTORS * SECTOR).fill(5);
  const nobody = { follow: () => expect.unreachable("nothing is left to wait for") };
  const immediate = (fails: boolean): Disk => ({
    sizeBytes: bytes.length,
    readOnly: false,
    read: (offset, length) => (fails ? expect.fail("broken") : bytes.slice(offset, offset + length)),
    write: (offset, from) => (fails ? expect.fail("broken") : bytes.set(from, offset)),
    flush: () => {},
    discard: () => {},
    writeZeroes: () => {},
    close: async () => {},
  });

  test("is done when the notification is", () => {
    const driver = new TestDriver(new BlockDevice(immediate(false), nobody)).start();
    const written = new Uint8Array(3 * SECTOR).fill(9);
    driver.add(0, [header(WRITE, 1), written], [1]);
    driver.add(0, [header(FLUSH)], [1]);
    driver.add(0, [header(READ)], [2 * SECTOR, 1]);
    driver.notify(0);
    const [write, flush, read] = driver.collect(0).map((used) => answerOf(used.bytes));
    expect([write.status, flush.status, read.status]).toEqual([OK, OK, OK]);
    expect([read.data[SECTOR - 1], read.data[SECTOR]]).toEqual([5, 9]);
  });

  test("tells the driver of what it could not do", () => {
    const driver = new TestDriver(new BlockDevice(immediate(true), nobody)).start();
    driver.add(0, [header(READ)], [SECTOR, 1]);
    driver.add(0, [header(WRITE), new Uint8Array(SECTOR)], [1]);
    driver.notify(0);
    expect(driver.collect(0).map((used) => answerOf(used.bytes).status)).toEqual([IO_ERROR, IO_ERROR]);
  });
});
