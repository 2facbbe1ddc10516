import { beforeEach, describe, expect, test } from "vitest";
import { type Caller, DATA, DATA_SIZE, type TestKernel } from "../kernel-fixture.ts";
import { errno } from "../syscalls/errno.ts";
import {
  FAMILY,
  type RecordingFamily,
  type RecordingSocket,
  recordingKernel,
} from "./recording-socket-fixture.ts";
import { MSG, SocketType } from "./socket.ts";

/** `sendto`, `recvfrom`, `read` and `write`, whatever the address family. */

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
  ({ kernel, family } = await recordingKernel());
  caller = kernel.first;
});

const call = (name: string, ...args: (number | bigint | string)[]) => caller.call(name, ...args);

function open(type: number = stream): { fd: number; socket: RecordingSocket } {
  const fd = call("socket", FAMILY, type, 0);
  return { fd, socket: family.last };
}

const bytesAt = (at: number, length: number) => [...caller.memory.read(at, length)];

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
