import { beforeEach, describe, expect, test } from "vitest";
import { BalloonDevice } from "./balloon.ts";
import { RAM_BASE, TestDriver, TRANSPORTS } from "./driver-fixture.ts";

const [INFLATE, DEFLATE, STATISTICS, REPORTING] = [0, 1, 2, 3];
const FIRST_PAGE = RAM_BASE / 4096;

const words = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);

describe.each(TRANSPORTS)("virtio-balloon, version $version, packed $packed", (transport) => {
  let discarded: number[];
  let balloon: BalloonDevice;
  let driver: TestDriver;

  beforeEach(() => {
    discarded = [];
    balloon = new BalloonDevice((page) => discarded.push(page));
    driver = new TestDriver(balloon, { ...transport, ramBytes: 4 << 20 }).start();
  });

  test("gives inflated pages back, of RAM only", () => {
    const pages = [FIRST_PAGE + 1023, FIRST_PAGE + 1024, 0, 0xffff_ffff, FIRST_PAGE - 1, FIRST_PAGE + 900];
    expect(driver.request(INFLATE, words(...pages))?.written).toBe(0);
    expect(discarded).toEqual([FIRST_PAGE + 1023, FIRST_PAGE + 900]);
    expect(driver.request(DEFLATE, words(...pages))?.written).toBe(0);
    expect(discarded).toHaveLength(2);
  });

  test("shows the target, with an interrupt, and what the driver says it has", () => {
    balloon.target = 0x12345;
    expect(driver.acknowledge().configChanged).toBe(true);
    expect(driver.config(0, 4)).toBe(0x12345);
    driver.setConfig(4, 4, 0x1234);
    driver.setConfig(5, 1, 0xff);
    driver.setConfig(0, 4, 7);
    driver.setConfig(6, 4, 1);
    expect(balloon.actual).toBe(0x1ff34);
    expect(driver.config(0, 4)).toBe(0x12345);
  });

  test("keeps the buffer of statistics until it wants new ones", () => {
    const statistic = (tag: number, value: number) => [tag, tag >> 8, value, 0, 0, 0, 0, 1, 0, 0];
    driver.add(STATISTICS, [
      Uint8Array.from([...statistic(4, 9), ...statistic(77, 1), ...statistic(5, 3), 0]),
    ]);
    driver.notify(STATISTICS);
    expect(driver.collect(STATISTICS)).toEqual([]);
    expect(balloon.statistic("free-memory")).toBe((1n << 40n) + 9n);
    expect(balloon.statistic("total-memory")).toBe((1n << 40n) + 3n);
    expect(balloon.statistic("swap-in")).toBeUndefined();
    balloon.refreshStatistics();
    expect(driver.collect(STATISTICS)).toHaveLength(1);
    driver.add(STATISTICS, [Uint8Array.from(statistic(4, 1))]);
    driver.notify(STATISTICS);
    expect(balloon.statistic("free-memory")).toBe((1n << 40n) + 1n);
  });

  test("gives reported ranges back, whole pages of them", () => {
    driver.allocate(0, 4096);
    const start = driver.allocate(0) / 4096;
    driver.add(REPORTING, [], [4096 * 3 + 100, 8192]);
    driver.notify(REPORTING);
    expect(driver.collect(REPORTING)).toHaveLength(1);
    expect(discarded).toEqual([start, start + 1, start + 2, start + 4]);
  });

  test("is restored", () => {
    balloon.target = 5;
    driver.setConfig(4, 4, 3);
    const copy = new BalloonDevice(() => {});
    copy.restore(balloon.save());
    expect([copy.target, copy.actual]).toEqual([5, 3]);
  });
});
