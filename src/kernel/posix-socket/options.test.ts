import { beforeEach, describe, expect, test } from "vitest";
import { errno } from "../syscalls/errno.ts";
import { fail } from "../vfs/error.ts";
import { failure } from "../vfs/tree-fixture.ts";
import { getSocketOption, SOL_SOCKET, setSocketOption } from "./options.ts";
import { FAMILY, RecordingSocket } from "./recording-socket-fixture.ts";
import { SocketType } from "./socket.ts";

const [TYPE, ERROR, SNDBUF, RCVBUF, LINGER, PASSCRED, PEERCRED] = [3, 4, 7, 8, 13, 16, 17];
const [RCVLOWAT, SNDLOWAT, RCVTIMEO, SNDTIMEO, ACCEPTCONN, PROTOCOL, DOMAIN] = [18, 19, 20, 21, 30, 38, 39];
const [REUSEADDR, KEEPALIVE, PRIORITY] = [2, 9, 12];

let socket: RecordingSocket;

beforeEach(() => {
  socket = new RecordingSocket(SocketType.stream, 6, 0);
});

const ints = (...values: number[]) => new Uint8Array(Int32Array.from(values).buffer);
const longs = (...values: (number | bigint)[]) =>
  new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
const set = (name: number, value: Uint8Array) => setSocketOption(socket, SOL_SOCKET, name, value);
const get = (name: number) => [...new Int32Array(getSocketOption(socket, SOL_SOCKET, name).slice().buffer)];
const time = (name: number) =>
  [...new BigInt64Array(getSocketOption(socket, SOL_SOCKET, name).slice().buffer)].map(Number);

test("a socket tells what it is", () => {
  expect([get(TYPE), get(DOMAIN), get(PROTOCOL), get(ACCEPTCONN)]).toEqual([[1], [FAMILY], [6], [0]]);
  socket.listening = true;
  expect(get(ACCEPTCONN)).toEqual([1]);
  expect(get(PEERCRED)).toEqual([0, -1, -1]);
  for (const name of [TYPE, DOMAIN, PROTOCOL, ACCEPTCONN, ERROR, PEERCRED])
    expect(failure(() => set(name, ints(1)))).toBe("ENOPROTOOPT");
});

test("an error is told once", () => {
  socket.error = errno.ECONNRESET;
  expect([get(ERROR), get(ERROR)]).toEqual([[errno.ECONNRESET], [0]]);
});

test("buffers are twice what is asked for, within Linux's bounds", () => {
  for (const [name, least] of [
    [SNDBUF, 4608],
    [RCVBUF, 2304],
  ]) {
    expect(get(name)).toEqual([212_992]);
    for (const [asked, given] of [
      [10_000, 20_000],
      [0, least],
      [1, least],
      [212_992, 425_984],
      [0x7fff_ffff, 425_984],
      [-1, 425_984],
    ]) {
      set(name, ints(asked));
      expect(get(name), `${name}: ${asked}`).toEqual([given]);
    }
  }
});

test("switches are on or off, numbers are kept, and nothing more is known", () => {
  for (const name of [REUSEADDR, KEEPALIVE]) {
    expect(get(name)).toEqual([0]);
    set(name, ints(-7));
    expect(get(name)).toEqual([1]);
    set(name, ints(0));
    expect(get(name)).toEqual([0]);
  }
  set(PRIORITY, ints(6));
  expect(get(PRIORITY)).toEqual([6]);
  set(PASSCRED, ints(5));
  expect([get(PASSCRED), socket.options.passCredentials]).toEqual([[1], true]);
  for (const name of [0, 200, -1]) {
    expect(failure(() => get(name))).toBe("ENOPROTOOPT");
    expect(failure(() => set(name, ints(1)))).toBe("ENOPROTOOPT");
  }
  expect([get(RCVLOWAT), get(SNDLOWAT)]).toEqual([[1], [1]]);
});

describe("time limits", () => {
  test.each([
    [RCVTIMEO, "receiveTimeout"],
    [SNDTIMEO, "sendTimeout"],
  ] as const)("%i", (name, kept) => {
    expect([time(name), socket.options[kept]]).toEqual([[0, 0], undefined]);
    set(name, longs(2, 500_000));
    expect([time(name), socket.options[kept]]).toEqual([[2, 500_000], 2.5e9]);
    for (const microseconds of [-1, 1_000_000, 2n ** 62n])
      expect(failure(() => set(name, longs(0, microseconds)))).toBe("EDOM");
    expect(failure(() => set(name, ints(1, 0, 0)))).toBe("EINVAL");
    expect(time(name)).toEqual([2, 500_000]);
    // However long, it is a time; 0 is none, and one that is over already is no wait at all.
    set(name, longs(2n ** 62n, 0));
    expect(socket.options[kept]).toBe(2 ** 53);
    set(name, longs(0, 0));
    expect(socket.options[kept]).toBeUndefined();
    set(name, longs(-1, 0));
    expect([time(name), socket.options[kept]]).toEqual([[0, 0], 0]);
  });
});

test("lingering is kept", () => {
  expect(get(LINGER)).toEqual([0, 0]);
  set(LINGER, ints(3, 20));
  expect(get(LINGER)).toEqual([1, 20]);
  expect(failure(() => set(LINGER, ints(1)))).toBe("EINVAL");
});

test("a value that is too short is refused", () => {
  for (const name of [SNDBUF, REUSEADDR, RCVTIMEO])
    for (const length of [0, 1, 3]) expect(failure(() => set(name, new Uint8Array(length)))).toBe("EINVAL");
  set(REUSEADDR, new Uint8Array(8).fill(1));
  expect(get(REUSEADDR)).toEqual([1]);
});

test("options of other levels are the family's", () => {
  expect(failure(() => getSocketOption(socket, 6, 1))).toBe("ENOPROTOOPT");
  expect(failure(() => setSocketOption(socket, 6, 1, new Uint8Array(0)))).toBe("ENOPROTOOPT");
  const asked: unknown[] = [];
  socket.getOption = (level, name) => (level === 6 ? Uint8Array.of(name) : fail("EINVAL"));
  socket.setOption = (...all) => asked.push(all);
  expect([...getSocketOption(socket, 6, TYPE)]).toEqual([TYPE]);
  setSocketOption(socket, 6, SNDBUF, Uint8Array.of(9));
  setSocketOption(socket, SOL_SOCKET, 200, ints(4));
  expect(asked).toEqual([
    [6, SNDBUF, Uint8Array.of(9)],
    [SOL_SOCKET, 200, ints(4)],
  ]);
});
