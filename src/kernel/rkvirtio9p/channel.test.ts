import { expect, test } from "vitest";
import type { Chain, VirtioDevice, VirtioLink } from "../../devices/virtio/device.ts";
import { failure } from "../vfs/tree-fixture.ts";
import { channelTo } from "./device-fixture.ts";

/** A device that answers each request as it is told. */
class Server implements VirtioDevice {
  readonly name = "virtio-9p";
  readonly features = 1n;
  readonly type: number;
  readonly queueSizes: number[];
  answer: (chain: Chain) => void = () => {};
  link!: VirtioLink;

  constructor(type = 9, queueSize = 128) {
    this.type = type;
    this.queueSizes = [queueSize];
  }

  connect(link: VirtioLink): void {
    this.link = link;
  }
  config(): Uint8Array {
    return Uint8Array.of(3, 0, 0x74, 0x61, 0x67);
  }
  writeConfig(): void {}
  start(): void {}
  reset(): void {}
  notify(): void {
    const chain = this.link.queue(0).pop();
    if (chain) this.answer(chain);
  }
  save() {
    return {};
  }
  restore(): void {}

  /** Gives a chain back with these bytes, and says that there were `claimed` of them. */
  push(chain: Chain, bytes: readonly number[], claimed = bytes.length): void {
    chain.write(0, Uint8Array.from(bytes));
    this.link.queue(0).push(chain, claimed);
  }
}

test("a device of another kind, or one with too short a queue, is not taken", () => {
  expect(channelTo(new Server(2))).toBeUndefined();
  expect(channelTo(new Server(9, 4))).toBeUndefined();
});

test("requests and answers of every length get through", () => {
  const server = new Server();
  const channel = channelTo(server)!;
  expect([channel.tag, channel.mostData]).toEqual(["tag", 7 * 4096]);
  const rooms: number[] = [];
  let received = new Uint8Array(0);
  server.answer = (chain) => {
    rooms.push(chain.readable, chain.writable);
    received = chain.read(0, chain.readable).slice();
    server.push(chain, [...received.subarray(0, 10_000)].reverse());
  };
  const request = Uint8Array.from({ length: 23 }, (_, i) => i);
  expect(channel.exchange(request, false)).toBe(512);
  expect(channel.exchange(request, true)).toBe(3072);
  const answer = new Uint8Array(23);
  channel.copy(3072 - 23, answer);
  expect([...answer]).toEqual([...request].reverse());
  const data = Uint8Array.from({ length: 28_000 }, (_, i) => i * 7);
  channel.exchange(request, false, data);
  expect(received.subarray(0, 28_023)).toEqual(Uint8Array.from([...request, ...data]));
  channel.exchange(data.subarray(0, 4000), false);
  expect(received.subarray(0, 4000)).toEqual(data.subarray(0, 4000));
  expect(rooms).toEqual([3072, 512, 3072, 28_683, 28_695, 512, 28_695, 512]);
});

test("a server that does not answer at once, or fails, is an error and not a wait", () => {
  const server = new Server();
  const channel = channelTo(server)!;
  expect(failure(() => channel.exchange(new Uint8Array(7), false))).toBe("EIO");
  server.answer = () => server.link.fail();
  expect(failure(() => channel.exchange(new Uint8Array(7), false))).toBe("EIO");
  expect(failure(() => channel.exchange(new Uint8Array(7), false))).toBe("EIO");
});

test("a length that a server makes up is no more than there is room for", () => {
  const server = new Server();
  const channel = channelTo(server)!;
  server.answer = (chain) => server.push(chain, [1], 0xffff_ffff);
  expect(channel.exchange(new Uint8Array(7), false)).toBe(512);
  expect(channel.exchange(new Uint8Array(7), true)).toBe(11 + 28_672);
});
