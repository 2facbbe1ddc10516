import { describe, expect, test } from "vitest";
import { ConsoleDevice } from "./console.ts";
import { TestDriver, type TestDriverOptions, TRANSPORTS } from "./driver-fixture.ts";
import { immediateWork, settled } from "./work-fixture.ts";

const MULTIPORT = 1n << 1n;
const [DEVICE_READY, PORT_ADD, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME] = [
  0, 1, 3, 4, 5, 6, 7,
];
const [TO_DRIVER, FROM_DRIVER] = [2, 3];

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A console and a channel. While `gate` is set, the host takes nothing after what it was just sent. */
function make(options: TestDriverOptions = {}) {
  const host = { sent: ["", ""], gate: undefined as Promise<void> | undefined };
  const port = (id: number, name: string, isConsole: boolean) => ({
    name,
    isConsole,
    send: (bytes: Uint8Array) => {
      host.sent[id] += textOf(bytes);
      return host.gate;
    },
  });
  const device = new ConsoleDevice(
    [port(0, "tty", true), port(1, "org.runikraft.agent", false)],
    immediateWork,
  );
  return { host, device, driver: new TestDriver(device, options) };
}

function tell(driver: TestDriver, port: number, event: number, value = 1): void {
  driver.request(FROM_DRIVER, Uint8Array.of(port, 0, 0, 0, event, 0, value, 0));
}

/** The messages that have arrived: port, event, value, and the text or the bytes behind. */
function messages(driver: TestDriver): unknown[][] {
  return driver.collect(TO_DRIVER).map(({ bytes }) => {
    const event = bytes[4];
    const more = bytes.subarray(8);
    return [bytes[0], event, bytes[6], ...(event === PORT_NAME ? [textOf(more)] : more)];
  });
}

function giveBuffers(driver: TestDriver, queue: number, count: number, length: number): void {
  for (let i = 0; i < count; i++) driver.add(queue, [], [length]);
  driver.notify(queue);
}

/** The negotiation that Linux does. */
function startPorts(driver: TestDriver): void {
  driver.start();
  giveBuffers(driver, TO_DRIVER, 32, 64);
  tell(driver, 0, DEVICE_READY);
  for (const port of [0, 1]) tell(driver, port, PORT_READY);
  for (const port of [0, 1]) tell(driver, port, PORT_OPEN);
  messages(driver);
}

describe.each(TRANSPORTS)("version $version, packed $packed", (transport) => {
  test("a driver without control messages has port 0", () => {
    const { host, device, driver } = make(transport);
    driver.start({ features: 0n });
    driver.request(1, bytesOf("hello"));
    expect(host.sent).toEqual(["hello", ""]);
    expect(device.ports[0].receive(bytesOf("abc"))).toBe(0);
    giveBuffers(driver, 0, 3, 4);
    expect(device.ports[0].receive(bytesOf("abcdefghijklmnopq"))).toBe(12);
    expect(driver.collect(0).map(({ bytes }) => textOf(bytes))).toEqual(["abcd", "efgh", "ijkl"]);
    expect(device.ports[1].receive(bytesOf("abc"))).toBe(0);
  });

  test("ports are announced, and opened from both sides", () => {
    const { device, driver } = make(transport);
    device.ports[0].resize(80, 25);
    driver.start();
    giveBuffers(driver, TO_DRIVER, 32, 64);
    expect(messages(driver)).toEqual([]);
    tell(driver, 0, DEVICE_READY);
    expect(messages(driver)).toEqual([
      [0, PORT_ADD, 1],
      [1, PORT_ADD, 1],
    ]);
    tell(driver, 0, PORT_READY);
    expect(messages(driver)).toEqual([
      [0, CONSOLE_PORT, 1],
      [0, PORT_NAME, 1, "tty"],
      [0, PORT_OPEN, 1],
      [0, RESIZE, 1, 80, 0, 25, 0],
    ]);
    tell(driver, 1, PORT_READY);
    expect(messages(driver)).toEqual([
      [1, PORT_NAME, 1, "org.runikraft.agent"],
      [1, PORT_OPEN, 1],
    ]);
    expect(device.ports.map((port) => port.isOpen)).toEqual([false, false]);
    tell(driver, 1, PORT_OPEN);
    expect(device.ports.map((port) => port.isOpen)).toEqual([false, true]);
    tell(driver, 1, PORT_OPEN, 0);
    expect(device.ports[1].isOpen).toBe(false);
  });

  test("each port has its own bytes", () => {
    const { host, device, driver } = make(transport);
    startPorts(driver);
    driver.request(5, bytesOf("to the agent"));
    driver.request(1, bytesOf("to the terminal"));
    expect(host.sent).toEqual(["to the terminal", "to the agent"]);
    giveBuffers(driver, 4, 1, 16);
    giveBuffers(driver, 0, 1, 16);
    expect([device.ports[1].receive(bytesOf("b")), device.ports[0].receive(bytesOf("a"))]).toEqual([1, 1]);
    expect([textOf(driver.collect(0)[0].bytes), textOf(driver.collect(4)[0].bytes)]).toEqual(["a", "b"]);
  });
});

describe("to the guest", () => {
  test("nothing before it opens the port, and the sender is told of room", () => {
    const { device, driver } = make();
    let told = 0;
    device.ports[1].onRoom = () => told++;
    driver.start();
    tell(driver, 0, DEVICE_READY);
    giveBuffers(driver, 4, 1, 16);
    expect(device.ports[1].receive(bytesOf("early"))).toBe(0);
    told = 0;
    tell(driver, 1, PORT_OPEN);
    expect(told).toBe(1);
    expect(device.ports[1].receive(bytesOf("now"))).toBe(3);
    expect(device.ports[1].receive(bytesOf("full"))).toBe(0);
    driver.collect(4);
    giveBuffers(driver, 4, 1, 16);
    expect(told).toBe(2);
  });

  test("nothing while the device does not run", () => {
    const { device, driver } = make();
    expect(device.ports[0].receive(bytesOf("a"))).toBe(0);
    startPorts(driver);
    giveBuffers(driver, 0, 1, 16);
    driver.reset();
    expect(device.ports[0].receive(bytesOf("a"))).toBe(0);
  });
});

