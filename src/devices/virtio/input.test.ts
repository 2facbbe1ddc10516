import { beforeEach, describe, expect, test } from "vitest";
import { TestDriver, TRANSPORTS } from "./driver-fixture.ts";
import { MAX_WAITING_EVENTS } from "./input.ts";
import { EventType } from "./input-events.ts";
import { KeyboardDevice } from "./input-keyboard.ts";
import { KEY_CODES } from "./input-keys.ts";
import { TabletDevice } from "./input-tablet.ts";
import { keysFor } from "./input-us-layout.ts";

const [EVENT_QUEUE, STATUS_QUEUE] = [0, 1];
const { syn, key, rel, abs, led, rep } = EventType;
const SYN = [syn, 0, 0];

let driver: TestDriver;

function offer(buffers: number): void {
  for (let i = 0; i < buffers; i++) driver.add(EVENT_QUEUE, [], [8]);
  driver.notify(EVENT_QUEUE);
}

/** Type, code and value of what has come. */
function events(): number[][] {
  return driver.collect(EVENT_QUEUE).map(({ bytes }) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return [view.getUint16(0, true), view.getUint16(2, true), view.getInt32(4, true)];
  });
}

/** What configuration space has for a selection. */
function query(select: number, subsel = 0): number[] {
  driver.setConfig(0, 1, select);
  driver.setConfig(1, 1, subsel);
  return Array.from({ length: driver.config(2, 1) }, (_, i) => driver.config(8 + i, 1));
}

const text = (bytes: number[]) => String.fromCharCode(...bytes);
const bits = (bytes: number[]) =>
  bytes.flatMap((byte, i) =>
    [...Array(8).keys()].filter((bit) => (byte >> bit) & 1).map((bit) => 8 * i + bit),
  );

describe.each(TRANSPORTS)("keyboard, version $version, packed $packed", (transport) => {
  let keyboard: KeyboardDevice;

  beforeEach(() => {
    keyboard = new KeyboardDevice();
    driver = new TestDriver(keyboard, transport).start();
  });

  test("tells what it is", () => {
    expect(text(query(1))).toBe("Runikraft keyboard");
    expect(text(query(2))).toBe("keyboard");
    expect(query(3)).toHaveLength(8);
    expect(query(0x10)).toEqual([]);
    expect(bits(query(0x11, key))).toEqual(Object.values(KEY_CODES).sort((a, b) => a - b));
    expect(bits(query(0x11, rep))).toEqual([0, 1]);
    expect(bits(query(0x11, led))).toEqual([0, 1, 2]);
    expect(query(0x11, abs)).toEqual([]);
    expect(query(0x12, 0)).toEqual([]);
    expect(query(0)).toEqual([]);
    expect(query(1, 1)).toEqual([]);
  });

  test("keys go down and up, each in a frame of its own", () => {
    offer(8);
    keyboard.press("a");
    keyboard.release("a");
    expect(events()).toEqual([[key, 30, 1], SYN, [key, 30, 0], SYN]);
  });

  test("text is typed with shift where it needs it", () => {
    offer(32);
    keyboard.typeText("a?é\n");
    const keys = events().filter(([type]) => type === key);
    expect(keys).toEqual([
      [key, 30, 1],
      [key, 30, 0],
      [key, 42, 1],
      [key, 53, 1],
      [key, 53, 0],
      [key, 42, 0],
      [key, 28, 1],
      [key, 28, 0],
    ]);
  });

  test("events wait for buffers; the oldest frames are lost first", () => {
    const strokes = MAX_WAITING_EVENTS / 2 + 10;
    for (let i = 0; i < strokes; i++) keyboard.press(i < 10 ? "x" : i === 10 ? "b" : "c");
    offer(3);
    expect(events()).toEqual([[key, KEY_CODES.b, 1], SYN, [key, KEY_CODES.c, 1]]);
    let left = 0;
    for (let got = -1; got !== 0; left += got) {
      offer(64);
      got = events().length;
    }
    expect(left).toBe(MAX_WAITING_EVENTS - 3);
  });

  test("lamps", () => {
    const set = (code: number, value: number) =>
      driver.request(STATUS_QUEUE, Uint8Array.of(led, 0, code, 0, value, 0, 0, 0));
    set(1, 1);
    set(2, 1);
    set(200, 1);
    expect(keyboard.leds).toBe(6);
    expect(set(1, 0)?.written).toBe(0);
    expect(keyboard.leds).toBe(4);
    driver.start();
    expect(keyboard.leds).toBe(0);
  });

  test("before a driver has started it keys are lost", () => {
    driver.reset();
    keyboard.press("a");
    driver.start();
    offer(2);
    expect(events()).toEqual([]);
  });

  test("a buffer too small for an event fails the device", () => {
    driver.add(EVENT_QUEUE, [], [7]);
    keyboard.press("a");
    expect(driver.needsReset).toBe(true);
  });

  test("a status too short fails the device", () => {
    driver.request(STATUS_QUEUE, new Uint8Array(7));
    expect(driver.needsReset).toBe(true);
  });

  test("what waits is saved", () => {
    driver.request(STATUS_QUEUE, Uint8Array.of(led, 0, 0, 0, 1, 0, 0, 0));
    query(0x11, key);
    keyboard.press("a");
    const other = new KeyboardDevice();
    const saved = keyboard.save();
    driver = new TestDriver(other, transport).start();
    other.restore(saved);
    expect([other.leds, driver.config(0, 1), driver.config(1, 1)]).toEqual([1, 0x11, key]);
    offer(4);
    other.release("a");
    expect(events()).toEqual([[key, 30, 1], SYN, [key, 30, 0], SYN]);
  });
});

