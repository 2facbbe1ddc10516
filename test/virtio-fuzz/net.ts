import { NetworkDevice } from "../../src/devices/virtio/net.ts";
import { putU16, putU32 } from "../../src/net/bytes.ts";
import { cable } from "../../src/net/cable.ts";
import type { Random } from "../differential/random.ts";
import type { Request, Target } from "./target.ts";

const SIZES = [0, 1, 9, 10, 11, 12, 13, 25, 26, 42, 54, 60, 66, 100, 1000, 1514, 1518, 1519, 3000];
const [RECEIVE, TRANSMIT, CONTROL] = [0, 1, 2];
const EDGES = [0, 1, 14, 34, 50, 0x7fff, 0xfffe, 0xffff];

/** A frame: noise, or IPv4 with TCP or UDP whose fields are nearly right. */
function frameFor(random: Random): Uint8Array {
  const length = random.below(40) === 0 ? random.below(66_000) : random.pick(SIZES);
  const frame = new Uint8Array(length);
  for (let i = 0; i < Math.min(length, 80); i++) frame[i] = random.below(256);
  if (length < 66 || random.below(4) === 0) return frame;
  frame[0] &= random.pick([0xfe, 0xff]);
  putU16(frame, 12, 0x0800);
  frame[14] = random.pick([0x45, 0x45, 0x45, 0x46, 0x4f, 0x41, 0x65]);
  putU16(frame, 16, (random.below(4) === 0 ? random.below(65_536) : length - 14) & 0xffff);
  putU16(frame, 20, random.pick([0, 0, 0x4000, 0x2000, 0x1fff]));
  frame[23] = random.pick([6, 6, 17, 1]);
  putU32(frame, 38, random.pick([0, 0xffff_fff0]));
  frame[46] = random.pick([0x50, 0x80, 0xf0, 0x40, 0]);
  frame[47] = random.pick([0x10, 0x18, 0x02, 0x11, 0x3f]);
  return frame;
}

/** Buffers, packets with headers right and wrong, commands. */
function request(random: Random): Request {
  const queue = random.pick([RECEIVE, RECEIVE, TRANSMIT, TRANSMIT, CONTROL]);
  if (queue === RECEIVE) {
    const length = random.pick([1, 11, 12, 13, 100, 1526, 1526, 65_562]);
    return { queue, readable: [], writable: random.below(4) === 0 ? [12, length] : [length] };
  }
  if (queue === CONTROL) return { queue, readable: [command(random)], writable: [random.pick([1, 1, 1, 5])] };
  const frame = frameFor(random);
  const header = new Uint8Array(random.pick([10, 12, 12, 12]));
  const view = new DataView(header.buffer);
  header[0] = random.pick([0, 1, 1, 2, 3, 0xff]);
  header[1] = random.pick([0, 0, 1, 1, 3, 4, 0x80, 0x81, 0xff]);
  for (const at of [2, 4, 6, 8]) view.setUint16(at, random.pick(EDGES), true);
  return { queue, readable: frame.length > 0 ? [header, frame] : [header], writable: [] };
}

function command(random: Random): Uint8Array {
  const bytes = new Uint8Array(random.pick([1, 2, 3, 8, 10, 16, 100, 1000]));
  for (let i = 0; i < Math.min(bytes.length, 32); i++) bytes[i] = random.pick([0, 0, 0, 1, 1, 2, 60, 255]);
  bytes[0] = random.pick([0, 1, 1, 2, 4]);
  return bytes;
}

export function net(): Target {
  const [here, there] = cable();
  const mac = Uint8Array.of(2, 0, 0, 0, 0, 1);
  const device = new NetworkDevice(here, { mac });
  let arrived: Uint8Array | undefined;
  let hasRoom = true;
  there.onFrame = (frame) => {
    if (frame.length < 14 || frame.length > 65_550) throw new Error(`a frame of ${frame.length} bytes`);
    arrived = frame;
    return hasRoom;
  };
  return {
    device,
    request,
    poke(random) {
      hasRoom = random.below(4) !== 0;
      if (random.below(16) === 0) device.setLink(random.below(2) === 0);
      if (random.below(16) === 0) device.restore(device.save());
      const frame = frameFor(random);
      if (frame.length >= 14) there.send(frame);
    },
    works(driver) {
      device.setLink(true);
      const frame = Uint8Array.from({ length: 60 }, (_, i) => (i < 6 ? mac[i] : i));
      driver.request(TRANSMIT, Uint8Array.from([...new Uint8Array(12), ...frame]));
      if (arrived?.join() !== frame.join()) return false;
      driver.add(RECEIVE, [], [1526]);
      driver.notify(RECEIVE);
      there.send(frame);
      return driver.collect(RECEIVE)[0]?.bytes.subarray(12).join() === frame.join();
    },
  };
}
