import { beforeEach, describe, expect, test } from "vitest";
import { TestDriver, TRANSPORTS } from "./driver-fixture.ts";
import { MAX_STREAMS, VsockDevice } from "./vsock.ts";
import type { VsockEvents, VsockStream } from "./vsock-host.ts";
import { decodeHeader, encodeHeader, ShutdownFlag, type VsockHeader, VsockOp } from "./vsock-packet.ts";
import { VSOCK_WINDOW } from "./vsock-stream.ts";
import { immediateWork, settled } from "./work-fixture.ts";

const [RX, TX, EVENT] = [0, 1, 2];
const GUEST_PORT = 5000;
const { request, response, rst, shutdown, rw, creditUpdate, creditRequest } = VsockOp;

/** A host end that notes what happens to it. */
class Peer {
  stream: VsockStream | undefined;
  readonly log: string[] = [];
  received: number[] = [];

  readonly events: VsockEvents = {
    connected: () => this.log.push("connected"),
    received: (bytes) => this.received.push(...bytes),
    ended: () => this.log.push("ended"),
    drained: () => this.log.push("drained"),
    closed: (reason) => this.log.push(`closed ${reason}`),
  };
}

let device: VsockDevice;
let driver: TestDriver;
let accepted: Peer[];
/** Whether the host takes a stream to a port below 100: at once, later (port 1), never (2). */
const host = {
  connect(stream: VsockStream): VsockEvents | undefined {
    if (stream.hostPort === 2) return undefined;
    const peer = new Peer();
    peer.stream = stream;
    accepted.push(peer);
    if (stream.hostPort !== 1) stream.accept();
    return peer.events;
  },
};

function send(
  op: number,
  hostPort: number,
  more: Partial<VsockHeader> = {},
  payload = new Uint8Array(0),
): void {
  const header = encodeHeader({
    sourceCid: 3n,
    destinationCid: 2n,
    sourcePort: GUEST_PORT,
    destinationPort: hostPort,
    length: payload.length,
    type: 1,
    op,
    flags: 0,
    bufferSize: 100_000,
    forwarded: 0,
    ...more,
  });
  const packet = Uint8Array.from([...header, ...payload]);
  driver.add(TX, [packet]);
  driver.notify(TX);
  driver.collect(TX);
}

function offer(buffers = 16, size = 44 + 1024): void {
  for (let i = 0; i < buffers; i++) driver.add(RX, [], [size]);
  driver.notify(RX);
}

const packets = () =>
  driver.collect(RX).map(({ bytes }) => ({ header: decodeHeader(bytes), payload: [...bytes.subarray(44)] }));
const ops = () => packets().map(({ header }) => header.op);

function start(transport: { version?: 1 | 2; packed?: boolean } = {}): void {
  accepted = [];
  device = new VsockDevice(host, immediateWork);
  driver = new TestDriver(device, transport).start();
}

/** A stream that the guest has begun and the host taken. */
function connected(hostPort = 10): Peer {
  offer();
  send(request, hostPort);
  expect(ops()).toEqual([response]);
  return accepted[accepted.length - 1];
}

describe.each(TRANSPORTS)("version $version, packed $packed", (transport) => {
  beforeEach(() => start(transport));

  test("has the guest's address", () => {
    expect([driver.config(0, 4), driver.config(4, 4)]).toEqual([3, 0]);
  });

  test("the guest connects, talks and closes", () => {
    const peer = connected();
    expect([peer.stream?.guestPort, peer.stream?.hostPort]).toEqual([GUEST_PORT, 10]);
    send(rw, 10, {}, Uint8Array.of(1, 2, 3));
    expect(peer.received).toEqual([1, 2, 3]);
    peer.stream?.write(Uint8Array.of(4, 5));
    const [{ header, payload }] = packets();
    expect([header.op, header.length, payload]).toEqual([rw, 2, [4, 5]]);
    expect([header.sourceCid, header.destinationCid]).toEqual([2n, 3n]);
    expect([header.sourcePort, header.destinationPort]).toEqual([10, GUEST_PORT]);
    expect([header.bufferSize, header.forwarded]).toEqual([VSOCK_WINDOW, 3]);
    send(shutdown, 10, { flags: ShutdownFlag.both });
    expect(peer.log).toEqual(["ended", "closed done"]);
    expect(ops()).toEqual([rst]);
  });

  test("the host connects, talks and closes", () => {
    const peer = new Peer();
    const stream = device.open(22, peer.events)!;
    expect(stream.write(Uint8Array.of(9))).toBe(true);
    offer();
    const [{ header }] = packets();
    expect([header.op, header.destinationPort]).toEqual([request, 22]);
    const answer = { sourcePort: 22 };
    send(response, stream.hostPort, answer);
    expect(peer.log).toEqual(["connected"]);
    expect(packets().map((packet) => packet.payload)).toEqual([[9]]);
    stream.end();
    expect(packets().map((packet) => [packet.header.op, packet.header.flags])).toEqual([
      [shutdown, ShutdownFlag.send],
    ]);
    send(rw, stream.hostPort, answer, Uint8Array.of(7));
    send(shutdown, stream.hostPort, { ...answer, flags: ShutdownFlag.send });
    expect(peer.received).toEqual([7]);
    expect(packets().map((packet) => [packet.header.op, packet.header.flags])).toEqual([
      [shutdown, ShutdownFlag.both],
    ]);
    send(rst, stream.hostPort, answer);
    expect(peer.log).toEqual(["connected", "ended", "closed done"]);
  });
});

