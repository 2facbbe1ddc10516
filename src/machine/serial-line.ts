import { Uart } from "../devices/uart.ts";
import type { SerialPort } from "../kernel/rkplat/platform.ts";
import type { Device } from "../memory/bus.ts";
import type { HostConsole, HostInput, HostOutput } from "./host-console.ts";

const LINE_STATUS = 5;
const BUFFER = 8192;

/** A UART with the host at its other end. What it sends is kept until `flush`, or until there is much of it. */
export class SerialLine implements Device, SerialPort {
  readonly name = "uart";
  readonly base: number;
  readonly inputTerminal: boolean;
  readonly outputTerminal: boolean;
  readonly size: SerialPort["size"];
  onReceive: () => void = () => {};
  onResize: () => void = () => {};
  /** Called before this line sends after the other was silent, so that their outputs keep their order. */
  onSend: () => void = () => {};
  private readonly uart: Uart;
  private readonly input: HostInput | undefined;
  private readonly output: HostOutput;
  private readonly buffer = new Uint8Array(BUFFER);
  private buffered = 0;
  private inputEnded = false;
  /** The driver is reading: it will see what is received meanwhile. */
  private beingRead = false;

  /** Without `input` nothing is ever received. */
  constructor(base: number, input: HostInput | undefined, output: HostOutput, console: HostConsole) {
    this.base = base;
    this.input = input;
    this.output = output;
    this.inputTerminal = input?.terminal ?? false;
    this.outputTerminal = output.terminal;
    this.size = () => console.size();
    this.uart = new Uart(
      (byte) => this.keep(byte),
      () => {},
    );
  }

  ended = (): boolean => this.inputEnded || !this.input;

  /** Looking for input is what brings it: a program that never reads leaves the host's input to others. */
  load(offset: number, _size: 1 | 2 | 4): number {
    if (offset === LINE_STATUS && this.uart.isDrained) {
      this.beingRead = true;
      this.pump();
      this.beingRead = false;
    }
    return this.uart.load(offset);
  }

  store(offset: number, size: 1 | 2 | 4, value: number): void {
    this.uart.store(offset, size, value);
  }

  /** Moves bytes from the host into the UART while it has room. */
  pump(): void {
    if (!this.input || this.inputEnded) return;
    const room = this.uart.room;
    if (room === 0) return;
    const bytes = this.input.read(room);
    if (!bytes) this.inputEnded = true;
    else for (const byte of bytes) this.uart.receive(byte);
    if (!this.beingRead && (!bytes || bytes.length > 0)) this.onReceive();
  }

  /** Gives the host what was sent. */
  flush(): void {
    if (this.buffered === 0) return;
    const count = this.buffered;
    this.buffered = 0;
    this.output.write(this.buffer.subarray(0, count));
  }

  private keep(byte: number): void {
    if (this.buffered === 0) this.onSend();
    this.buffer[this.buffered++] = byte;
    if (this.buffered === BUFFER) this.flush();
  }
}
