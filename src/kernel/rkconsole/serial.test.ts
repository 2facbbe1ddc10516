import { beforeEach, describe, expect, test } from "vitest";
import type { Hart } from "../../cpu/hart.ts";
import { Arena } from "../../memory/arena.ts";
import { Bus, type Device } from "../../memory/bus.ts";
import { PhysicalMemory } from "../../memory/physical-memory.ts";
import { Kernel } from "../kernel.ts";
import { type Platform, rkplat, type SerialPort } from "../rkplat/platform.ts";
import { consolePorts } from "./console.ts";
import { rkconsole } from "./library.ts";
import { SerialConsole } from "./serial.ts";

const BASE = 0x1000_0000;
const OTHER = 0x1000_0100;
const [DATA, INTERRUPT_ENABLE, FIFO_CONTROL, LINE_STATUS] = [0, 1, 2, 5];

/** A 16550 that remembers what is done to it. */
class Chip implements Device {
  readonly name = "uart";
  readonly received: number[] = [];
  readonly sent: number[] = [];
  readonly stores: [offset: number, value: number][] = [];
  load(offset: number): number {
    if (offset === LINE_STATUS) return 0x60 | (this.received.length > 0 ? 1 : 0);
    return offset === DATA ? (this.received.shift() ?? 0xee) : 0;
  }
  store(offset: number, _size: number, value: number): void {
    if (offset === DATA) this.sent.push(value);
    else this.stores.push([offset, value]);
  }
}

class Port implements SerialPort {
  readonly base: number;
  inputTerminal = false;
  outputTerminal = false;
  isOver = false;
  dimensions = { rows: 24, columns: 80 };
  onReceive = () => {};
  onResize = () => {};
  constructor(base: number) {
    this.base = base;
  }
  ended = () => this.isOver;
  size = () => this.dimensions;
}

let chip: Chip;
let other: Chip;
let port: Port;
let bus: Bus;

beforeEach(() => {
  chip = new Chip();
  other = new Chip();
  port = new Port(BASE);
  bus = new Bus(new PhysicalMemory(new Arena(2 << 20), 0x8000_0000, 4096));
  bus.attach(BASE, 0x100, chip);
  bus.attach(OTHER, 0x100, other);
});

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

describe("the receiving direction", () => {
  test("turns the FIFO and the interrupt of the chip on, and hears of the port's events", () => {
    const input = new SerialConsole(bus, port, "input");
    expect(chip.stores).toEqual([
      [FIFO_CONTROL, 1],
      [INTERRUPT_ENABLE, 1],
    ]);
    const heard: string[] = [];
    input.onInput = () => heard.push("input");
    input.onResize = () => heard.push("resize");
    port.onReceive();
    port.onResize();
    expect(heard).toEqual(["input", "resize"]);
  });

  test("reads what the chip has, never more than asked for, and takes nothing that is not there", () => {
    const input = new SerialConsole(bus, port, "input");
    expect(text(input.read(10))).toBe("");
    chip.received.push(...Buffer.from("typed"));
    expect([text(input.read(0)), text(input.read(3)), text(input.read(10)), text(input.read(10))]).toEqual([
      ...["", "typ", "ed", ""],
    ]);
  });

  test("ends when the other end has and all that it sent is read", () => {
    const input = new SerialConsole(bus, port, "input");
    chip.received.push(65);
    port.isOver = true;
    expect([text(input.read(5)), input.read(5), text(input.read(0))]).toEqual(["A", undefined, ""]);
  });
});

describe("the sending direction", () => {
  test("leaves the events and registers of the port to the other one", () => {
    const { onReceive } = port;
    new SerialConsole(bus, port, "output");
    expect([chip.stores, port.onReceive]).toEqual([[], onReceive]);
  });

  test("sends every byte, in order", () => {
    const output = new SerialConsole(bus, port, "output");
    const bytes = Uint8Array.from({ length: 300 }, (_, i) => i & 0xff);
    output.write(bytes);
    output.write(new Uint8Array(0));
    expect(chip.sent).toEqual([...bytes]);
  });
});

test("a direction is a terminal where a person sits at it, as large as that is just now", () => {
  port.inputTerminal = true;
  const [input, output] = [new SerialConsole(bus, port, "input"), new SerialConsole(bus, port, "output")];
  expect([input.terminal, output.terminal]).toEqual([true, false]);
  expect([input.rows, input.columns]).toEqual([24, 80]);
  port.dimensions = { rows: 50, columns: 132 };
  expect([input.rows, input.columns, output.rows]).toEqual([50, 132, 50]);
});

test("where there is no serial port, that is said", () => {
  expect(() => new SerialConsole(bus, new Port(0x2000_0000), "input")).toThrow(
    /no serial port at 0x20000000/,
  );
});

test("the library has input and output at the first port, errors at the second", () => {
  const second = new Port(OTHER);
  const given = { bus, consoles: [port, second] } as unknown as Platform;
  const ports = new Kernel({} as Hart, [rkplat(given), rkconsole]).use(consolePorts);
  chip.received.push(66);
  expect(text(ports.input.read(1))).toBe("B");
  ports.output.write(Uint8Array.of(1));
  ports.error.write(Uint8Array.of(2));
  expect([chip.sent, other.sent, other.stores]).toEqual([[1], [2], []]);
});
