import { expect, it } from "vitest";
import { SeededRandom } from "../../random/seeded-random.ts";
import { putU16 } from "../bytes.ts";
import { checksum, pseudoHeaderSum } from "../checksum.ts";
import { address } from "../network-fixture.ts";
import { gatewayAndGuest } from "./gateway-fixture.ts";

const GATEWAY_MAC = [0x52, 0x55, 0x0a, 0, 2, 2];

/** Frames as a guest sends them: everything that the gateway knows how to answer. */
function samples(): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const { guest, call, host, right, left } = gatewayAndGuest();
  const { onFrame } = left;
  left.onFrame = (frame) => {
    frames.push(Uint8Array.from(frame));
    return onFrame(frame);
  };
  const { connection } = call("192.0.2.1", 80);
  host.calls[0].events.connected();
  connection.write(new Uint8Array(3000));
  host.calls[0].events.received(new Uint8Array(5000));
  connection.end();
  const from = { address: address("10.0.2.15"), port: 68 };
  guest.udp.send(from, { address: address("192.0.2.1"), port: 7 }, new Uint8Array(4000));
  const discover = new Uint8Array(300);
  discover.set([1, 1, 6]);
  discover.set([0x63, 0x82, 0x53, 0x63, 53, 1, 1, 50, 4, 10, 0, 2, 15, 255], 236);
  guest.udp.send(from, { address: 0xffffffff, port: 67 }, discover);
  right.onFrame = () => true;
  return frames;
}

/** Makes the checksums right again, so that what was changed is looked at. */
function repair(frame: Uint8Array): void {
  const header = (frame[14] & 0xf) * 4;
  const length = frame.length - 14 - header;
  if (frame[12] !== 8 || frame[13] !== 0 || header < 20 || length < 20) return;
  putU16(frame, 24, 0);
  putU16(frame, 24, checksum(frame, 14, header));
  const at = 14 + header + (frame[23] === 6 ? 16 : 6);
  const view = new DataView(frame.buffer, frame.byteOffset);
  const pseudo = pseudoHeaderSum(view.getUint32(26), view.getUint32(30), frame[23], length);
  putU16(frame, at, 0);
  putU16(frame, at, checksum(frame, 14 + header, length, pseudo));
}

it("survives random and mutated frames, and keeps little of them", () => {
  const valid = samples();
  expect(valid.length).toBeGreaterThan(10);
  const random = new SeededRandom(11n);
  const below = (limit: number) => random.u32() % limit;
  const { time, gateway, host, left, right } = gatewayAndGuest();
  right.onFrame = () => below(10) > 0;
  for (let i = 0; i < 20_000; i++) {
    let frame: Uint8Array;
    if (below(10) === 0) {
      frame = random.bytes(below(120));
      if (below(2) === 0)
        frame.set([...GATEWAY_MAC, 2, 0, 0, 0, 0, 1, 8, below(2) * 6].slice(0, frame.length));
    } else {
      frame = Uint8Array.from(valid[below(valid.length)]);
      for (let n = below(6); n > 0; n--) {
        // Mostly the headers.
        const at = 12 + below(below(2) === 0 ? 60 : frame.length - 12);
        if (at < frame.length) frame[at] = below(2) === 0 ? below(256) : frame[at] ^ (1 << below(8));
      }
      if (below(10) === 0) frame = frame.subarray(0, below(frame.length));
      if (below(4) > 0) repair(frame);
    }
    left.onFrame(frame);
    if (i % 50 === 0) {
      right.hasRoom();
      const socket = host.calls[below(Math.max(1, host.calls.length))];
      const { events } = socket ?? {};
      [
        () => events?.connected(),
        () => events?.received(frame),
        () => events?.ended(),
        () => events?.closed("reset"),
      ][below(4)]();
      time.pass(20);
    }
  }
  expect(host.calls.length).toBeGreaterThan(5);
  expect(host.openUdpSockets).toBeLessThanOrEqual(256);
  expect(time.pending).toBeLessThan(5000);
  gateway.close();
  time.pass(3_600_000);
  expect(time.pending).toBe(0);
  expect(host.openUdpSockets).toBe(0);
});
