import { beforeEach, describe, expect, test } from "vitest";
import { RAM_BASE, TestDriver, TRANSPORTS } from "./driver-fixture.ts";
import { GpuDevice } from "./gpu.ts";
import { GpuCommand, GpuResponse } from "./gpu-protocol.ts";
import { MAX_PIECES } from "./gpu-resource.ts";
import { MAX_RESOURCES } from "./gpu-resources.ts";
import { immediateWork, settled } from "./work-fixture.ts";

const BGRA = 1;
const CURSOR_QUEUE = 1;

/** A request: words behind a header; with a fence where one is given. */
function bytes(command: number, words: readonly number[], fence?: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 + 4 * words.length));
  view.setUint32(0, command, true);
  if (fence !== undefined) {
    view.setUint32(4, 1, true);
    view.setBigUint64(8, fence, true);
    view.setUint32(16, 77, true);
  }
  words.forEach((word, i) => {
    view.setUint32(24 + 4 * i, word, true);
  });
  return new Uint8Array(view.buffer);
}

const word = (data: Uint8Array, offset: number) => new DataView(data.buffer).getUint32(offset, true);

let gpu: GpuDevice;
let driver: TestDriver;

const answer = (command: number, words: readonly number[], fence?: bigint) =>
  driver.request(0, bytes(command, words, fence), 2048)!.bytes;
const code = (command: number, ...words: number[]) => word(answer(command, words), 0);
const create = (id: number, width: number, height: number, format = BGRA) =>
  code(GpuCommand.resourceCreate2d, id, format, width, height);
const attach = (id: number, ...pieces: readonly [address: number, length: number][]) =>
  code(
    GpuCommand.resourceAttachBacking,
    id,
    pieces.length,
    ...pieces.flatMap(([address, length]) => [address % 2 ** 32, Math.floor(address / 2 ** 32), length, 0]),
  );
const transfer = (id: number, rect: readonly number[], offset = 0, offsetHigh = 0) =>
  code(GpuCommand.transferToHost2d, ...rect, offset, offsetHigh, id, 0);
const setScanout = (id: number, rect: readonly number[], scanout = 0) =>
  code(GpuCommand.setScanout, ...rect, scanout, id);

const { okNoData, invalidParameter, invalidResource, invalidScanout, outOfMemory, unspecified } = GpuResponse;

describe.each(TRANSPORTS)("version $version, packed $packed", (transport) => {
  beforeEach(() => {
    gpu = new GpuDevice(immediateWork);
    driver = new TestDriver(gpu, transport).start();
  });

  test("tells of one screen and of its monitor", () => {
    expect([driver.config(8, 4), driver.config(12, 4)]).toEqual([1, 0]);
    const info = answer(GpuCommand.getDisplayInfo, []);
    expect([info.length, word(info, 0)]).toEqual([408, GpuResponse.okDisplayInfo]);
    expect([24, 28, 32, 36, 40, 44, 64].map((at) => word(info, at))).toEqual([0, 0, 1280, 800, 1, 0, 0]);
    const edid = answer(GpuCommand.getEdid, [0, 0]);
    expect([edid.length, word(edid, 0), word(edid, 24)]).toEqual([1056, GpuResponse.okEdid, 128]);
    const block = edid.subarray(32, 160);
    expect(block.reduce((sum, byte) => (sum + byte) & 0xff, 0)).toBe(0);
    expect([block[56] | ((block[58] & 0xf0) << 4), block[59] | ((block[61] & 0xf0) << 4)]).toEqual([
      1280, 800,
    ]);
    expect(word(answer(GpuCommand.getEdid, [1, 0]), 0)).toBe(invalidScanout);
  });

  test("shows what was drawn into scattered memory", () => {
    const at = RAM_BASE + 0x40_0000;
    driver.memory.write(
      at + 0x1000,
      Uint8Array.from({ length: 10 }, (_, i) => i + 1),
    );
    driver.memory.write(
      at,
      Uint8Array.from({ length: 22 }, (_, i) => i + 11),
    );
    expect(create(5, 4, 2)).toBe(okNoData);
    expect(attach(5, [at + 0x1000, 10], [at, 22])).toBe(okNoData);
    expect(transfer(5, [0, 0, 4, 2])).toBe(okNoData);
    expect(gpu.screenshot()).toBeUndefined();
    expect(setScanout(5, [1, 0, 3, 2])).toBe(okNoData);
    expect(code(GpuCommand.resourceFlush, 0, 0, 4, 2, 5, 0)).toBe(okNoData);
    expect(gpu.screenshot()).toEqual({
      width: 3,
      height: 2,
      rgba: Uint8Array.of(
        7,
        6,
        5,
        255,
        11,
        10,
        9,
        255,
        15,
        14,
        13,
        255,
        23,
        22,
        21,
        255,
        27,
        26,
        25,
        255,
        31,
        30,
        29,
        255,
      ),
    });
    expect(setScanout(0, [0, 0, 0, 0])).toBe(okNoData);
    expect(gpu.screenshot()).toBeUndefined();
  });

  test("gives a fence back", () => {
    const response = answer(GpuCommand.resourceUnref, [9, 0], 0x1_2345_6789_abcdn);
    expect([0, 4, 8, 12, 16].map((at) => word(response, at))).toEqual([
      invalidResource,
      1,
      0x6789_abcd,
      0x1_2345,
      77,
    ]);
    expect(word(answer(GpuCommand.resourceUnref, [9, 0]), 4)).toBe(0);
  });
});

