import { beforeEach, describe, expect, test } from "vitest";
import { type Caller, DATA, DATA_SIZE, type TestKernel, testKernel } from "../kernel-fixture.ts";
import type { Library } from "../library.ts";
import { errno } from "../syscalls/errno.ts";
import { O } from "../vfs/flags.ts";
import { socketFamilies } from "./families.ts";
import { FAMILY, RecordingFamily, type RecordingSocket } from "./recording-socket-fixture.ts";
import { MSG, SocketType } from "./socket.ts";

/** The calls, whatever the address family: one that only records what it is asked. */

const NOBODYS = DATA + DATA_SIZE;
const ADDRESS = DATA;
const LENGTH = DATA + 0x200;
const BUFFER = DATA + 0x1000;
const { stream, datagram } = SocketType;
const SIGPIPE = 13;
const MILLISECOND = 1e6;

let kernel: TestKernel;
let caller: Caller;
let family: RecordingFamily;

beforeEach(async () => {
  family = new RecordingFamily();
  const recording: Library = {
    name: "recording-family",
    summary: () => "",
    provides: [],
    needs: [socketFamilies],
    start: (linked) => linked.use(socketFamilies).add(family),
  };
  kernel = await testKernel({ libraries: [recording] });
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

describe("sending", () => {
  const text = (value: string) => {
    caller.memory.write(BUFFER, Buffer.from(value));
    return value.length;
  };

  test("waits until all of a stream's bytes are taken", () => {
    const { fd, socket } = open();
    socket.room = 3;
    const send = caller.start("sendto", fd, BUFFER, text("abcdefgh"), 0, 0, 0);
    expect(send.result).toBeUndefined();
    for (const room of [4, 1]) {
      socket.room = room;
      socket.waiters.wake();
      kernel.settle();
    }
    expect(send.result).toBe(8);
    expect(socket.sent.map((one) => one.text)).toEqual(["abc", "defg", "h"]);
  });

  test("takes what there is room for when it is not to wait, or when its time is up", () => {
    const { fd, socket } = open();
    socket.room = 3;
    expect(call("sendto", fd, BUFFER, text("abcdefgh"), MSG.DONTWAIT, 0, 0)).toBe(3);
    expect(call("sendto", fd, BUFFER, 5, MSG.DONTWAIT, 0, 0)).toBe(-errno.EAGAIN);
    socket.options.sendTimeout = MILLISECOND;
    socket.room = 2;
    const send = caller.start("sendto", fd, BUFFER, 5, 0, 0, 0);
    kernel.pass(2 * MILLISECOND);
    expect(send.result).toBe(2);
    const none = caller.start("sendto", fd, BUFFER, 5, 0, 0, 0);
    kernel.pass(2 * MILLISECOND);
    expect(none.result).toBe(-errno.EAGAIN);
  });

  test("raises SIGPIPE for a stream that has ended, but not where that is not wanted", () => {
    const { pendingSignals } = caller.process;
    const hasSignal = () => pendingSignals.set.has(SIGPIPE) || caller.thread.signals.pending.set.has(SIGPIPE);
    const messages = open(datagram);
    messages.socket.failWith = "EPIPE";
    expect(call("sendto", messages.fd, BUFFER, 1, 0, 0, 0)).toBe(-errno.EPIPE);
    const { fd, socket } = open();
    socket.failWith = "EPIPE";
    expect(call("sendto", fd, BUFFER, 1, MSG.NOSIGNAL, 0, 0)).toBe(-errno.EPIPE);
    expect(hasSignal()).toBe(false);
    expect(call("sendto", fd, BUFFER, 1, 0, 0, 0)).toBe(-errno.EPIPE);
    expect(hasSignal()).toBe(true);
  });

  test("hands the address over where there is one, and sends messages without bytes too", () => {
    const { fd, socket } = open(datagram);
    caller.memory.write(ADDRESS, Uint8Array.of(FAMILY, 0, 4));
    expect(call("sendto", fd, BUFFER, text("hi"), 0, ADDRESS, 3)).toBe(2);
    expect(call("sendto", fd, BUFFER, 0, 0, 0, 0)).toBe(0);
    expect(socket.sent.map((one) => one.text)).toEqual(["hi", ""]);
    expect(socket.sent[0].options.to?.address).toEqual(Uint8Array.of(FAMILY, 0, 4));
    expect(socket.sent[1].options.to).toBeUndefined();
    expect(call("sendto", fd, BUFFER, 1, 0, ADDRESS, 129)).toBe(-errno.EINVAL);
    expect(call("sendto", fd, BUFFER, 1, MSG.OOB, 0, 0)).toBe(-errno.EOPNOTSUPP);
    expect(call("sendto", fd, NOBODYS, 1, 0, 0, 0)).toBe(-errno.EFAULT);
    expect(socket.sent.length).toBe(2);
  });

  test("of a stream ends before memory that is not there", () => {
    const { fd, socket } = open();
    const start = NOBODYS - 70_000;
    const sent = call("sendto", fd, start, 140_000, 0, 0, 0);
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThanOrEqual(70_000);
    expect(socket.sent.reduce((sum, one) => sum + one.text.length, 0)).toBe(sent);
  });
});

describe("receiving", () => {
  const receive = (fd: number, length: number, flags = 0) =>
    call("recvfrom", fd, BUFFER, length, flags, 0, 0);

  test("waits for something, unless it is not to or its time is up", () => {
    const { fd, socket } = open();
    expect(receive(fd, 10, MSG.DONTWAIT)).toBe(-errno.EAGAIN);
    const waiting = caller.start("recvfrom", fd, BUFFER, 10, 0, 0, 0);
    expect(waiting.result).toBeUndefined();
    socket.deliver("abc");
    kernel.settle();
    expect([waiting.result, caller.text(BUFFER, 3)]).toEqual([3, "abc"]);
    socket.options.receiveTimeout = MILLISECOND;
    const late = caller.start("recvfrom", fd, BUFFER, 10, 0, 0, 0);
    kernel.pass(2 * MILLISECOND);
    expect(late.result).toBe(-errno.EAGAIN);
  });

  test("with MSG_WAITALL goes on until the buffer is full or the stream ends, and gives what it has in time", () => {
    const { fd, socket } = open();
    const start = () => caller.start("recvfrom", fd, BUFFER, 6, MSG.WAITALL, 0, 0);
    const full = start();
    for (const part of ["ab", "cd", "ef"]) {
      expect(full.result).toBeUndefined();
      socket.deliver(part);
      kernel.settle();
    }
    expect([full.result, caller.text(BUFFER, 6)]).toEqual([6, "abcdef"]);
    const ended = start();
    socket.deliver("gh");
    kernel.settle();
    socket.deliver("");
    kernel.settle();
    expect([ended.result, caller.text(BUFFER, 2)]).toEqual([2, "gh"]);
    socket.options.receiveTimeout = MILLISECOND;
    const late = start();
    socket.deliver("ijk");
    kernel.settle();
    kernel.pass(2 * MILLISECOND);
    expect([late.result, caller.text(BUFFER, 3)]).toEqual([3, "ijk"]);
  });

  test("tells the whole length of a message that did not fit only where that is asked for", () => {
    const { fd, socket } = open(datagram);
    for (let i = 0; i < 2; i++) socket.deliver("too long");
    expect(receive(fd, 3)).toBe(3);
    expect(receive(fd, 3, MSG.TRUNC)).toBe(8);
  });

  test("says from whom, and nothing of a sender without an address", () => {
    const { fd, socket } = open(datagram);
    caller.memory.writeU32(LENGTH, 100);
    socket.deliver("x", { from: Uint8Array.of(FAMILY, 0, 6) });
    expect(call("recvfrom", fd, BUFFER, 9, 0, ADDRESS, LENGTH)).toBe(1);
    expect([caller.memory.readU32(LENGTH), bytesAt(ADDRESS, 3)]).toEqual([3, [FAMILY, 0, 6]]);
    socket.deliver("x");
    expect(call("recvfrom", fd, BUFFER, 9, 0, ADDRESS, LENGTH)).toBe(1);
    expect(caller.memory.readU32(LENGTH)).toBe(0);
  });

  test("takes nothing that there is no memory for", () => {
    const { fd, socket } = open(datagram);
    socket.deliver("kept");
    expect(call("recvfrom", fd, NOBODYS, 4, 0, 0, 0)).toBe(-errno.EFAULT);
    expect(receive(fd, 10)).toBe(4);
    expect(receive(fd, 10, MSG.OOB)).toBe(-errno.EOPNOTSUPP);
  });

  test("read and write are the same without flags", () => {
    const { fd, socket } = open();
    socket.deliver("through read");
    expect(call("read", fd, BUFFER, 100)).toBe(12);
    caller.memory.write(BUFFER, Buffer.from("out"));
    expect([call("lseek", fd, 0, 0), call("pread64", fd, BUFFER, 1, 0)]).toEqual([
      -errno.ESPIPE,
      -errno.ESPIPE,
    ]);
    expect(call("ftruncate", fd, 0)).toBe(-errno.EINVAL);
  });
});
