import { beforeEach, describe, expect, test } from "vitest";
import type { AddressFamily } from "../posix-socket/families.ts";
import { MSG, type Socket, type SocketCaller, SocketType } from "../posix-socket/socket.ts";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { ROOT } from "../rkprocess/credentials.ts";
import { FdTable } from "../vfs/fd-table.ts";
import { POLL } from "../vfs/flags.ts";
import { Budget } from "../vfs/limits.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { PipeMaker } from "../vfs/pipe.ts";
import { ProcessFiles } from "../vfs/process-files.ts";
import { failure } from "../vfs/tree-fixture.ts";
import { Vfs } from "../vfs/vfs.ts";
import { unixContext, unixFamily } from "./library.ts";
import { decodeAddress, encodeAddress } from "./names.ts";
import type { UnixContext } from "./unix-socket.ts";

const { stream, sequenced, datagram } = SocketType;
const me = { pid: 7, uid: 1, gid: 2 };

let context: UnixContext;
let family: AddressFamily;
let caller: SocketCaller;

beforeEach(() => {
  const tree = new Vfs(new RamFilesystem({ limit: 1 << 20, now: () => 0n }));
  context = unixContext(
    new Budget(8 << 20, "ENOBUFS"),
    () => 0n,
    () => me,
  );
  family = unixFamily(context);
  const place = { root: tree.root, cwd: tree.root, umask: 0o022 };
  const files = new ProcessFiles(new FdTable(() => 64), place, { credentials: ROOT });
  caller = { files } as unknown as SocketCaller;
});

const create = (type: number) => family.create(type, 0, 0, caller);
const pair = (type: number) => family.pair?.(type, 0, 0, caller) as [Socket, Socket];
const bytes = (text: string) => new TextEncoder().encode(text);
const address = (name: string) => encodeAddress(name);
const send = (socket: Socket, text: string, files: OpenFile[] = []) => socket.send(bytes(text), { files });

function receive(socket: Socket, most = 1000, flags = 0): string {
  return new TextDecoder().decode(socket.receive(most, flags).bytes);
}

function server(type: number, name: string): Socket {
  const socket = create(type);
  socket.bind(address(name), caller);
  socket.listen(5, caller);
  return socket;
}

describe("a stream", () => {
  test("has no messages, and ends when the other side closes", () => {
    const [a, b] = pair(stream);
    send(a, "abc");
    send(a, "def");
    expect(receive(b, 4, MSG.PEEK)).toBe("abcd");
    expect([receive(b, 4), receive(b)]).toEqual(["abcd", "ef"]);
    expect(failure(() => receive(b))).toBe("EAGAIN");
    send(a, "last");
    a.release();
    expect([receive(b), receive(b)]).toEqual(["last", ""]);
    expect(failure(() => send(b, "x"))).toBe("EPIPE");
    expect(b.poll() & (POLL.HUP | POLL.RDHUP | POLL.IN)).toBe(POLL.HUP | POLL.RDHUP | POLL.IN);
  });

  test("is full when too much is under way, and tells when there is room", () => {
    const [a, b] = pair(stream);
    let sent = 0;
    while (failure(() => (sent += a.send(new Uint8Array(30_000), {}))) === "");
    expect(sent).toBeGreaterThanOrEqual(200_000);
    expect(sent).toBeLessThan(300_000);
    expect(a.poll() & POLL.OUT).toBe(0);
    let woken = 0;
    a.waiters?.add(() => woken++);
    let got = 0;
    while (got < sent) got += b.receive(1 << 20, 0).bytes.length;
    expect(got).toBe(sent);
    expect(woken).toBeGreaterThan(0);
    expect(a.poll() & POLL.OUT).toBe(POLL.OUT);
  });

  test("says that what was sent was not read", () => {
    const [a, b] = pair(stream);
    send(a, "unread");
    b.release();
    expect(a.poll() & POLL.ERR).toBe(POLL.ERR);
    expect(failure(() => receive(a))).toBe("ECONNRESET");
    expect(receive(a)).toBe("");
  });

  test("can be half closed", () => {
    const [a, b] = pair(stream);
    a.shutdown(false, true);
    expect(receive(b)).toBe("");
    expect(failure(() => send(a, "x"))).toBe("EPIPE");
    send(b, "back");
    expect(receive(a)).toBe("back");
  });
});