describe("streams", () => {
  beforeEach(() => start());

  test("the host refuses, at once or later; the guest does", () => {
    offer();
    send(request, 2);
    expect(ops()).toEqual([rst]);
    send(request, 1);
    expect(ops()).toEqual([]);
    accepted[0].stream?.destroy();
    expect(ops()).toEqual([rst]);
    const peer = new Peer();
    const stream = device.open(22, peer.events)!;
    send(rst, stream.hostPort, { sourcePort: 22 });
    expect(peer.log).toEqual(["closed refused"]);
  });

  test("sends no more than the guest has room for, and asks for more once", () => {
    const peer = connected();
    send(creditUpdate, 10, { bufferSize: 5 });
    expect(peer.stream?.write(new Uint8Array(70_000))).toBe(false);
    expect(packets().map(({ header, payload }) => [header.op, payload.length])).toEqual([
      [rw, 5],
      [creditRequest, 0],
    ]);
    send(creditUpdate, 10, { bufferSize: 5 });
    expect(ops()).toEqual([]);
    send(creditUpdate, 10, { bufferSize: 8, forwarded: 5 });
    expect(packets().map(({ payload }) => payload.length)).toEqual([8, 0]);
    offer(100, 4096);
    send(creditUpdate, 10, { bufferSize: 80_000, forwarded: 13 });
    expect(packets().reduce((sum, { payload }) => sum + payload.length, 0)).toBe(70_000 - 13);
    expect(peer.log).toEqual(["drained"]);
  });

  test("streams take turns", () => {
    offer(2);
    send(request, 10);
    send(request, 11);
    packets();
    for (const peer of accepted) peer.stream?.write(new Uint8Array(3000));
    offer(4);
    expect(packets().map(({ header }) => header.sourcePort)).toEqual([10, 11, 10, 11]);
  });

  test("holds what the host does not read, and says when there is room again", () => {
    const peer = connected();
    peer.stream?.setReading(false);
    for (let i = 0; i < 4; i++) send(rw, 10, {}, new Uint8Array(VSOCK_WINDOW / 4).fill(i));
    send(shutdown, 10, { flags: ShutdownFlag.both });
    expect([peer.received.length, peer.log, ops()]).toEqual([0, [], []]);
    peer.stream?.setReading(true);
    expect(peer.received.length).toBe(VSOCK_WINDOW);
    expect(peer.received.filter((_, i) => i % (VSOCK_WINDOW / 4) === 0)).toEqual([0, 1, 2, 3]);
    expect(peer.log).toEqual(["ended", "closed done"]);
  });

  test("tells of room after half of the window", () => {
    connected();
    send(rw, 10, {}, new Uint8Array(VSOCK_WINDOW / 2 - 1));
    expect(ops()).toEqual([]);
    send(rw, 10, {}, new Uint8Array(1));
    expect(packets().map(({ header }) => [header.op, header.forwarded])).toEqual([
      [creditUpdate, VSOCK_WINDOW / 2],
    ]);
    send(creditRequest, 10);
    expect(ops()).toEqual([creditUpdate]);
  });

  test("what was sent before a clean end arrives, though the guest's end is gone", () => {
    const peer = connected();
    peer.stream?.setReading(false);
    send(rw, 10, {}, Uint8Array.of(1));
    send(shutdown, 10, { flags: ShutdownFlag.send });
    send(rst, 10);
    send(request, 10);
    expect(ops()).toEqual([rst]);
    peer.stream?.setReading(true);
    expect([peer.received, peer.log]).toEqual([[1], ["ended", "closed done"]]);
    send(request, 10);
    expect(ops()).toEqual([response]);
  });

  test("a guest that hears no more is sent nothing", () => {
    const peer = connected();
    send(shutdown, 10, { flags: ShutdownFlag.receive });
    expect(peer.stream?.write(new Uint8Array(100_000))).toBe(true);
    expect([ops(), peer.log]).toEqual([[], []]);
    peer.stream?.destroy();
    expect(ops()).toEqual([rst]);
  });

  test("a reset of the device ends all streams", () => {
    const peer = connected();
    driver.reset();
    expect(peer.log).toEqual(["closed reset"]);
    expect(device.open(22, new Peer().events)).toBeUndefined();
    expect(peer.stream?.write(Uint8Array.of(1))).toBe(true);
  });

  test("a restored machine's guest hears that its streams are gone", async () => {
    connected();
    const saved = driver.mmio.save();
    driver.add(EVENT, [], [4]);
    driver.mmio.restore(saved);
    await settled();
    expect(driver.collect(EVENT).map(({ bytes }) => [...bytes])).toEqual([[0, 0, 0, 0]]);
    driver.request(EVENT, undefined, 4);
    expect(driver.collect(EVENT)).toEqual([]);
  });
});

