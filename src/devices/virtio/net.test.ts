import { beforeEach, describe, expect, test } from "vitest";
import { getU16, getU32, putU16, putU32 } from "../../net/bytes.ts";
import { cable, type EthernetPort } from "../../net/cable.ts";
import { checksum, pseudoHeaderSum, sum } from "../../net/checksum.ts";
import { TestDriver, TRANSPORTS } from "./driver-fixture.ts";
import { NetworkDevice } from "./net.ts";

const [RX, TX, CONTROL] = [0, 1, 2];
const Feature = { csum: 1n, guestCsum: 2n, guestTso4: 1n << 7n, hostTso4: 1n << 11n, merge: 1n << 15n };
const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const PEER = Uint8Array.of(0x52, 0x55, 10, 0, 2, 2);
const [NEEDS_CSUM, DATA_VALID] = [1, 2];

let device: NetworkDevice;
let driver: TestDriver;
/** The other end of the cable, and what it got. */
let peer: EthernetPort;
let sent: Uint8Array[];
let headerSize: number;

function setUp(options: { version: 1 | 2; packed: boolean }, features = ~0n, queueSize = 256): void {
  const [here, there] = cable();
  peer = there;
  sent = [];
  peer.onFrame = (frame) => sent.push(frame) > 0;
  device = new NetworkDevice(here, { mac: MAC });
  driver = new TestDriver(device, options).start({ features, queueSize });
  headerSize = options.version === 2 || (features & Feature.merge) !== 0n ? 12 : 10;
}

beforeEach(() => setUp({ version: 2, packed: false }));

interface Header {
  flags?: number;
  gsoType?: number;
  headerLength?: number;
  gsoSize?: number;
  start?: number;
  offset?: number;
}

function packet(frame: Uint8Array, header: Header = {}): Uint8Array {
  const bytes = new Uint8Array(headerSize + frame.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = header.flags ?? 0;
  bytes[1] = header.gsoType ?? 0;
  [header.headerLength, header.gsoSize, header.start, header.offset].forEach((value, i) => {
    view.setUint16(2 + 2 * i, value ?? 0, true);
  });
  bytes.set(frame, headerSize);
  return bytes;
}

/** Header fields and frame. */
function parse(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    flags: bytes[0],
    gsoType: bytes[1],
    headerLength: view.getUint16(2, true),
    gsoSize: view.getUint16(4, true),
    start: view.getUint16(6, true),
    offset: view.getUint16(8, true),
    buffers: headerSize === 12 ? view.getUint16(10, true) : undefined,
    frame: bytes.subarray(headerSize),
  };
}

/** A frame for the card with `length` bytes behind its header. */
function plainFrame(length: number, to = MAC): Uint8Array {
  const frame = new Uint8Array(14 + length);
  frame.set(to);
  frame.set(PEER, 6);
  frame[12] = 0x88;
  frame[13] = 0xb5;
  for (let i = 14; i < frame.length; i++) frame[i] = i;
  return frame;
}

const TCP_HEADERS = 14 + 20 + 32;
const tcpSum = (frame: Uint8Array) =>
  pseudoHeaderSum(getU32(frame, 26), getU32(frame, 30), 6, frame.length - 34);

/** A TCP packet with `length` bytes of data, 12 bytes of options, PSH and ACK. */
function tcpFrame(length: number, to = MAC): Uint8Array {
  const frame = plainFrame(TCP_HEADERS - 14 + length, to);
  putU16(frame, 12, 0x0800);
  frame.set([0x45, 0], 14);
  putU16(frame, 16, frame.length - 14);
  frame.set([0, 7, 0x40, 0, 64, 6, 0, 0, 10, 0, 2, 2, 10, 0, 2, 15], 18);
  putU16(frame, 24, checksum(frame, 14, 20));
  putU32(frame, 38, 0xffff_fff0);
  frame.set([0x80, 0x18], 46);
  putU16(frame, 50, 0);
  putU16(frame, 50, checksum(frame, 34, frame.length - 34, tcpSum(frame)));
  return frame;
}

const isRight = (frame: Uint8Array) =>
  checksum(frame, 14, 20) === 0 && checksum(frame, 34, frame.length - 34, tcpSum(frame)) === 0;

function transmit(frame: Uint8Array, header?: Header): void {
  driver.add(TX, [packet(frame, header)]);
  driver.notify(TX);
  expect(driver.collect(TX).length).toBe(1);
}

function offer(count: number, length: number): void {
  for (let i = 0; i < count; i++) driver.add(RX, [], [length]);
  driver.notify(RX);
}

