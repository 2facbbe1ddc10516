import { describe, expect, test } from "vitest";
import { TestDriver, TRANSPORTS } from "./driver-fixture.ts";
import { RngDevice } from "./rng.ts";

const counting = () => {
  let next = 0;
  return new RngDevice((into) => {
    for (let i = 0; i < into.length; i++) into[i] = ++next;
  });
};

describe.each(TRANSPORTS)("virtio-rng, version $version, packed $packed", (transport) => {
  test("fills what it is given, buffer by buffer", () => {
    const driver = new TestDriver(counting(), transport).start();
    const token = driver.add(0, [], [3, 2]);
    driver.notify(0);
    expect(driver.collect(0)).toEqual([{ token, written: 5, bytes: Uint8Array.of(1, 2, 3, 4, 5) }]);
    expect(driver.request(0, undefined, 2)?.bytes).toEqual(Uint8Array.of(6, 7));
    expect(driver.acknowledge()).toEqual({ usedBuffers: true, configChanged: false });
  });

  test("gives back a chain without room, empty", () => {
    const driver = new TestDriver(counting(), transport).start();
    expect(driver.request(0, Uint8Array.of(9))?.written).toBe(0);
  });

  test("fills no more than 64 KiB of a chain", () => {
    const driver = new TestDriver(counting(), transport).start();
    expect(driver.request(0, undefined, 1 << 20)?.written).toBe(64 << 10);
  });
});
