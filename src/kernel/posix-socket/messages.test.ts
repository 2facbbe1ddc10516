import { beforeEach, describe, expect, test } from "vitest";
import { type Caller, DATA, DATA_SIZE, type TestKernel } from "../kernel-fixture.ts";
import { credentialsFor } from "../rkprocess/credentials.ts";
import { errno } from "../syscalls/errno.ts";
import { processFiles } from "../vfs/process-files.ts";
import {
  FAMILY,
  type RecordingFamily,
  type RecordingSocket,
  recordingKernel,
} from "./recording-socket-fixture.ts";
import { MSG, SocketType } from "./socket.ts";

/** `sendmsg` and `recvmsg`, whatever the address family. */

const NOBODYS = DATA + DATA_SIZE;
const HEADER = DATA;
const VECTORS = DATA + 0x400;
const NAME = DATA + 0x600;
const CONTROL = DATA + 0x800;
const BUFFER = DATA + 0x4000;
const [SOL_SOCKET, SCM_RIGHTS, SCM_CREDENTIALS] = [1, 1, 2];
const { stream, datagram } = SocketType;

let kernel: TestKernel;
let caller: Caller;
let family: RecordingFamily;

beforeEach(async () => {
  ({ kernel, family } = await recordingKernel());
  caller = kernel.first;
});

const call = (name: string, ...args: number[]) => caller.call(name, ...args);

function open(type: number = datagram): { fd: number; socket: RecordingSocket } {
  const fd = call("socket", FAMILY, type, 0);
  return { fd, socket: family.last };
}

/** Puts down a `struct msghdr` with buffers of these lengths, one behind the other. */
function header(
  lengths: readonly number[],
  { name = 0, control = 0, at = HEADER }: { name?: number; control?: number; at?: number } = {},
): number {
  let next = BUFFER;
  lengths.forEach((length, i) => {
    caller.put(VECTORS + i * 16, next, length);
    next += length;
  });
  caller.put(
    at,
    name === 0 ? 0 : NAME,
    name,
    VECTORS,
    lengths.length,
    control === 0 ? 0 : CONTROL,
    control,
    0,
  );
  return at;
}

/** Puts down control messages, and tells how long they are together. */
function control(...messages: readonly [type: number, data: readonly number[], level?: number][]): number {
  let at = CONTROL;
  for (const [type, data, level = SOL_SOCKET] of messages) {
    const length = 16 + data.length * 4;
    caller.put(at, length, level + type * 2 ** 32);
    caller.memory.write(at + 16, new Uint8Array(Int32Array.from(data).buffer));
    at += Math.ceil(length / 8) * 8;
  }
  return at - CONTROL;
}

const flagsOf = () => caller.memory.readU32(HEADER + 48);
const controlLength = () => caller.memory.readWord(HEADER + 40);
const holders = (fd: number) => caller.process.get(processFiles).fds.get(fd).file.holders;