describe.each(TRANSPORTS)("version $version, packed $packed:", (transport) => {
  test("frames leave and arrive", () => {
    setUp(transport);
    const frame = plainFrame(100);
    transmit(frame);
    expect(sent).toEqual([frame]);
    offer(1, 2000);
    expect(peer.send(frame)).toBe(true);
    const [used] = driver.collect(RX);
    expect(used.written).toBe(headerSize + frame.length);
    expect(parse(used.bytes)).toMatchObject({ flags: 0, gsoType: 0, buffers: 1, frame });
  });

  test("frames for drivers that merge no buffers have the header of their kind", () => {
    setUp(transport, ~Feature.merge);
    expect(headerSize).toBe(transport.version === 1 ? 10 : 12);
    const frame = plainFrame(60);
    transmit(frame);
    expect(sent).toEqual([frame]);
    offer(1, 2000);
    peer.send(frame);
    expect(parse(driver.collect(RX)[0].bytes).frame).toEqual(frame);
  });

  test("a large frame is spread over as many buffers as it takes", () => {
    setUp(transport);
    offer(50, 1526);
    const frame = tcpFrame(60_000);
    expect(peer.send(frame)).toBe(true);
    const used = driver.collect(RX);
    const count = Math.ceil((12 + frame.length) / 1526);
    expect(used.length).toBe(count);
    const whole = parse(Uint8Array.from(used.flatMap(({ bytes }) => [...bytes])));
    expect(whole).toMatchObject({ flags: NEEDS_CSUM, gsoType: 1, gsoSize: 1448, buffers: count });
    expect(whole).toMatchObject({ headerLength: TCP_HEADERS, start: 34, offset: 16 });
    // What a card does that sends it on: the field holds the pseudo-header's sum.
    expect(getU16(whole.frame, 50)).toBe(tcpSum(whole.frame));
    putU16(whole.frame, 50, checksum(whole.frame, 34, whole.frame.length - 34));
    expect(whole.frame).toEqual(frame);
  });

  test("buffers that do not suffice stay in the ring until more come", () => {
    setUp(transport);
    offer(10, 1526);
    let room = 0;
    peer.onRoom = () => room++;
    const frame = tcpFrame(30_000);
    expect(peer.send(frame)).toBe(false);
    // The driver is asked to notify when it adds one: it has no reason to do so while there are buffers.
    const { areas } = driver.rings[RX];
    if (!transport.packed) expect(driver.memory.readU16(areas.device + 4 + 8 * areas.size)).toBe(10);
    expect(peer.send(plainFrame(50))).toBe(true);
    expect(driver.collect(RX).length).toBe(1);
    offer(20, 1526);
    expect([room, peer.send(frame)]).toEqual([1, true]);
    expect(driver.collect(RX).length).toBe(Math.ceil((12 + frame.length) / 1526));
  });

  test("a driver that takes no large frames gets small ones, as its buffers allow", () => {
    setUp(transport, ~Feature.guestTso4);
    offer(4, 1526);
    let room = 0;
    peer.onRoom = () => room++;
    const frame = tcpFrame(10_000);
    expect(peer.send(frame)).toBe(true);
    expect(peer.send(plainFrame(50))).toBe(false);
    const got = driver.collect(RX);
    expect(got.length).toBe(4);
    // The rest waits here, also while the machine is saved.
    device.restore(device.save());
    offer(4, 1526);
    got.push(...driver.collect(RX));
    expect([got.length, room]).toEqual([7, 1]);
    let data = 0;
    got.forEach(({ bytes }, i) => {
      const { flags, gsoType, frame: segment } = parse(bytes);
      expect([flags, gsoType, isRight(segment)]).toEqual([DATA_VALID, 0, true]);
      expect(getU32(segment, 38)).toBe((0xffff_fff0 + data) % 2 ** 32);
      expect(getU16(segment, 18)).toBe(7 + i);
      expect(segment[47]).toBe(i === 6 ? 0x18 : 0x10);
      expect(segment.subarray(TCP_HEADERS)).toEqual(
        frame.subarray(TCP_HEADERS + data, TCP_HEADERS + data + 1448),
      );
      data += segment.length - TCP_HEADERS;
    });
    expect(data).toBe(10_000);
  });
});