describe("connecting", () => {
  test.each(["/socket", "\0abstract"])("by the name %j", (name) => {
    const listener = server(stream, name);
    const client = create(stream);
    client.connect(address(name), caller);
    // Before anybody accepts.
    send(client, "early");
    expect(listener.poll() & POLL.IN).toBe(POLL.IN);
    const accepted = listener.accept(0);
    expect(receive(accepted)).toBe("early");
    expect(client.peerCredentials).toEqual(me);
    expect(decodeAddress(client.peerAddress)).toBe(name);
    expect(decodeAddress(accepted.localAddress)).toBe(name);
    expect(accepted.peerAddress.length).toBe(2);
    // What was accepted has the listener's name, and does not take it along.
    accepted.release();
    create(stream).connect(address(name), caller);
    listener.release();
    expect(failure(() => create(stream).connect(address(name), caller))).toBe("ECONNREFUSED");
    const again = name.startsWith("/") ? "EADDRINUSE" : "";
    expect(failure(() => create(stream).bind(address(name), caller))).toBe(again);
  });

  test("fails as under Linux", () => {
    const listener = server(stream, "\0s");
    expect(failure(() => create(stream).connect(address("/none"), caller))).toBe("ENOENT");
    expect(failure(() => create(stream).connect(address("/"), caller))).toBe("ECONNREFUSED");
    expect(failure(() => create(datagram).connect(address("\0s"), caller))).toBe("EPROTOTYPE");
    expect(failure(() => create(stream).bind(address("\0s"), caller))).toBe("EADDRINUSE");
    expect(failure(() => create(stream).listen(1, caller))).toBe("EINVAL");
    expect(failure(() => send(create(stream), "x"))).toBe("ENOTCONN");
    expect(failure(() => listener.bind(address("\0t"), caller))).toBe("EINVAL");
    expect(failure(() => listener.accept(0))).toBe("EAGAIN");
    const client = create(stream);
    client.connect(address("\0s"), caller);
    expect(failure(() => client.connect(address("\0s"), caller))).toBe("EISCONN");
    expect(failure(() => family.create(9, 0, 0, caller))).toBe("ESOCKTNOSUPPORT");
    expect(failure(() => family.create(stream, 9, 0, caller))).toBe("EPROTONOSUPPORT");
  });

  test("waits while the backlog is full, and is refused by one that closes", () => {
    const listener = server(stream, "\0s");
    const clients = Array.from({ length: 7 }, () => create(stream));
    const results = clients.map((client) => failure(() => client.connect(address("\0s"), caller)));
    expect(results).toEqual(["", "", "", "", "", "", "EAGAIN"]);
    let woken = 0;
    clients[6].waiters?.add(() => woken++);
    listener.accept(0);
    expect(woken).toBe(1);
    clients[6].connect(address("\0s"), caller);
    listener.release();
    expect(receive(clients[5])).toBe("");
  });
});