describe("sendmsg", () => {
  test("gathers one message from its buffers, with the name", () => {
    const { fd, socket } = open();
    caller.memory.write(BUFFER, Buffer.from("onetwothree"));
    caller.memory.write(NAME, Uint8Array.of(FAMILY, 0, 7));
    expect(call("sendmsg", fd, header([3, 0, 8], { name: 3 }), 0)).toBe(11);
    expect(socket.sent.map(({ text }) => text)).toEqual(["onetwothree"]);
    expect(socket.sent[0].options.to?.address).toEqual(Uint8Array.of(FAMILY, 0, 7));
  });

  test("checks what it is given", () => {
    const { fd, socket } = open();
    expect(call("sendmsg", fd, 8, 0)).toBe(-errno.EFAULT);
    header([1]);
    caller.put(HEADER + 24, 1025);
    expect(call("sendmsg", fd, HEADER, 0)).toBe(-errno.EMSGSIZE);
    caller.put(HEADER + 24, -1);
    expect(call("sendmsg", fd, HEADER, 0)).toBe(-errno.EMSGSIZE);
    caller.put(header([1]) + 16, NOBODYS);
    expect(call("sendmsg", fd, HEADER, 0)).toBe(-errno.EFAULT);
    header([1]);
    caller.put(VECTORS + 8, -1);
    expect(call("sendmsg", fd, HEADER, 0)).toBe(-errno.EINVAL);
    expect(call("sendmsg", fd, header([1], { name: 200 }), 0)).toBe(-errno.EINVAL);
    expect(call("sendmsg", fd, header([1], { control: 200_000 }), 0)).toBe(-errno.ENOBUFS);
    expect(call("sendmsg", fd, header([1], { control: -1 }), 0)).toBe(-errno.ENOBUFS);
    expect(call("sendmsg", fd, header([1]), MSG.OOB)).toBe(-errno.EOPNOTSUPP);
    expect(socket.sent).toEqual([]);
  });

  test("takes files along with the first bytes, and holds them no longer than the call", () => {
    const { fd, socket } = open(stream);
    socket.room = 2;
    const before = holders(0);
    const length = control([SCM_RIGHTS, [0, 0]], [SCM_RIGHTS, [0]]);
    const send = caller.start("sendmsg", fd, header([5], { control: length }), 0);
    expect(socket.sent[0].options.files?.length).toBe(3);
    expect(holders(0)).toBe(before + 3);
    socket.room = 3;
    socket.waiters.wake();
    kernel.settle();
    expect(send.result).toBe(5);
    expect(socket.sent.map(({ options }) => options.files?.length ?? 0)).toEqual([3, 0]);
    expect(holders(0)).toBe(before);
  });

  test("refuses control messages that are broken, and lets go of all files", () => {
    const { fd, socket } = open();
    const before = holders(0);
    const tell = (length: number) => call("sendmsg", fd, header([1], { control: length }), 0);
    expect(tell(control([SCM_RIGHTS, [0, 55]]))).toBe(-errno.EBADF);
    expect(tell(control([SCM_RIGHTS, [0]], [9, []]))).toBe(-errno.EINVAL);
    for (const length of [0, 15, 25, 2 ** 40, -1]) {
      control([SCM_RIGHTS, [0, 0]]);
      caller.put(CONTROL, length);
      expect(tell(24), String(length)).toBe(-errno.EINVAL);
    }
    expect(tell(control([SCM_RIGHTS, Array(254).fill(0)]))).toBe(-errno.EINVAL);
    expect(tell(control([SCM_RIGHTS, Array(253).fill(0)], [SCM_RIGHTS, [0]]))).toBe(-errno.EINVAL);
    expect(socket.sent).toEqual([]);
    expect(holders(0)).toBe(before);
    // Of other levels, and the rest behind the last whole header, are nobody's business here.
    expect(tell(control([9, [0], 41], [SCM_RIGHTS, [0]]))).toBe(1);
    expect(tell(control([SCM_RIGHTS, [0]]) + 8)).toBe(1);
    expect(socket.sent.map(({ options }) => options.files?.length)).toEqual([1, 1]);
    socket.failWith = "ECONNREFUSED";
    expect(tell(control([SCM_RIGHTS, [0]]))).toBe(-errno.ECONNREFUSED);
    expect(holders(0)).toBe(before);
  });

  test("lets a process be somebody else only with the rights for it", () => {
    const { fd, socket } = open();
    const tell = (...ids: number[]) =>
      call("sendmsg", fd, header([1], { control: control([SCM_CREDENTIALS, ids]) }), 0);
    expect(tell(77, 5, 6)).toBe(1);
    expect(socket.sent[0].options.credentials).toEqual({ pid: 77, uid: 5, gid: 6 });
    expect(tell(1, 2)).toBe(-errno.EINVAL);
    caller.process.credentials = credentialsFor(1000, 100);
    const { pid } = caller.process;
    expect(tell(pid, 1000, 100)).toBe(1);
    expect([tell(pid + 1, 1000, 100), tell(pid, 0, 100), tell(pid, 1000, 0)]).toEqual(
      Array(3).fill(-errno.EPERM),
    );
  });

  test("sendmmsg sends one after the other, up to one that fails, whose error comes with the next call", () => {
    const { fd, socket } = open(stream);
    caller.memory.write(BUFFER, Buffer.from("abcdefghij"));
    for (let i = 0; i < 3; i++) header([4], { at: HEADER + i * 64 });
    caller.put(HEADER + 2 * 64 + 24, 5000);
    expect(call("sendmmsg", fd, HEADER, 3, 0)).toBe(2);
    expect(socket.sent.map(({ text }) => text)).toEqual(["abcd", "abcd"]);
    expect([56, 120].map((at) => caller.memory.readU32(HEADER + at))).toEqual([4, 4]);
    expect(call("sendmmsg", fd, HEADER + 2 * 64, 1, 0)).toBe(-errno.EMSGSIZE);
    // Only the first waits.
    socket.room = 4;
    for (let i = 0; i < 3; i++) header([4], { at: HEADER + i * 64 });
    expect(call("sendmmsg", fd, HEADER, 3, 0)).toBe(1);
    const waits = caller.start("sendmmsg", fd, HEADER, 3, 0);
    expect(waits.result).toBeUndefined();
    socket.room = 4;
    socket.waiters.wake();
    kernel.settle();
    expect([waits.result, caller.memory.readU32(HEADER + 56)]).toEqual([1, 4]);
    expect(call("sendmmsg", fd, HEADER, 0, 0)).toBe(0);
  });
});