describe("drawing", () => {
  const at = RAM_BASE + 0x40_0000;

  beforeEach(() => {
    gpu = new GpuDevice(immediateWork, { width: 640, height: 480 });
    driver = new TestDriver(gpu).start();
  });

  test.each([
    [1, [3, 2, 1, 255]],
    [2, [3, 2, 1, 255]],
    [3, [2, 3, 4, 255]],
    [4, [2, 3, 4, 255]],
    [67, [1, 2, 3, 255]],
    [68, [4, 3, 2, 255]],
    [121, [4, 3, 2, 255]],
    [134, [1, 2, 3, 255]],
  ])("format %i", (format, pixel) => {
    driver.memory.write(at, Uint8Array.of(1, 2, 3, 4));
    create(1, 1, 1, format);
    attach(1, [at, 4]);
    transfer(1, [0, 0, 1, 1]);
    setScanout(1, [0, 0, 1, 1]);
    expect([...gpu.screenshot()!.rgba]).toEqual(pixel);
  });

  test("a part is taken from its offset, row by row, and the rest stays", () => {
    driver.memory.write(
      at,
      Uint8Array.from({ length: 64 }, (_, i) => i),
    );
    create(1, 4, 4, 67);
    attach(1, [at, 64]);
    expect(transfer(1, [1, 1, 2, 2], 20)).toBe(okNoData);
    setScanout(1, [0, 0, 4, 4]);
    const reds = [...gpu.screenshot()!.rgba].filter((_, i) => i % 4 === 0);
    expect(reds).toEqual([0, 0, 0, 0, 0, 20, 24, 0, 0, 36, 40, 0, 0, 0, 0, 0]);
  });

  test("what lies behind the backing stays as it was", () => {
    driver.memory.write(at, new Uint8Array(64).fill(9));
    create(1, 2, 2, 67);
    attach(1, [at, 6], [at, 0]);
    expect(transfer(1, [0, 0, 2, 2])).toBe(okNoData);
    expect(transfer(1, [0, 0, 2, 2], 0xffff_fff0, 0xffff_ffff)).toBe(okNoData);
    setScanout(1, [0, 0, 2, 2]);
    expect([...gpu.screenshot()!.rgba]).toEqual([9, 9, 9, 255, 9, 9, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]);
  });

  test("the cursor is drawn over the screen, as far as it is on it", () => {
    driver.memory.write(at, new Uint8Array(64 * 64 * 4).fill(0x80));
    create(1, 2, 1, 67);
    setScanout(1, [0, 0, 2, 1]);
    create(2, 64, 64, 67);
    attach(2, [at, 64 * 64 * 4]);
    transfer(2, [0, 0, 64, 64]);
    const cursor = (command: number, x: number, id: number) =>
      driver.request(CURSOR_QUEUE, bytes(command, [0, x, 0, 0, id, 0, 0, 0]));
    cursor(GpuCommand.updateCursor, 1, 2);
    const shown = () => [...gpu.screenshot()!.rgba];
    expect(shown()).toEqual([0, 0, 0, 255, 0x80, 0x80, 0x80, 255]);
    code(GpuCommand.resourceUnref, 2, 0);
    cursor(GpuCommand.moveCursor, 0, 2);
    expect(shown()).toEqual([0x80, 0x80, 0x80, 255, 0x80, 0x80, 0x80, 255]);
    cursor(GpuCommand.moveCursor, 0xffff_ffff, 2);
    expect(shown()).toEqual([0, 0, 0, 255, 0, 0, 0, 255]);
    cursor(GpuCommand.moveCursor, 0, 2);
    cursor(GpuCommand.updateCursor, 0, 0);
    expect(shown()).toEqual([0, 0, 0, 255, 0, 0, 0, 255]);
  });

  test("a saved device shows the same and goes on", () => {
    driver.memory.write(at, Uint8Array.of(1, 2, 3, 4));
    create(1, 1, 1, 67);
    attach(1, [at, 4]);
    transfer(1, [0, 0, 1, 1]);
    setScanout(1, [0, 0, 1, 1]);
    const saved = gpu.save();
    driver.memory.write(at, Uint8Array.of(9, 9, 9, 9));
    transfer(1, [0, 0, 1, 1]);
    const other = new GpuDevice(immediateWork);
    const otherDriver = new TestDriver(other).start();
    other.restore(saved);
    expect([...other.screenshot()!.rgba]).toEqual([1, 2, 3, 255]);
    otherDriver.memory.write(at, Uint8Array.of(5, 6, 7, 8));
    otherDriver.request(0, bytes(GpuCommand.transferToHost2d, [0, 0, 1, 1, 0, 0, 1, 0]), 24);
    expect([...other.screenshot()!.rgba]).toEqual([5, 6, 7, 255]);
    expect([...gpu.screenshot()!.rgba]).toEqual([9, 9, 9, 255]);
  });

  test("a reset forgets everything", () => {
    create(1, 1, 1);
    setScanout(1, [0, 0, 1, 1]);
    driver.start();
    expect(gpu.screenshot()).toBeUndefined();
    expect(create(1, 1, 1)).toBe(okNoData);
  });
});

