import type { TestDriver } from "../../src/devices/virtio/driver-fixture.ts";
import { VsockDevice } from "../../src/devices/virtio/vsock.ts";
import type { VsockEvents, VsockStream } from "../../src/devices/virtio/vsock-host.ts";
import {
  decodeHeader,
  encodeHeader,
  type VsockHeader,
  VsockOp,
} from "../../src/devices/virtio/vsock-packet.ts";
import type { Random } from "../differential/random.ts";
import { bytesOf, type Parts, type Request, type Target } from "./target.ts";

const [RX, TX, EVENT] = [0, 1, 2];
const OPS = [...Object.values(VsockOp), VsockOp.rw, VsockOp.request, 0, 8];
const WINDOWS = [0, 1, 100, 65_536, 0xffff_ffff];
const FIRST_HOST_PORT = 2 ** 30;
const MOST_BEGUN = 2000;

function header(random: Random, length: number): VsockHeader {
  const isGuests = random.below(3) !== 0;
  return {
    sourceCid: random.below(32) === 0 ? 4n : 3n,
    destinationCid: random.below(32) === 0 ? 7n : 2n,
    sourcePort: isGuests ? random.below(6) : 22,
    destinationPort: isGuests ? random.below(6) : FIRST_HOST_PORT + random.below(MOST_BEGUN),
    length: random.below(16) === 0 ? random.word() : length,
    type: random.below(32) === 0 ? 2 : 1,
    op: random.pick(OPS),
    flags: random.below(4),
    bufferSize: random.pick(WINDOWS),
    forwarded: random.below(4) === 0 ? random.word() : random.below(100),
  };
}

function request(random: Random): Request {
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return { queue: RX, readable: [], writable: [random.pick([44, 45, 100, 1068, 4096])] };
    case 3:
      return { queue: EVENT, readable: [], writable: [4] };
  }
  const payload = bytesOf(random, random.below(4) === 0 ? 1 + random.below(3000) : 0);
  const packet = encodeHeader(header(random, payload.length));
  return { queue: TX, readable: payload.length > 0 ? [packet, payload] : [packet], writable: [] };
}

/** The guest connects, sends three bytes and gets two. */
function works(driver: TestDriver, accepted: () => Peer | undefined): boolean {
  const send = (op: number, payload: readonly number[] = []) => {
    const packet = encodeHeader({
      sourceCid: 3n,
      destinationCid: 2n,
      sourcePort: 1000,
      destinationPort: 0,
      length: payload.length,
      type: 1,
      op,
      flags: 0,
      bufferSize: 1000,
      forwarded: 0,
    });
    return driver.request(TX, Uint8Array.from([...packet, ...payload])) !== undefined;
  };
  for (let i = 0; i < 4; i++) driver.add(RX, [], [100]);
  driver.notify(RX);
  if (!send(VsockOp.request) || !send(VsockOp.rw, [1, 2, 3])) return false;
  const peer = accepted();
  peer?.stream.write(Uint8Array.of(4, 5));
  const answers = driver
    .collect(RX)
    .map(({ bytes }) => [decodeHeader(bytes).op, ...bytes.subarray(44)].join());
  return peer?.last.join() === "1,2,3" && answers.join(" ") === `${VsockOp.response} ${VsockOp.rw},4,5`;
}

/** The host's end of a stream that the guest began. */
interface Peer {
  readonly stream: VsockStream;
  last: Uint8Array;
}

/** Throws where a stream still speaks after its end. */
function eventsFor(received: (bytes: Uint8Array) => void, gone: () => void): VsockEvents {
  let isGone = false;
  const check = () => {
    if (isGone) throw new Error("a closed stream speaks");
  };
  return {
    connected: check,
    received: (bytes) => {
      check();
      received(bytes);
    },
    ended: check,
    drained: check,
    closed: () => {
      check();
      isGone = true;
      gone();
    },
  };
}

export function vsock({ work }: Parts): Target {
  const streams = new Set<VsockStream>();
  let latest: Peer | undefined;
  const connect = (stream: VsockStream): VsockEvents | undefined => {
    if (stream.hostPort === 5) return undefined;
    const peer: Peer = { stream, last: new Uint8Array(0) };
    latest = peer;
    streams.add(stream);
    if (stream.hostPort < 4) stream.accept();
    return eventsFor(
      (bytes) => {
        peer.last = bytes;
      },
      () => streams.delete(stream),
    );
  };
  const device = new VsockDevice({ connect }, work);

  const begin = () => {
    let own: VsockStream | undefined;
    const events = eventsFor(
      () => {},
      () => own && streams.delete(own),
    );
    own = device.open(22, events);
    if (own) streams.add(own);
  };
  const act = (random: Random, stream: VsockStream) => {
    switch (random.below(8)) {
      case 0:
        stream.end();
        break;
      case 1:
        streams.delete(stream);
        stream.destroy();
        break;
      case 2:
        stream.accept();
        break;
      case 3:
        stream.setReading(random.below(2) === 0);
        break;
      default:
        stream.write(new Uint8Array(random.pick([1, 100, 3000, 70_000])));
    }
  };
  return {
    device,
    request,
    poke(random) {
      if (streams.size > 1030) throw new Error("too many streams");
      if (random.below(3) === 0) begin();
      if (random.below(32) === 0) device.restore({ owesReset: true });
      for (const stream of [...streams].slice(0, 4)) act(random, stream);
    },
    works(driver) {
      latest = undefined;
      return works(driver, () => latest);
    },
  };
}