describe("to the cable", () => {
  test("checksums are completed", () => {
    const frame = tcpFrame(101);
    const partial = frame.slice();
    putU16(partial, 50, tcpSum(frame));
    transmit(partial, { flags: NEEDS_CSUM, start: 34, offset: 16 });
    expect(sent).toEqual([frame]);
  });

  test.each([
    { protocol: "TCP", offset: 16, written: 0 },
    { protocol: "UDP", offset: 6, written: 0xffff },
  ])("a checksum of zero, which says in UDP that there is none: $protocol", ({ offset, written }) => {
    const frame = plainFrame(100);
    frame.fill(0, 34);
    putU16(frame, 60, 0xffff);
    transmit(frame, { flags: NEEDS_CSUM, start: 34, offset });
    expect(sent.map((each) => getU16(each, 34 + offset))).toEqual([written]);
  });

  test("a large TCP frame goes as it is, with its checksum", () => {
    const frame = tcpFrame(64_000);
    const partial = frame.slice();
    putU16(partial, 50, tcpSum(frame));
    const header = {
      flags: NEEDS_CSUM,
      gsoType: 1,
      gsoSize: 1448,
      headerLength: TCP_HEADERS,
      start: 34,
      offset: 16,
    };
    transmit(partial, header);
    expect(sent).toEqual([frame]);
  });

  test("what is wrong is dropped, and what follows goes on", () => {
    transmit(plainFrame(1600));
    transmit(plainFrame(100).subarray(0, 13));
    transmit(plainFrame(100), { gsoType: 3 });
    transmit(plainFrame(100), { flags: NEEDS_CSUM, start: 65535, offset: 65535 });
    transmit(plainFrame(100), { flags: NEEDS_CSUM, start: 113, offset: 0 });
    transmit(plainFrame(66_000), { gsoType: 1 });
    driver.add(TX, [new Uint8Array(5)]);
    driver.add(TX, [], [100]);
    driver.notify(TX);
    expect(driver.collect(TX).length).toBe(2);
    expect(sent).toEqual([]);
    transmit(plainFrame(100));
    expect([sent.length, driver.needsReset]).toEqual([1, false]);
  });

  test("large frames are for those who negotiated them", () => {
    setUp({ version: 2, packed: false }, ~Feature.hostTso4);
    transmit(tcpFrame(3000), { gsoType: 1 });
    expect(sent).toEqual([]);
  });
});

describe("from the cable", () => {
  test("the driver need not check what was found right", () => {
    offer(3, 2000);
    const broken = tcpFrame(100);
    broken[70] ^= 1;
    for (const frame of [tcpFrame(100), broken, plainFrame(100)]) peer.send(frame);
    expect(driver.collect(RX).map(({ bytes }) => bytes[0])).toEqual([DATA_VALID, 0, 0]);
    setUp({ version: 2, packed: false }, ~Feature.guestCsum);
    offer(1, 2000);
    peer.send(tcpFrame(100));
    expect(driver.collect(RX)[0].bytes[0]).toBe(0);
  });

  test("large frames that are not TCP, or broken, are lost", () => {
    offer(50, 2000);
    const broken = tcpFrame(9000);
    broken[100] ^= 1;
    for (const frame of [plainFrame(9000), broken]) expect(peer.send(frame)).toBe(true);
    expect(driver.collect(RX)).toEqual([]);
  });

  test("without merging a frame larger than the buffer is lost, the buffer not", () => {
    setUp({ version: 2, packed: false }, ~(Feature.merge | Feature.guestTso4));
    offer(1, 100);
    expect(peer.send(plainFrame(200))).toBe(true);
    expect(driver.collect(RX)).toEqual([]);
    expect(peer.send(plainFrame(50))).toBe(true);
    expect(driver.collect(RX).length).toBe(1);
  });

  test("a driver that gives buffers without room for a header needs a reset", () => {
    offer(2, 11);
    peer.send(plainFrame(50));
    expect(driver.needsReset).toBe(true);
    expect(peer.send(plainFrame(50))).toBe(true);
  });

  test("without a driver frames are lost, not kept", () => {
    driver.reset();
    expect(peer.send(plainFrame(50))).toBe(true);
  });
});