describe("from the guest", () => {
  test("no more while the host cannot take it", async () => {
    const { host, driver } = make();
    startPorts(driver);
    let open = () => {};
    host.gate = new Promise((resolve) => {
      open = resolve;
    });
    for (const text of ["one ", "two ", "three"]) driver.add(1, [bytesOf(text)]);
    driver.notify(1);
    driver.notify(1);
    driver.request(5, bytesOf("other"));
    expect([host.sent, driver.collect(1).length]).toEqual([["one ", "other"], 0]);
    host.gate = undefined;
    open();
    await settled();
    expect([host.sent[0], driver.collect(1).length]).toEqual(["one two three", 3]);
  });

  test("a reset meanwhile: what waited is lost, and the port goes on", async () => {
    const { host, driver } = make();
    startPorts(driver);
    let fail = () => {};
    host.gate = new Promise((_, reject) => {
      fail = () => reject(new Error("the pipe is closed"));
    });
    for (const text of ["one ", "two "]) driver.add(1, [bytesOf(text)]);
    driver.notify(1);
    host.gate = undefined;
    startPorts(driver);
    driver.request(1, bytesOf("three"));
    expect(host.sent[0]).toBe("one ");
    fail();
    await settled();
    expect([host.sent[0], driver.collect(1).length]).toEqual(["one three", 1]);
  });

  test("more than any driver sends at once breaks the device", () => {
    const { host, driver } = make();
    startPorts(driver);
    driver.request(1, new Uint8Array(1 << 20));
    expect([host.sent[0].length, driver.needsReset]).toEqual([1 << 20, false]);
    driver.add(1, [new Uint8Array(1 << 20), new Uint8Array(1)]);
    driver.notify(1);
    expect([host.sent[0].length, driver.needsReset]).toEqual([1 << 20, true]);
  });

  test("an emergency write needs no driver", () => {
    const { host, driver } = make();
    driver.setConfig(8, 4, 0x4142_4143);
    driver.setConfig(8, 1, 0x44);
    driver.setConfig(9, 1, 0x45);
    expect(host.sent).toEqual(["CD", ""]);
  });
});

describe("control messages", () => {
  test("wait for buffers, each once however often they are asked for", () => {
    const { driver } = make();
    driver.start();
    for (let i = 0; i < 1000; i++) {
      tell(driver, 0, DEVICE_READY);
      tell(driver, 1, PORT_READY);
    }
    giveBuffers(driver, TO_DRIVER, 2, 64);
    expect(messages(driver)).toEqual([
      [0, PORT_ADD, 1],
      [1, PORT_ADD, 1],
    ]);
    giveBuffers(driver, TO_DRIVER, 32, 64);
    expect(messages(driver).map(([port, event]) => [port, event])).toEqual([
      [1, PORT_NAME],
      [1, PORT_OPEN],
    ]);
  });

  test("that make no sense change nothing", () => {
    const { device, driver } = make();
    startPorts(driver);
    driver.request(FROM_DRIVER, Uint8Array.of(0, 0, 0, 0, DEVICE_READY, 0, 1));
    tell(driver, 2, PORT_OPEN, 0);
    tell(driver, 255, PORT_READY);
    tell(driver, 0, 99);
    tell(driver, 0, DEVICE_READY, 0);
    expect(messages(driver)).toEqual([]);
    expect(device.ports.map((port) => port.isOpen)).toEqual([true, true]);
  });

  test("a resize is told to a console alone", () => {
    const { device, driver } = make();
    startPorts(driver);
    driver.acknowledge();
    device.ports[0].resize(300, 50);
    device.ports[0].resize(300, 50);
    device.ports[1].resize(10, 10);
    expect(messages(driver)).toEqual([[0, RESIZE, 1, 44, 1, 50, 0]]);
    expect(driver.acknowledge().configChanged).toBe(true);
    expect([driver.config(0, 2), driver.config(2, 2), driver.config(4, 4)]).toEqual([300, 50, 2]);
  });

  test("a driver without them hears of a resize by its configuration", () => {
    const { device, driver } = make();
    driver.start({ features: ~MULTIPORT });
    device.ports[0].resize(100, 30);
    expect(driver.acknowledge().configChanged).toBe(true);
    expect([driver.config(0, 2), driver.config(2, 2)]).toEqual([100, 30]);
  });
});

test("a saved console goes on: what is open, and what was not yet told", () => {
  const { driver } = make();
  driver.start();
  tell(driver, 0, DEVICE_READY);
  tell(driver, 1, PORT_READY);
  tell(driver, 1, PORT_OPEN);
  const other = make();
  other.device.ports[0].resize(1, 1);
  other.driver.start();
  other.driver.mmio.restore(driver.mmio.save());
  other.driver.memory.write(0x8000_0000, driver.memory.read(0x8000_0000, 8 << 20)!);
  expect(other.device.ports.map((port) => port.isOpen)).toEqual([false, true]);
  giveBuffers(other.driver, TO_DRIVER, 32, 64);
  expect(messages(other.driver).map(([port, event]) => [port, event])).toEqual([
    [0, PORT_ADD],
    [1, PORT_ADD],
    [1, PORT_NAME],
    [1, PORT_OPEN],
  ]);
});