describe("hostile guests", () => {
  beforeEach(() => start());

  test.each([
    [
      "more than the window",
      () => {
        accepted[0].stream?.setReading(false);
        send(rw, 10, {}, new Uint8Array(VSOCK_WINDOW));
        send(rw, 10, {}, new Uint8Array(1));
      },
    ],
    ["a length that is not there", () => send(rw, 10, { length: 1 })],
    ["a length beyond all bounds", () => send(rw, 10, { length: 0xffff_ffff })],
    ["a second request", () => send(request, 10)],
    ["an answer to nothing", () => send(response, 10)],
    ["an unknown operation", () => send(99, 10)],
    [
      "data behind the end",
      () => {
        accepted[0].stream?.setReading(false);
        send(rw, 10, {}, new Uint8Array(1));
        send(shutdown, 10, { flags: ShutdownFlag.send });
        send(rw, 10, {}, new Uint8Array(1));
      },
    ],
  ])("%s resets the stream", (_, act) => {
    const peer = connected();
    act();
    expect([peer.log, ops()]).toEqual([["closed reset"], [rst]]);
  });

  test("lies about room bring nobody anything", () => {
    const peer = connected();
    send(creditUpdate, 10, { bufferSize: 10, forwarded: 0xffff_0000 });
    peer.stream?.write(new Uint8Array(10));
    expect(ops()).toEqual([creditRequest]);
    send(creditUpdate, 10, { bufferSize: 0xffff_ffff, forwarded: 0 });
    expect(packets().map(({ payload }) => payload.length)).toEqual([10]);
  });

  test("other addresses and types", () => {
    offer();
    send(request, 10, { sourceCid: 4n });
    expect(ops()).toEqual([]);
    send(request, 10, { destinationCid: 7n });
    send(request, 10, { type: 2 });
    send(rst, 10);
    send(rw, 10, {}, Uint8Array.of(1));
    expect(packets().map(({ header }) => [header.op, header.sourceCid, header.type])).toEqual([
      [rst, 7n, 1],
      [rst, 2n, 2],
      [rst, 2n, 1],
    ]);
    expect(accepted).toEqual([]);
  });

  test("packets stay in their queue while the guest fetches no answers", () => {
    for (let i = 0; i < 100; i++) driver.add(TX, [encoded(request, 2, i)]);
    driver.notify(TX);
    expect(driver.collect(TX)).toHaveLength(64);
    offer(100);
    expect(driver.collect(TX)).toHaveLength(36);
    offer(0);
    expect(ops()).toEqual(Array(100).fill(rst));
  });

  test("streams have a bound", () => {
    for (let i = 0; i < MAX_STREAMS + 1; i++) {
      offer(1);
      driver.request(TX, encoded(request, 10, i));
      expect(ops()).toEqual([i < MAX_STREAMS ? response : rst]);
    }
    expect(device.open(22, new Peer().events)).toBeUndefined();
  });

  test("a packet without a whole header, and a buffer too small for one, fail the device", () => {
    driver.request(TX, new Uint8Array(43));
    expect(driver.needsReset).toBe(true);
    start();
    offer(1, 43);
    send(request, 2);
    expect(driver.needsReset).toBe(true);
  });
});

function encoded(op: number, destinationPort: number, sourcePort: number): Uint8Array {
  return encodeHeader({
    sourceCid: 3n,
    destinationCid: 2n,
    sourcePort,
    destinationPort,
    length: 0,
    type: 1,
    op,
    flags: 0,
    bufferSize: 1000,
    forwarded: 0,
  });
}
