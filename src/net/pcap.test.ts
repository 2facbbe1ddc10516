import { beforeEach, expect, test } from "vitest";
import { cable, type EthernetPort } from "./cable.ts";
import { tap } from "./pcap.ts";

let file: Uint8Array;
let near: EthernetPort;
let far: EthernetPort;
let time: bigint;

beforeEach(() => {
  file = new Uint8Array(0);
  time = 1_700_000_000_123_456_789n;
  const [left, right] = cable();
  far = right;
  near = tap(
    left,
    (bytes) => {
      file = Uint8Array.from([...file, ...bytes]);
    },
    () => time++,
  );
});

/** Times and contents of the records. */
function records(): [number, number, number[]][] {
  const view = new DataView(file.buffer);
  const all: [number, number, number[]][] = [];
  for (let at = 24; at < file.length; ) {
    const length = view.getUint32(at + 8, true);
    expect(view.getUint32(at + 12, true)).toBe(length);
    const contents = [...file.subarray(at + 16, at + 16 + length)];
    all.push([view.getUint32(at, true), view.getUint32(at + 4, true), contents]);
    at += 16 + length;
  }
  return all;
}

test("the header says nanoseconds, version 2.4 and Ethernet", () => {
  const expected = "4d3cb2a1 02000400 00000000 00000000 00000400 01000000".replaceAll(" ", "");
  expect(Buffer.from(file).toString("hex")).toBe(expected);
});

test("both directions are recorded with their times, and arrive", () => {
  const got: number[] = [];
  far.onFrame = (frame) => got.push(frame[0]) > 0;
  near.onFrame = (frame) => got.push(frame[0]) > 0;
  near.send(Uint8Array.of(1, 2, 3));
  far.send(Uint8Array.of(4, 5));
  expect(got).toEqual([1, 4]);
  expect(records()).toEqual([
    [1_700_000_000, 123_456_789, [1, 2, 3]],
    [1_700_000_000, 123_456_790, [4, 5]],
  ]);
});

test("an answer given at once stands behind its question", () => {
  far.onFrame = () => far.send(Uint8Array.of(2));
  near.send(Uint8Array.of(1));
  expect(records().map(([, , [mark]]) => mark)).toEqual([1, 2]);
});

test("a frame without room is recorded when it is sent again, and its sender hears of room", () => {
  let hasRoom = false;
  far.onFrame = () => hasRoom;
  near.onRoom = () => near.send(Uint8Array.of(1));
  expect(near.send(Uint8Array.of(1))).toBe(false);
  expect(records()).toEqual([]);
  hasRoom = true;
  far.hasRoom();
  expect(records().length).toBe(1);
});
