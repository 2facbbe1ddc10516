import { beforeEach, describe, expect, test } from "vitest";
import { type Caller, DATA, DATA_SIZE, type TestKernel } from "../kernel-fixture.ts";
import { errno } from "../syscalls/errno.ts";
import { O } from "../vfs/flags.ts";
import {
  FAMILY,
  type RecordingFamily,
  type RecordingSocket,
  recordingKernel,
} from "./recording-socket-fixture.ts";
import { SocketType } from "./socket.ts";

/** The calls, whatever the address family: one that only records what it is asked. */

const NOBODYS = DATA + DATA_SIZE;
const ADDRESS = DATA;
const LENGTH = DATA + 0x200;
const BUFFER = DATA + 0x1000;
const { stream, datagram } = SocketType;
const MILLISECOND = 1e6;

let kernel: TestKernel;
let caller: Caller;
let family: RecordingFamily;

beforeEach(async () => {
  ({ kernel, family } = await recordingKernel());
  caller = kernel.first;
});

const call = (name: string, ...args: (number | bigint | string)[]) => caller.call(name, ...args);

function open(type: number = stream): { fd: number; socket: RecordingSocket } {
  const fd = call("socket", FAMILY, type, 0);
  return { fd, socket: family.last };
}

const bytesAt = (at: number, length: number) => [...caller.memory.read(at, length)];

describe("socket", () => {
  test("asks the family of that number for type and protocol, and keeps the flags to itself", () => {
    const fd = call("socket", FAMILY, datagram | O.NONBLOCK | O.CLOEXEC, 17);
    const [F_GETFD, F_GETFL] = [1, 3];
    expect(family.last).toMatchObject({ domain: FAMILY, type: datagram, protocol: 17 });
    expect(call("fcntl", fd, F_GETFD)).toBe(1);
    expect(call("fcntl", fd, F_GETFL)).toBe(O.RDWR | O.NONBLOCK);
    const plain = open().fd;
    expect(call("fcntl", plain, F_GETFD)).toBe(0);
    expect(call("fcntl", plain, F_GETFL)).toBe(O.RDWR);
  });

  test("fails for families that are not linked, for flags it does not know, and as the family says", () => {
    for (const number of [2, 10, 16, 17, 40, -1, 1000])
      expect(call("socket", number, stream, 0), String(number)).toBe(-errno.EAFNOSUPPORT);
    expect(call("socket", FAMILY, stream | 0x10, 0)).toBe(-errno.EINVAL);
    expect(call("socket", FAMILY, 9, 0)).toBe(-errno.ESOCKTNOSUPPORT);
    expect(call("socket", FAMILY, stream, 201)).toBe(-errno.EPROTONOSUPPORT);
    expect(call("socketpair", FAMILY, stream, 0, DATA)).toBe(-errno.EOPNOTSUPP);
    expect(call("socketpair", 2, stream, 0, DATA)).toBe(-errno.EAFNOSUPPORT);
  });

  test("leaves no socket behind when there is no descriptor for it", () => {
    caller.process.limits[7].soft = 3n;
    expect(call("socket", FAMILY, stream, 0)).toBe(-errno.EMFILE);
    expect(family.last.holders).toBe(0);
  });

  test("every call tells what is no socket from what is no descriptor", () => {
    const calls: [name: string, ...rest: number[]][] = [
      ["bind", ADDRESS, 6],
      ["connect", ADDRESS, 6],
      ["listen", 1],
      ["accept", 0, 0],
      ["accept4", 0, 0, 0],
      ["getsockname", ADDRESS, LENGTH],
      ["getpeername", ADDRESS, LENGTH],
      ["getsockopt", 1, 3, ADDRESS, LENGTH],
      ["setsockopt", 1, 2, ADDRESS, 4],
      ["shutdown", 0],
      ["sendto", BUFFER, 1, 0, 0, 0],
      ["recvfrom", BUFFER, 1, 0, 0, 0],
      ["sendmsg", DATA, 0],
      ["recvmsg", DATA, 0],
    ];
    const path = call("openat", -100, "/tmp", O.PATH);
    for (const [name, ...rest] of calls) {
      expect(call(name, 0, ...rest), name).toBe(-errno.ENOTSOCK);
      expect(call(name, 60, ...rest), name).toBe(-errno.EBADF);
      expect(call(name, -1, ...rest), name).toBe(-errno.EBADF);
      expect(call(name, path, ...rest), name).toBe(-errno.EBADF);
    }
  });
});