describe("the control queue", () => {
  const command = (type: number, number: number, ...data: number[]) =>
    driver.request(CONTROL, Uint8Array.of(type, number, ...data), 1)?.bytes[0];
  const arrives = (...to: number[]) => {
    offer(1, 2000);
    peer.send(plainFrame(50, Uint8Array.from(to)));
    return driver.collect(RX).length === 1;
  };
  const OTHER = [2, 0, 0, 0, 0, 9];
  const GROUP = [1, 0, 0x5e, 0, 0, 1];

  test("chooses which frames arrive", () => {
    expect(arrives(...OTHER)).toBe(true);
    expect(command(0, 0, 0)).toBe(0);
    expect([arrives(...MAC), arrives(...OTHER), arrives(...GROUP)]).toEqual([true, false, false]);
    expect(arrives(255, 255, 255, 255, 255, 255)).toBe(true);
    expect(command(0, 1, 1)).toBe(0);
    expect([arrives(...OTHER), arrives(...GROUP)]).toEqual([false, true]);
    expect(command(0, 1, 0)).toBe(0);
    expect(command(1, 0, 1, 0, 0, 0, ...OTHER, 1, 0, 0, 0, ...GROUP)).toBe(0);
    const state = device.save();
    expect([arrives(...OTHER), arrives(...GROUP), arrives(2, 0, 0, 0, 0, 8)]).toEqual([true, true, false]);
    expect(command(0, 0, 1)).toBe(0);
    expect(arrives(2, 0, 0, 0, 0, 8)).toBe(true);
    device.restore(state);
    expect(arrives(2, 0, 0, 0, 0, 8)).toBe(false);
  });

  test("sets the address", () => {
    command(0, 0, 0);
    expect(command(1, 1, ...OTHER)).toBe(0);
    expect([0, 5].map((i) => driver.config(i, 1))).toEqual([2, 9]);
    expect([arrives(...OTHER), arrives(...MAC)]).toEqual([true, false]);
    driver.reset();
    expect(driver.config(5, 1)).toBe(0x56);
  });

  test("refuses what is malformed or unknown", () => {
    const tooLong = [0xff, 0xff, 0xff, 0xff];
    expect([
      command(0, 0),
      command(0, 9, 1),
      command(1, 0),
      command(1, 0, ...tooLong),
      command(1, 0, 0, 0, 0, 0, ...tooLong),
      command(1, 1, 1, 2),
      command(1, 1, ...GROUP),
      command(4, 0, 1),
    ]).toEqual(Array(8).fill(1));
    expect(driver.needsReset).toBe(false);
  });

  test("takes a long table as everything", () => {
    command(0, 0, 0);
    const many = Array.from({ length: 65 }, (_, i) => [2, 0, 0, 0, 1, i]).flat();
    expect(command(1, 0, 65, 0, 0, 0, ...many, 0, 0, 0, 0)).toBe(0);
    expect([arrives(...OTHER), arrives(...GROUP)]).toEqual([true, false]);
  });
});

test("the cable can be pulled out, and the driver hears of it", () => {
  expect(driver.config(6, 2)).toBe(1);
  driver.acknowledge();
  device.setLink(false);
  expect(driver.acknowledge().configChanged).toBe(true);
  expect(driver.config(6, 2)).toBe(0);
  offer(1, 2000);
  transmit(plainFrame(50));
  expect([sent.length, peer.send(plainFrame(50)), driver.collect(RX).length]).toEqual([0, true, 0]);
});

test("an MTU is told where one was given, and frames keep to it", () => {
  const [here, there] = cable();
  sent = [];
  there.onFrame = (frame) => sent.push(frame) > 0;
  driver = new TestDriver(new NetworkDevice(here, { mac: MAC, mtu: 9000 })).start();
  expect([driver.offered & 8n, driver.config(10, 2)]).toEqual([8n, 9000]);
  transmit(plainFrame(9000));
  transmit(plainFrame(9005));
  expect(sent.length).toBe(1);
  expect(() => new NetworkDevice(here, { mac: MAC, mtu: 67 })).toThrow(RangeError);
  expect(() => new NetworkDevice(here, { mac: Uint8Array.of(1, 0, 0, 0, 0, 0) })).toThrow(RangeError);
});

test("a legacy driver sets its address in configuration space, a modern one does not", () => {
  driver.setConfig(5, 1, 0x99);
  expect(driver.config(5, 1)).toBe(0x56);
  setUp({ version: 1, packed: false });
  driver.setConfig(5, 4, 0x1111_1199);
  expect([driver.config(5, 1), driver.config(6, 2)]).toEqual([0x99, 1]);
});

test("UDP without a checksum is not called right, and odd lengths are summed", () => {
  offer(2, 2000);
  const frame = tcpFrame(13);
  frame[23] = 17;
  putU16(frame, 38, frame.length - 34);
  putU16(frame, 40, 0);
  const noChecksum = frame.slice();
  putU16(
    frame,
    40,
    ~sum(frame, 34, frame.length - 34, pseudoHeaderSum(0x0a000202, 0x0a00020f, 17, frame.length - 34)),
  );
  peer.send(noChecksum);
  peer.send(frame);
  expect(driver.collect(RX).map(({ bytes }) => bytes[0])).toEqual([0, DATA_VALID]);
});
