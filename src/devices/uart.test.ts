import { beforeEach, describe, expect, test } from "vitest";
import { Uart } from "./uart.ts";

const [DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 3, 4, 5, 6, 7];
const FCR = IIR;

let sent: number[];
let line: boolean;
let uart: Uart;

const makeUart = () =>
  new Uart(
    (byte) => sent.push(byte),
    (high) => {
      line = high;
    },
  );

beforeEach(() => {
  sent = [];
  line = false;
  uart = makeUart();
});

const write = (register: number, value: number) => uart.store(register, 1, value);
const read = (register: number) => uart.load(register);

test("sends what is written, and is always ready for more", () => {
  write(DATA, 0x141);
  write(DATA, 0x42);
  expect(sent).toEqual([0x41, 0x42]);
  expect(read(LSR)).toBe(0x60);
});

test("a driver that probes a 16550A finds one", () => {
  write(SCR, 0xae);
  expect(read(SCR)).toBe(0xae);
  write(IER, 0xff);
  expect(read(IER)).toBe(0x0f);
  write(IER, 0);
  expect(read(IIR)).toBe(0x01);
  write(FCR, 1);
  expect(read(IIR)).toBe(0xc1);
  write(MCR, 0x1a);
  expect(read(MSR) & 0xf0).toBe(0x90);
  write(MCR, 0);
  expect(read(MSR)).toBe(0xb0);
});

test("the divisor stands behind DLAB and sends nothing", () => {
  write(LCR, 0x83);
  write(DATA, 0x12);
  write(IER, 0x34);
  expect([read(DATA), read(IER)]).toEqual([0x12, 0x34]);
  write(LCR, 0x03);
  expect([sent, read(IER), read(LCR)]).toEqual([[], 0, 3]);
});

describe("receiving", () => {
  test("with FIFOs sixteen bytes, in order", () => {
    write(FCR, 1);
    expect(uart.room).toBe(16);
    for (let i = 0; i < 16; i++) uart.receive(i);
    expect(uart.room).toBe(0);
    const got: number[] = [];
    while (read(LSR) & 1) got.push(read(DATA));
    expect(got).toEqual([...Array(16).keys()]);
    expect(read(DATA)).toBe(0);
  });

  test("without FIFOs one byte", () => {
    expect(uart.room).toBe(1);
    uart.receive(7);
    expect(uart.room).toBe(0);
  });

  test("a byte too many is lost and reported once", () => {
    write(IER, 4);
    uart.receive(1);
    uart.receive(2);
    expect([line, read(IIR)]).toEqual([true, 0x06]);
    expect([read(LSR), read(LSR)]).toEqual([0x63, 0x61]);
    expect([read(DATA), line]).toEqual([1, false]);
  });

  test("clearing the FIFO drops what is in it", () => {
    write(FCR, 1);
    uart.receive(1);
    write(FCR, 3);
    expect(read(LSR) & 1).toBe(0);
  });
});

describe("interrupts", () => {
  test("receive: while there is data, by level or as a timeout", () => {
    write(FCR, 0x41);
    write(IER, 1);
    expect(line).toBe(false);
    uart.receive(1);
    expect([line, read(IIR)]).toEqual([true, 0xcc]);
    for (let i = 0; i < 3; i++) uart.receive(i);
    expect(read(IIR)).toBe(0xc4);
    for (let i = 0; i < 4; i++) read(DATA);
    expect([line, read(IIR)]).toEqual([false, 0xc1]);
  });

  test("transmit: on being enabled and after each byte, until IIR is read", () => {
    write(IER, 2);
    expect([line, read(IIR), line, read(IIR)]).toEqual([true, 0x02, false, 0x01]);
    write(DATA, 65);
    expect(line).toBe(true);
    uart.receive(1);
    write(IER, 3);
    expect(read(IIR)).toBe(0x04);
    read(DATA);
    expect([read(IIR), line]).toEqual([0x02, false]);
  });

  test("are off while their bit is clear", () => {
    uart.receive(1);
    write(DATA, 65);
    expect([line, read(IIR)]).toEqual([false, 0x01]);
    write(IER, 1);
    expect(line).toBe(true);
    write(IER, 0);
    expect(line).toBe(false);
  });
});

test("in loopback what is sent comes back and nothing crosses the line", () => {
  write(FCR, 1);
  write(MCR, 0x10);
  expect(uart.room).toBe(0);
  uart.receive(9);
  write(DATA, 65);
  expect([sent, read(DATA), read(LSR)]).toEqual([[], 65, 0x60]);
});

test("no access of any size at any offset throws, or makes it keep more than its FIFO", () => {
  write(FCR, 1);
  write(MCR, 0x10);
  for (let round = 0; round < 100; round++) {
    for (let offset = 0; offset < 0x100; offset++) {
      for (const size of [1, 2, 4] as const) {
        // Loopback stays on, so that what is sent is received.
        const value = (offset === MCR ? 0x10 : (round * 37 + offset * 11) % 251) + (size === 1 ? 0 : 0xff00);
        uart.store(offset, size, value);
        const read = offset === DATA ? 0 : uart.load(offset);
        if (!(read >= 0 && read <= 0xff)) expect.fail(`${read} at ${offset}`);
      }
    }
  }
  expect(uart.save().received.length).toBeLessThanOrEqual(16);
  for (let offset = 8; offset < 0x100; offset++) if (uart.load(offset) !== 0) expect.fail(`${offset}`);
});

test("a saved UART goes on elsewhere, and drives no line on being restored", () => {
  write(LCR, 0x83);
  write(DATA, 0x12);
  write(IER, 0x34);
  write(LCR, 0x03);
  write(FCR, 0x41);
  write(SCR, 0x5a);
  write(IER, 7);
  for (let i = 0; i < 17; i++) uart.receive(i);
  expect(line).toBe(true);
  const saved = structuredClone(uart.save());
  uart = makeUart();
  line = false;
  uart.restore(saved);
  expect([line, uart.room, uart.save()]).toEqual([false, 0, saved]);
  expect([read(IIR), read(LSR), read(IIR), line]).toEqual([0xc6, 0x63, 0xc4, true]);
  for (let i = 0; i < 16; i++) expect(read(DATA)).toBe(i);
  expect([read(IIR), line, read(IIR)]).toEqual([0xc2, false, 0xc1]);
  expect([read(SCR), read(LCR), read(IER)]).toEqual([0x5a, 0x03, 7]);
});

test("tells when the last byte was read", () => {
  let drained = 0;
  uart.onDrained = () => drained++;
  write(FCR, 1);
  uart.receive(1);
  uart.receive(2);
  read(DATA);
  expect(drained).toBe(0);
  read(DATA);
  read(DATA);
  expect(drained).toBe(1);
});
