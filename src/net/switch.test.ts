import { beforeEach, expect, test } from "vitest";
import type { EthernetPort } from "./cable.ts";
import { Switch } from "./switch.ts";

const EVERYONE = 0xffff_ffff_ffff;
let got: string[];
let ports: EthernetPort[];

beforeEach(() => {
  const between = new Switch();
  got = [];
  ports = [0, 1, 2].map((i) => {
    const port = between.port();
    port.onFrame = (frame) => got.push(`${i}:${frame[14]}`) > 0;
    return port;
  });
});

function frame(to: number, from: number, mark: number): Uint8Array {
  const bytes = new Uint8Array(15);
  const view = new DataView(bytes.buffer);
  for (const [at, mac] of [
    [0, to],
    [6, from],
  ]) {
    view.setUint16(at, Math.floor(mac / 2 ** 32));
    view.setUint32(at + 2, mac % 2 ** 32);
  }
  bytes[14] = mark;
  return bytes;
}

function taken(): string[] {
  const all = got;
  got = [];
  return all;
}

test("what is for everyone, a group or a stranger goes to every other port", () => {
  ports[0].send(frame(EVERYONE, 0xa, 1));
  ports[1].send(frame(0x0100_5e00_0001, 0xb, 2));
  ports[2].send(frame(0xff, 0xc, 3));
  expect(taken()).toEqual(["1:1", "2:1", "0:2", "2:2", "0:3", "1:3"]);
});

test("what is for a known address goes to its port alone, also after it moved", () => {
  ports[1].send(frame(EVERYONE, 0xb, 0));
  taken();
  ports[0].send(frame(0xb, 0xa, 1));
  expect(taken()).toEqual(["1:1"]);
  ports[2].send(frame(0xa, 0xb, 2));
  ports[0].send(frame(0xb, 0xa, 3));
  expect(taken()).toEqual(["0:2", "2:3"]);
});

test("nothing comes back to where it was sent from", () => {
  ports[0].send(frame(EVERYONE, 0xa, 0));
  taken();
  ports[0].send(frame(0xa, 0xd, 1));
  expect(taken()).toEqual([]);
});

test("a group is never learnt as a source", () => {
  ports[0].send(frame(EVERYONE, EVERYONE, 0));
  taken();
  ports[1].send(frame(EVERYONE, 0xb, 1));
  expect(taken()).toEqual(["0:1", "2:1"]);
});

test("a port without room loses frames and holds nobody up", () => {
  ports[1].onFrame = () => false;
  expect(ports[0].send(frame(EVERYONE, 0xa, 1))).toBe(true);
  expect(taken()).toEqual(["2:1"]);
});

test("a flood of addresses drives out old ones, not those in use", () => {
  ports[1].send(frame(EVERYONE, 0xb, 0));
  for (let i = 0; i < 5000; i++) {
    ports[0].send(frame(EVERYONE, 0x1000 + i, 0));
    if (i % 100 === 0) ports[1].send(frame(0x1000 + i, 0xb, 0));
  }
  taken();
  ports[2].send(frame(0xb, 0xc, 1));
  ports[2].send(frame(0x1000, 0xc, 2));
  expect(taken()).toEqual(["1:1", "0:2", "1:2"]);
});