describe("hostile drivers", () => {
  const at = RAM_BASE + 0x40_0000;

  beforeEach(() => {
    gpu = new GpuDevice(immediateWork);
    driver = new TestDriver(gpu, { ramBytes: 16 << 20 }).start();
  });

  test("wrong numbers, sizes and rectangles", () => {
    expect(create(0, 1, 1)).toBe(invalidResource);
    expect(create(1, 0, 1)).toBe(invalidParameter);
    expect(create(1, 1, 1, 5)).toBe(invalidParameter);
    expect(create(1, 0x4000_0001, 4)).toBe(outOfMemory);
    expect(create(1, 0xffff_ffff, 0xffff_ffff)).toBe(outOfMemory);
    expect(create(1, 4, 4)).toBe(okNoData);
    expect(create(1, 4, 4)).toBe(invalidResource);
    expect(setScanout(1, [0, 0, 4, 4], 1)).toBe(invalidScanout);
    expect(setScanout(2, [0, 0, 4, 4])).toBe(invalidResource);
    for (const rect of [
      [0, 0, 5, 4],
      [1, 0, 4, 4],
      [0xffff_ffff, 0, 2, 4],
      [0, 0, 0, 4],
    ]) {
      expect(setScanout(1, rect)).toBe(invalidParameter);
      expect(code(GpuCommand.resourceFlush, ...rect, 1, 0)).toBe(invalidParameter);
    }
    expect(transfer(1, [0, 0, 4, 4])).toBe(unspecified);
    expect(attach(1, [at, 64])).toBe(okNoData);
    expect(attach(1, [at, 64])).toBe(unspecified);
    expect(transfer(1, [0, 3, 4, 2])).toBe(invalidParameter);
    expect(code(GpuCommand.resourceDetachBacking, 1, 0)).toBe(okNoData);
    expect(code(GpuCommand.resourceDetachBacking, 1, 0)).toBe(unspecified);
    expect(code(0x0108, 0, 0)).toBe(unspecified);
  });

  test("backing that is not RAM, or not listed", () => {
    create(1, 4, 4);
    expect(attach(1, [at, 8], [RAM_BASE - 4, 8])).toBe(invalidParameter);
    expect(attach(1, [RAM_BASE + (16 << 20) - 4, 8])).toBe(invalidParameter);
    expect(attach(1, [2 ** 63, 0xffff_ffff])).toBe(invalidParameter);
    expect(code(GpuCommand.resourceAttachBacking, 1, 2, at, 0, 4, 0)).toBe(invalidParameter);
    expect(code(GpuCommand.resourceAttachBacking, 1, 0xffff_ffff)).toBe(outOfMemory);
    expect(transfer(1, [0, 0, 4, 4])).toBe(unspecified);
  });

  test("memory, pictures and pieces of backing have bounds, and come back", async () => {
    for (let id = 1; id <= 4; id++) {
      driver.add(0, [bytes(GpuCommand.resourceCreate2d, [id, BGRA, 4096, 4096])], [24]);
      driver.notify(0);
      await settled();
    }
    expect(driver.collect(0).map((used) => word(used.bytes, 0))).toEqual(Array(4).fill(okNoData));
    expect(create(5, 1, 1)).toBe(outOfMemory);
    expect(code(GpuCommand.resourceUnref, 1, 0)).toBe(okNoData);
    for (let id = 5; id < 5 + MAX_RESOURCES - 3; id++) expect(create(id, 1, 1)).toBe(okNoData);
    expect(create(9999, 1, 1)).toBe(outOfMemory);
    const all = [2, MAX_PIECES, ...Array(MAX_PIECES).fill([at, 0, 4, 0]).flat()];
    expect(word(answer(GpuCommand.resourceAttachBacking, all), 0)).toBe(okNoData);
    expect(attach(3, [at, 4])).toBe(outOfMemory);
    code(GpuCommand.resourceUnref, 2, 0);
    expect(attach(3, [at, 4])).toBe(okNoData);
  });

  test("requests that are too short, and answers without room", () => {
    expect(word(driver.request(0, new Uint8Array(8), 24)!.bytes, 0)).toBe(invalidParameter);
    expect(word(driver.request(0, bytes(GpuCommand.resourceCreate2d, [1]), 24)!.bytes, 0)).toBe(
      invalidParameter,
    );
    expect(driver.request(0, bytes(GpuCommand.getDisplayInfo, []), 30)!.written).toBe(30);
    expect(driver.request(0, bytes(GpuCommand.getDisplayInfo, []))!.written).toBe(0);
  });

  test("large transfers give others a turn", async () => {
    create(1, 2048, 2048);
    attach(1, [at, 4096]);
    const request = bytes(GpuCommand.transferToHost2d, [0, 0, 2048, 2048, 0, 0, 1, 0]);
    for (let i = 0; i < 6; i++) driver.add(0, [request], [24]);
    driver.notify(0);
    expect(driver.collect(0)).toHaveLength(1);
    await settled();
    expect(driver.collect(0)).toHaveLength(5);
  });
});