describe("addresses", () => {
  test("go to the family as they are, up to 128 bytes", () => {
    const { fd, socket } = open();
    caller.memory.write(ADDRESS, Uint8Array.of(9, 8, 7));
    expect(call("bind", fd, ADDRESS, 3)).toBe(0);
    expect(call("connect", fd, ADDRESS, 2)).toBe(0);
    expect(call("bind", fd, ADDRESS, 0)).toBe(0);
    expect(socket.calls).toEqual(["bind 9,8,7", "connect 9,8", "bind "]);
    for (const name of ["bind", "connect"]) {
      for (const length of [129, -1, 0x7fff_ffff, 0x8000_0000])
        expect(call(name, fd, ADDRESS, length)).toBe(-errno.EINVAL);
      expect(call(name, fd, ADDRESS, 128)).toBe(0);
      expect(call(name, fd, NOBODYS - 2, 3)).toBe(-errno.EFAULT);
    }
  });

  test("come back cut to the room that there is, with their whole length", () => {
    const { fd, socket } = open();
    socket.peer = Uint8Array.of(FAMILY, 0, 9);
    for (const [name, address] of [
      ["getsockname", [FAMILY, 0, 1, 2, 3, 4]],
      ["getpeername", [FAMILY, 0, 9]],
    ] as const)
      for (const room of [0, 2, address.length, 100]) {
        caller.memory.write(ADDRESS, new Uint8Array(16).fill(0xee));
        caller.memory.writeU32(LENGTH, room);
        expect(call(name, fd, ADDRESS, LENGTH)).toBe(0);
        expect(caller.memory.readU32(LENGTH)).toBe(address.length);
        const shown = address.slice(0, room);
        expect(bytesAt(ADDRESS, 8)).toEqual([...shown, ...Array(8 - shown.length).fill(0xee)]);
      }
    caller.memory.writeU32(LENGTH, 0xffff_ffff);
    expect(call("getsockname", fd, ADDRESS, LENGTH)).toBe(-errno.EINVAL);
    expect(call("getsockname", fd, ADDRESS, 8)).toBe(-errno.EFAULT);
    caller.memory.writeU32(LENGTH, 6);
    expect(call("getsockname", fd, 8, LENGTH)).toBe(-errno.EFAULT);
    socket.peer = undefined;
    expect(call("getpeername", fd, ADDRESS, LENGTH)).toBe(-errno.ENOTCONN);
  });
});

describe("connecting", () => {
  test("listen passes its backlog on", () => {
    const { fd, socket } = open();
    expect(call("listen", fd, -5)).toBe(0);
    expect(socket.calls).toEqual(["listen -5"]);
    socket.failWith = "EOPNOTSUPP";
    expect(call("listen", fd, 1)).toBe(-errno.EOPNOTSUPP);
  });

  test("connect waits while the family says so, unless the socket is not to wait", () => {
    const { fd, socket } = open();
    socket.failWith = "EAGAIN";
    const connect = caller.start("connect", fd, ADDRESS, 2);
    expect(connect.result).toBeUndefined();
    socket.failWith = undefined;
    socket.waiters.wake();
    kernel.settle();
    expect(connect.result).toBe(0);
    socket.flags |= O.NONBLOCK;
    socket.failWith = "EAGAIN";
    expect(call("connect", fd, ADDRESS, 2)).toBe(-errno.EAGAIN);
    socket.failWith = "EINPROGRESS";
    expect(call("connect", fd, ADDRESS, 2)).toBe(-errno.EINPROGRESS);
  });

  test("accept waits for a connection, and makes it a descriptor with its own flags", () => {
    const { fd, socket } = open();
    const accept = caller.start("accept4", fd, ADDRESS, LENGTH, O.CLOEXEC | O.NONBLOCK);
    expect(accept.result).toBeUndefined();
    const made = family.create(stream, 0, O.NONBLOCK);
    made.peer = Uint8Array.of(FAMILY, 0, 5);
    caller.memory.writeU32(LENGTH, 10);
    socket.connections.push(made);
    socket.waiters.wake();
    kernel.settle();
    const fresh = accept.result ?? -1;
    expect(fresh).toBeGreaterThan(fd);
    expect(socket.calls.at(-1)).toBe(`accept ${O.NONBLOCK}`);
    expect(call("fcntl", fresh, 1)).toBe(1);
    expect([caller.memory.readU32(LENGTH), bytesAt(ADDRESS, 3)]).toEqual([3, [FAMILY, 0, 5]]);
    call("close", fresh);
    expect(made.holders).toBe(0);
    expect(call("accept4", fd, 0, 0, 1)).toBe(-errno.EINVAL);
  });

  test("accept leaves a connection where it is while there is no descriptor for it", () => {
    const { fd, socket } = open();
    socket.connections.push(family.create(stream, 0, 0));
    caller.process.limits[7].soft = BigInt(fd + 1);
    expect(call("accept", fd, 0, 0)).toBe(-errno.EMFILE);
    expect(socket.connections.length).toBe(1);
  });

  test("accept closes a connection whose address nobody can be told", () => {
    const { fd, socket } = open();
    const made = family.create(stream, 0, 0);
    made.peer = Uint8Array.of(FAMILY, 0);
    socket.connections.push(made);
    expect(call("accept", fd, ADDRESS, 8)).toBe(-errno.EFAULT);
    expect(made.holders).toBe(0);
    expect(call("fcntl", fd + 1, 1)).toBe(-errno.EBADF);
  });

  test("a time limit ends the wait of accept for receiving, of connect for sending", () => {
    const { fd, socket } = open();
    const [receive, send] = [20, 21];
    socket.failWith = "EAGAIN";
    for (const [name, option] of [
      ["accept", receive],
      ["connect", send],
    ] as const) {
      caller.put(ADDRESS, 0, 5000);
      expect(call("setsockopt", fd, 1, option, ADDRESS, 16)).toBe(0);
      const waiting = caller.start(name, fd, 0, 0);
      kernel.pass(4 * MILLISECOND);
      expect(waiting.result).toBeUndefined();
      kernel.pass(2 * MILLISECOND);
      expect(waiting.result).toBe(-errno.EAGAIN);
    }
  });
});

test("shutdown ends receiving, sending or both, and knows nothing else", () => {
  const { fd, socket } = open();
  for (const how of [0, 1, 2]) expect(call("shutdown", fd, how)).toBe(0);
  expect(socket.calls).toEqual(["shutdown receiving", "shutdown sending", "shutdown receiving sending"]);
  for (const how of [3, -1]) expect(call("shutdown", fd, how)).toBe(-errno.EINVAL);
  socket.failWith = "ENOTCONN";
  expect(call("shutdown", fd, 2)).toBe(-errno.ENOTCONN);
});
