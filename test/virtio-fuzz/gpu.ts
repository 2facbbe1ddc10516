import { RAM_BASE, type TestDriver } from "../../src/devices/virtio/driver-fixture.ts";
import { GpuDevice } from "../../src/devices/virtio/gpu.ts";
import { CURSOR_EXTENT } from "../../src/devices/virtio/gpu-cursor.ts";
import { GPU_REQUEST_SIZE, GpuCommand, GpuResponse } from "../../src/devices/virtio/gpu-protocol.ts";
import type { Random } from "../differential/random.ts";
import type { Parts, Request, Target } from "./target.ts";

const COMMANDS = Object.values(GpuCommand);
const FORMATS = [1, 2, 3, 4, 67, 68, 121, 134, 0, 5];
const EXTENTS = [0, 1, 2, 3, 16, 64, 64, 64, 100, 16_384, 16_385, 0x8000_0000, 0xffff_ffff];
/** Beside the other: what the pictures hold must not pass for memory that is lost. */
const SHORT = [0, 1, 2, 3, 16, 17, 0xffff_ffff];
const OFFSETS = [0, 0, 0, 1, 4, 256, 0xffff, 0xffff_ffff];
/** Where the driver has a picture of its own, clear of buffers. */
const PIXEL = RAM_BASE + 0x30_0000;
const RESPONSE_SIZES = [24, 24, 24, 408, 1056, 23, 1];

/** Words that a command has at these offsets, where it has any; the rest is small numbers. */
function fill(random: Random, command: number, words: DataView): void {
  for (let at = 24; at + 4 <= words.byteLength; at += 4) words.setUint32(at, random.below(4), true);
  const put = (offset: number, value: number) => words.setUint32(offset, value, true);
  const isTall = random.below(2) === 0;
  switch (command) {
    case GpuCommand.resourceCreate2d:
      put(28, random.pick(FORMATS));
      put(32, random.pick(isTall ? SHORT : EXTENTS));
      put(36, random.pick(isTall ? EXTENTS : SHORT));
      if (random.below(4) === 0) for (const offset of [32, 36]) put(offset, CURSOR_EXTENT);
      break;
    case GpuCommand.setScanout:
    case GpuCommand.resourceFlush:
    case GpuCommand.transferToHost2d:
      put(32, random.pick(EXTENTS));
      put(36, random.pick(EXTENTS));
      if (command === GpuCommand.setScanout) put(40, random.below(8) === 0 ? 1 : 0);
      if (command !== GpuCommand.transferToHost2d) break;
      put(40, random.pick(OFFSETS));
      put(44, random.below(8) === 0 ? random.pick(OFFSETS) : 0);
      break;
    case GpuCommand.updateCursor:
    case GpuCommand.moveCursor:
      put(24, random.below(8) === 0 ? 1 : 0);
      put(28, random.pick(EXTENTS));
      put(32, random.pick(EXTENTS));
  }
}

function pieces(random: Random, count: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(16 * count));
  for (let i = 0; i < count; i++) {
    const at = random.below(32) === 0 ? random.word() : RAM_BASE + random.below(1 << 20);
    view.setBigUint64(16 * i, BigInt(at), true);
    view.setUint32(16 * i + 8, random.pick([0, 1, 4, 7, 256, 4096, 65_536, 1 << 22]), true);
  }
  return new Uint8Array(view.buffer);
}

function request(random: Random): Request {
  const command = random.pick(COMMANDS);
  const words = new DataView(new ArrayBuffer(GPU_REQUEST_SIZE[command]));
  words.setUint32(0, command, true);
  words.setUint32(4, random.below(2), true);
  words.setUint32(8, random.word(), true);
  fill(random, command, words);
  const readable: Uint8Array[] = [new Uint8Array(words.buffer)];
  if (command === GpuCommand.resourceAttachBacking) {
    const count = 1 + random.below(8);
    words.setUint32(28, random.below(16) === 0 ? random.word() : count, true);
    readable.push(pieces(random, count));
  }
  const isCursor = command >= GpuCommand.updateCursor;
  return {
    queue: isCursor || random.below(32) === 0 ? 1 : 0,
    readable,
    writable: isCursor && random.below(2) === 0 ? [] : [random.pick(RESPONSE_SIZES)],
  };
}

/** A picture of one pixel, drawn and shown. */
async function works(gpu: GpuDevice, driver: TestDriver, settle: () => Promise<void>): Promise<boolean> {
  driver.memory.write(PIXEL, Uint8Array.of(1, 2, 3, 4));
  const isDone = async (command: number, ...words: number[]) => {
    driver.add(0, [new Uint8Array(Uint32Array.of(command, 0, 0, 0, 0, 0, ...words).buffer)], [24]);
    driver.notify(0);
    await settle();
    const answer = driver.collect(0)[0]?.bytes;
    return answer !== undefined && new DataView(answer.buffer).getUint32(0, true) === GpuResponse.okNoData;
  };
  const isDrawn =
    (await isDone(GpuCommand.resourceCreate2d, 1, 67, 1, 1)) &&
    (await isDone(GpuCommand.resourceAttachBacking, 1, 1, PIXEL, 0, 4, 0)) &&
    (await isDone(GpuCommand.transferToHost2d, 0, 0, 1, 1, 0, 0, 1, 0)) &&
    (await isDone(GpuCommand.setScanout, 0, 0, 1, 1, 0, 1));
  return isDrawn && gpu.screenshot()?.rgba.join() === "1,2,3,255";
}

export function gpu({ work }: Parts): Target {
  const device = new GpuDevice(work);
  return {
    device,
    request,
    poke(random) {
      const shot = device.screenshot();
      if (shot && shot.rgba.length !== shot.width * shot.height * 4) throw new Error("a torn screenshot");
      if (random.below(16) === 0) device.restore(device.save());
    },
    works: (driver, settle) => works(device, driver, settle),
  };
}
