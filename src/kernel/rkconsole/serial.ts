import type { Bus, Device } from "../../memory/bus.ts";
import { hex } from "../../messages/hex.ts";
import type { SerialPort } from "../rkplat/platform.ts";
import type { ConsolePort } from "./console.ts";

/** Registers of a 16550, and the bits of them that this driver uses. */
const DATA = 0;
const INTERRUPT_ENABLE = 1;
const FIFO_CONTROL = 2;
const LINE_STATUS = 5;
const RECEIVE_INTERRUPT = 1;
const FIFO_ENABLE = 1;
const DATA_READY = 1;

/** One direction of a 16550 on the bus. */
export class SerialConsole implements ConsolePort {
  readonly terminal: boolean;
  onInput: () => void = () => {};
  onResize: () => void = () => {};
  private readonly device: Device;
  private readonly port: SerialPort;

  /** Takes the port's events when `direction` is the one that receives. */
  constructor(bus: Bus, port: SerialPort, direction: "input" | "output") {
    const window = bus.find(port.base, LINE_STATUS + 1);
    if (!window) throw new RangeError(`no serial port at ${hex(port.base)}`);
    this.device = window.device;
    this.port = port;
    this.terminal = direction === "input" ? port.inputTerminal : port.outputTerminal;
    if (direction === "output") return;
    this.device.store(FIFO_CONTROL, 1, FIFO_ENABLE);
    this.device.store(INTERRUPT_ENABLE, 1, RECEIVE_INTERRUPT);
    port.onReceive = () => this.onInput();
    port.onResize = () => this.onResize();
  }

  get rows(): number {
    return this.port.size().rows;
  }

  get columns(): number {
    return this.port.size().columns;
  }

  /** The transmitter of this machine is always empty: no need to look. */
  write(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.device.store(DATA, 1, bytes[i]);
  }

  read(max: number): Uint8Array | undefined {
    const bytes = new Uint8Array(max);
    let count = 0;
    while (count < max && (this.device.load(LINE_STATUS, 1) & DATA_READY) !== 0)
      bytes[count++] = this.device.load(DATA, 1);
    return count === 0 && max > 0 && this.port.ended() ? undefined : bytes.subarray(0, count);
  }
}
