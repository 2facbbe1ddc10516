import { describe, expect, it } from "vitest";
import { SeededRandom } from "../random/seeded-random.ts";
import { checksum, sum } from "./checksum.ts";
import type { Ipv4Packet } from "./ipv4.ts";
import { address, FAULTLESS, faultyCable, node, VirtualTime } from "./network-fixture.ts";
import { Ranges } from "./ranges.ts";
import { Reassembly } from "./reassembly.ts";

describe("the checksum", () => {
  it("is that of RFC 1071's example", () => {
    const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
    expect([sum(bytes, 0, 8), checksum(bytes, 0, 8)]).toEqual([0xddf2, 0x220d]);
  });

  it("is the same at every alignment and length, and with carries throughout", () => {
    const plain = (bytes: Uint8Array) => {
      let total = 0;
      for (let i = 0; i < bytes.length; i++) total += bytes[i] << (i % 2 === 0 ? 8 : 0);
      while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
      return total;
    };
    const random = new SeededRandom(1n);
    for (const length of [0, 1, 2, 3, 63, 64, 65, 66, 67, 1500, 65_535])
      for (let from = 0; from < 4; from++) {
        const ones = new Uint8Array(length + 4).fill(0xff);
        const bytes = random.bytes(length + 4);
        expect(sum(bytes, from, length)).toBe(plain(bytes.subarray(from, from + length)));
        expect(sum(bytes.subarray(from), 0, length)).toBe(sum(bytes, from, length));
        expect(sum(ones, from, length)).toBe(plain(ones.subarray(from, from + length)));
      }
  });
});

it("ranges join where they touch, keep their order and have a limit", () => {
  const ranges = new Ranges(2);
  expect(ranges.add({ from: 10, to: 20 })).toBe(true);
  expect(ranges.add({ from: 40, to: 50 })).toBe(true);
  expect(ranges.add({ from: 30, to: 35 })).toBe(false);
  expect(ranges.add({ from: 20, to: 40 })).toBe(true);
  expect(ranges.first).toEqual({ from: 10, to: 50 });
  expect([ranges.overlaps({ from: 0, to: 10 }), ranges.overlaps({ from: 49, to: 60 })]).toEqual([
    false,
    true,
  ]);
  ranges.advance(15);
  expect(ranges.first).toEqual({ from: 0, to: 35 });
  ranges.advance(35);
  expect(ranges.isEmpty).toBe(true);
});

describe("reassembly", () => {
  const packet = (payload: Uint8Array): Ipv4Packet => ({
    source: 1,
    destination: 2,
    protocol: 17,
    header: new Uint8Array(20),
    payload,
  });
  const start = () => {
    const time = new VirtualTime();
    const reassembly = new Reassembly(time);
    const add = (offset: number, length: number, more: boolean, identification = 1) =>
      reassembly.add(packet(new Uint8Array(length).fill(offset / 8)), { identification, offset, more });
    return { time, add };
  };

  it("takes fragments in any order", () => {
    const { time, add } = start();
    expect(add(16, 3, false)).toBeUndefined();
    expect(add(0, 8, true)).toBeUndefined();
    expect(add(8, 8, true)?.payload).toEqual(
      Uint8Array.of(...Array(8).fill(0), ...Array(8).fill(1), ...Array(3).fill(2)),
    );
    expect(time.pending).toBe(0);
  });

  it.each([
    [
      "overlap",
      [
        [0, 16, true],
        [8, 8, true],
        [16, 8, false],
      ],
    ],
    [
      "reach behind the end",
      [
        [8, 8, false],
        [16, 8, true],
        [0, 8, true],
      ],
    ],
    [
      "end twice",
      [
        [8, 8, false],
        [16, 8, false],
        [0, 8, true],
      ],
    ],
    [
      "end before what is there",
      [
        [16, 8, true],
        [8, 8, false],
        [0, 8, true],
      ],
    ],
    [
      "are not a multiple of eight",
      [
        [8, 8, false],
        [0, 7, true],
        [0, 8, true],
      ],
    ],
    [
      "are too much together",
      [
        [65_512, 8, false],
        [0, 8, true],
      ],
    ],
  ] as [string, [number, number, boolean][]][])("drops datagrams whose fragments %s", (_, fragments) => {
    const { add } = start();
    for (const fragment of fragments) expect(add(...fragment)).toBeUndefined();
  });

  it("keeps few, and none for long", () => {
    const { time, add } = start();
    for (let i = 0; i < 1000; i++) add(0, 8, true, i);
    expect(time.pending).toBe(16);
    time.pass(15_000);
    expect(time.pending).toBe(0);
    expect(add(8, 8, false, 999)).toBeUndefined();
  });
});

it("a datagram of any size arrives, in fragments that fit the cable", () => {
  const time = new VirtualTime();
  const lengths: number[] = [];
  const [left, right] = faultyCable(time, new SeededRandom(1n), FAULTLESS, (frame) =>
    lengths.push(frame.length),
  );
  const sender = node(left, time, 1);
  const receiver = node(right, time, 2);
  const got: Uint8Array[] = [];
  receiver.udp.onDatagram = ({ bytes }) => got.push(bytes);
  const sent = [0, 1, 1472, 1473, 65_507, 65_508].map((length) =>
    new SeededRandom(BigInt(length)).bytes(length),
  );
  for (const bytes of sent) {
    sender.udp.send(
      { address: address("192.168.7.1"), port: 1 },
      { address: address("192.168.7.2"), port: 2 },
      bytes,
    );
    time.pass(100);
  }
  expect(got.map((bytes) => bytes.length)).toEqual([0, 1, 1472, 1473, 65_507]);
  for (const [i, bytes] of got.entries()) expect(Buffer.compare(bytes, sent[i])).toBe(0);
  expect(Math.max(...lengths)).toBe(1514);
});