describe("recvmsg", () => {
  test("scatters a message into its buffers and says what did not fit", () => {
    const { fd, socket } = open();
    socket.deliver("onetwothree", { from: Uint8Array.of(FAMILY, 0, 1, 2) });
    expect(call("recvmsg", fd, header([3, 3], { name: 3 }), 0)).toBe(6);
    expect(caller.text(BUFFER, 6)).toBe("onetwo");
    expect(flagsOf()).toBe(MSG.TRUNC);
    expect(caller.memory.readU32(HEADER + 8)).toBe(4);
    expect([...caller.memory.read(NAME, 4)]).toEqual([FAMILY, 0, 1, 0]);
    expect(controlLength()).toBe(0);
    socket.deliver("fits");
    expect(call("recvmsg", fd, header([10]), 0)).toBe(4);
    expect(flagsOf()).toBe(0);
    const other = open(stream);
    other.socket.deliver("no message");
    expect(call("recvmsg", other.fd, header([2]), 0)).toBe(2);
    expect(flagsOf()).toBe(0);
  });

  /** Files as they come with a message: a hold on each. */
  const files = (count: number) => {
    const { file } = caller.process.get(processFiles).fds.get(0);
    return Array.from({ length: count }, () => file.retain());
  };

  test("makes descriptors of the files, closed by execve where that is asked for", () => {
    const { fd, socket } = open();
    for (const flags of [0, MSG.CMSG_CLOEXEC]) {
      socket.deliver("x", { files: files(2) });
      expect(call("recvmsg", fd, header([1], { control: 100 }), flags)).toBe(1);
      expect(controlLength()).toBe(24);
      expect([caller.memory.readWord(CONTROL), caller.memory.readU64(CONTROL + 8)]).toEqual([
        24,
        BigInt(SOL_SOCKET) | (BigInt(SCM_RIGHTS) << 32n),
      ]);
      const fds = [16, 20].map((at) => caller.memory.readI32(CONTROL + at));
      expect(new Set([...fds, fd]).size).toBe(3);
      for (const one of fds) expect(call("fcntl", one, 1)).toBe(flags === 0 ? 0 : 1);
    }
  });

  test("closes files that there is no room for, and says so", () => {
    const { fd, socket } = open();
    const before = holders(0);
    for (const [room, fit] of [
      [0, 0],
      [19, 0],
      [20, 1],
      [24, 2],
      [28, 3],
    ]) {
      socket.deliver("x", { files: files(3) });
      expect(call("recvmsg", fd, header([1], { control: room }), 0)).toBe(1);
      expect(flagsOf(), String(room)).toBe(fit < 3 ? MSG.CTRUNC : 0);
      expect(controlLength()).toBeLessThanOrEqual(room);
      expect(holders(0)).toBe(before + fit);
      for (let i = 0; i < fit; i++) call("close", caller.memory.readI32(CONTROL + 16 + i * 4));
      expect(holders(0)).toBe(before);
    }
    caller.process.limits[7].soft = BigInt(fd + 2);
    socket.deliver("x", { files: files(3) });
    expect(call("recvmsg", fd, header([1], { control: 100 }), 0)).toBe(1);
    expect([flagsOf(), controlLength()]).toEqual([MSG.CTRUNC, 24]);
    expect(holders(0)).toBe(before + 1);
  });

  test("says who the sender is before the files", () => {
    const { fd, socket } = open();
    const credentials = { pid: 5, uid: 6, gid: 7 };
    socket.deliver("x", { files: files(1), credentials });
    expect(call("recvmsg", fd, header([1], { control: 100 }), 0)).toBe(1);
    expect(controlLength()).toBe(32 + 24);
    expect(caller.memory.readI32(CONTROL + 12)).toBe(SCM_CREDENTIALS);
    expect([16, 20, 24].map((at) => caller.memory.readI32(CONTROL + at))).toEqual([5, 6, 7]);
    expect(caller.memory.readI32(CONTROL + 32 + 12)).toBe(SCM_RIGHTS);
    socket.deliver("x", { credentials });
    expect(call("recvmsg", fd, header([1], { control: 27 }), 0)).toBe(1);
    expect([flagsOf(), controlLength()]).toEqual([MSG.CTRUNC, 0]);
  });

  test("lets go of files when it is recvfrom or read that gets them", () => {
    const { fd, socket } = open();
    const before = holders(0);
    socket.deliver("x", { files: files(2) });
    expect(call("recvfrom", fd, BUFFER, 1, 0, 0, 0)).toBe(1);
    socket.deliver("x", { files: files(2) });
    expect(call("read", fd, BUFFER, 1)).toBe(1);
    expect(holders(0)).toBe(before);
  });

  test("recvmmsg gives what there is, one header each", () => {
    const { fd, socket } = open();
    const lengths = (count: number) =>
      Array.from({ length: count }, (_, i) => caller.memory.readU32(HEADER + i * 64 + 56));
    for (let i = 0; i < 4; i++) header([4], { at: HEADER + i * 64 });
    for (const text of ["a", "bc", "def"]) socket.deliver(text);
    expect(call("recvmmsg", fd, HEADER, 4, MSG.DONTWAIT, 0)).toBe(3);
    expect(lengths(3)).toEqual([1, 2, 3]);
    expect(call("recvmmsg", fd, HEADER, 4, MSG.DONTWAIT, 0)).toBe(-errno.EAGAIN);
    const waits = caller.start("recvmmsg", fd, HEADER, 4, 0x10000, 0);
    expect(waits.result).toBeUndefined();
    socket.deliver("late");
    kernel.settle();
    expect([waits.result, lengths(1)]).toEqual([1, [4]]);
  });
});