describe("messages", () => {
  test("of sequenced packets and datagrams keep their bounds", () => {
    for (const type of [sequenced, datagram]) {
      const [a, b] = pair(type);
      send(a, "one");
      send(a, "");
      send(a, "three");
      expect([receive(b), receive(b)]).toEqual(["one", ""]);
      expect(b.receive(2, 0)).toMatchObject({ length: 5, bytes: bytes("th") });
      expect(failure(() => receive(b))).toBe("EAGAIN");
      expect(failure(() => a.send(new Uint8Array(300_000), {}))).toBe("EMSGSIZE");
    }
  });

  test("go to any name, with the sender's", () => {
    const [a, b] = [create(datagram), create(datagram)];
    a.bind(address("/a"), caller);
    b.bind(new Uint8Array(encodeAddress(undefined)), caller);
    const to = { address: address("/a"), caller };
    b.send(bytes("hi"), { to });
    const { from, bytes: got } = a.receive(10, 0);
    expect(got).toEqual(bytes("hi"));
    expect(from).toEqual(b.localAddress);
    expect(decodeAddress(from as Uint8Array)).toMatch(/^\0[0-9a-f]{5}$/);
    a.release();
    expect(failure(() => b.send(bytes("x"), { to }))).toBe("ECONNREFUSED");
  });

  test("of a datagram socket are limited in number, however many send", () => {
    const target = create(datagram);
    target.bind(address("\0t"), caller);
    const senders = Array.from({ length: 20 }, () => create(datagram));
    let sent = 0;
    for (const sender of senders) {
      sender.connect(address("\0t"), caller);
      while (failure(() => send(sender, "x")) === "") sent++;
    }
    expect(sent).toBe(512);
  });

  test("carry credentials to who asks for them", () => {
    const [a, b] = pair(stream);
    send(a, "x");
    expect(b.receive(9, 0).credentials).toBeUndefined();
    b.options.passCredentials = true;
    send(a, "x");
    a.send(bytes("y"), { credentials: { pid: 9, uid: 9, gid: 9 } });
    expect(b.receive(9, 0)).toMatchObject({ bytes: bytes("x"), credentials: me });
    expect(b.receive(9, 0).credentials).toEqual({ pid: 9, uid: 9, gid: 9 });
  });
});

describe("files in messages", () => {
  test("arrive with the bytes that they were sent with, once", () => {
    const [a, b] = pair(stream);
    const [reader, writer] = new PipeMaker().create(0, 0n);
    send(a, "1");
    send(a, "22", [writer]);
    send(a, "3");
    writer.release();
    const got = b.receive(2, 0);
    expect([got.bytes.length, got.files]).toEqual([2, [writer]]);
    expect(receive(b)).toBe("23");
    got.files?.[0].write(bytes("through"));
    expect(reader.read(new Uint8Array(9))).toBe(7);
    got.files?.[0].release();
    expect(reader.poll() & POLL.HUP).toBe(POLL.HUP);
  });

  test("are closed with a socket that never received them", () => {
    const [a, b] = pair(datagram);
    const [reader, writer] = new PipeMaker().create(0, 0n);
    send(a, "x", [writer]);
    writer.release();
    expect(reader.poll() & POLL.HUP).toBe(0);
    b.release();
    expect(reader.poll() & POLL.HUP).toBe(POLL.HUP);
  });

  test("that hold only each other are found", () => {
    const [reader, writer] = new PipeMaker().create(0, 0n);
    const [a, b] = pair(stream);
    const [c, d] = pair(stream);
    // b is under way to itself, with the pipe; c and d in each other.
    send(a, "x", [b, writer]);
    send(c, "x", [c]);
    send(d, "x", [d]);
    for (const file of [writer, c, d, b]) file.release();
    expect(reader.poll() & POLL.HUP).toBe(0);
    a.release();
    expect(reader.poll() & POLL.HUP).toBe(POLL.HUP);
    expect([b.holders, c.holders, d.holders]).toEqual([0, 0, 0]);
    // All that was counted is free again.
    context.memory.charge(8 << 20);
  });

  test("that somebody can still receive are left alone", () => {
    const [a, b] = pair(stream);
    const [c, d] = pair(stream);
    send(a, "x", [c]);
    send(d, "for c");
    c.release();
    const [e] = pair(stream);
    e.release();
    const [got] = b.receive(9, 0).files as Socket[];
    expect(receive(got)).toBe("for c");
  });

  test("may be nested as deep as they like", () => {
    let [outer, inner] = pair(stream);
    for (let i = 0; i < 10_000; i++) {
      const [a, b] = pair(stream);
      send(a, "x", [inner]);
      inner.release();
      outer.release();
      [outer, inner] = [a, b];
    }
    inner.release();
    outer.release();
    context.memory.charge(8 << 20);
  });
});
