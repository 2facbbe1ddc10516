import { describe, expect, it } from "vitest";
import { SeededRandom } from "../../random/seeded-random.ts";
import {
  address,
  FAULTLESS,
  type Faults,
  faultyCable,
  listen,
  node,
  Talker,
  VirtualTime,
} from "../network-fixture.ts";

const SERVER = { address: address("192.168.7.1"), port: 80 };

function talk(
  faults: Faults,
  seed: bigint,
  lengths: [number, number],
  largeFrames = false,
  watch?: (frame: Uint8Array) => void,
) {
  const time = new VirtualTime();
  const random = new SeededRandom(seed);
  const [left, right] = faultyCable(time, random, faults, watch);
  const server = node(left, time, 1, { largeFrames, seed });
  const client = node(right, time, 2, { largeFrames, seed: seed + 1n });
  const [a, b] = lengths.map((length) => new SeededRandom(seed + BigInt(length)).bytes(length));
  const serving = new Talker(a);
  const calling = new Talker(b);
  listen(server, serving);
  client.tcp.connect(address("192.168.7.2"), SERVER, (connection) => {
    calling.connection = connection;
    return calling;
  });
  const finish = () => {
    server.close();
    client.close();
  };
  return { time, server, client, serving, calling, a, b, finish };
}

describe("TCP over a cable", () => {
  it.each([false, true])("carries both directions and ends (large frames: %s)", (largeFrames) => {
    let frames = 0;
    const { time, client, server, serving, calling, a, b } = talk(
      FAULTLESS,
      1n,
      [3_000_000, 500_000],
      largeFrames,
      () => frames++,
    );
    time.until(() => calling.log.includes("done") && serving.log.includes("done"));
    expect(Buffer.compare(calling.received, a)).toBe(0);
    expect(Buffer.compare(serving.received, b)).toBe(0);
    expect(calling.log).toEqual(["opened", "ended", "done"]);
    expect(time.now()).toBeLessThan(1000);
    // Two segments an acknowledgment, and hardly any without data.
    if (!largeFrames) expect(frames).toBeLessThan((3_500_000 / 1460) * 1.6);
    else expect(frames).toBeLessThan(250);
    time.pass(60_000);
    expect([client.tcp.size, server.tcp.size]).toEqual([0, 0]);
    expect(time.pending).toBe(0);
  });

  const bad: Faults = { lose: 0.05, duplicate: 0.05, delay: 3, damage: 0.02 };
  it.each(Array.from({ length: 12 }, (_, i) => BigInt(i)))("delivers over a bad cable, seed %s", (seed) => {
    const { time, serving, calling, a, b, finish } = talk(bad, seed, [200_000, 70_000], seed % 3n === 0n);
    time.until(() => calling.log.length >= 3 && serving.log.length >= 3);
    expect(Buffer.compare(calling.received, a)).toBe(0);
    expect(Buffer.compare(serving.received, b)).toBe(0);
    finish();
    time.pass(120_000);
    expect(time.pending).toBe(0);
  });
});