describe("tablet", () => {
  let tablet: TabletDevice;

  beforeEach(() => {
    tablet = new TabletDevice();
    driver = new TestDriver(tablet).start();
  });

  test("tells what it is", () => {
    expect(text(query(1))).toBe("Runikraft tablet");
    expect(bits(query(0x11, abs))).toEqual([0, 1]);
    expect(bits(query(0x11, rel))).toEqual([8]);
    expect(bits(query(0x11, key))).toEqual([0x110, 0x111, 0x112, 0x113, 0x114]);
    const range = [0, 0, 0, 0, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    expect([query(0x12, 0), query(0x12, 1), query(0x12, 2)]).toEqual([range, range, []]);
  });

  test("moves, clicks and scrolls", () => {
    offer(16);
    tablet.moveTo(100.4, 40_000);
    tablet.moveTo(-1, 0);
    tablet.button("right", true);
    tablet.wheel(-1);
    expect(events()).toEqual([
      [abs, 0, 100],
      [abs, 1, 0x7fff],
      SYN,
      [abs, 0, 0],
      [abs, 1, 0],
      SYN,
      [key, 0x111, 1],
      SYN,
      [rel, 8, -1],
      SYN,
    ]);
  });

  test("configuration space stands writes anywhere", () => {
    for (const offset of [2, 3, 8, 135, 200]) driver.setConfig(offset, 4, 0xffff_ffff);
    driver.setConfig(0, 4, 0xffff_ff01);
    expect([driver.config(0, 1), driver.config(1, 1), driver.config(2, 1)]).toEqual([1, 0xff, 0]);
    expect(driver.config(200, 4)).toBe(0);
  });
});

test("the US layout has keys for all of ASCII that is printed", () => {
  for (let code = 0x20; code < 0x7f; code++) {
    const character = String.fromCharCode(code);
    expect(keysFor(character), character).not.toEqual([]);
  }
  expect([...'~{|}<>:"_+ A'].map((character) => keysFor(character).map((name) => KEY_CODES[name]))).toEqual([
    [42, 41],
    [42, 26],
    [42, 43],
    [42, 27],
    [42, 51],
    [42, 52],
    [42, 39],
    [42, 40],
    [42, 12],
    [42, 13],
    [57],
    [42, 30],
  ]);
});
