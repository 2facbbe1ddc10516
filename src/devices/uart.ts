import type { Device } from "../memory/bus.ts";
import type { InterruptLine } from "./interrupt-line.ts";
import type { Stateful } from "./state.ts";
import { flag, integer, listOf, oneOf, record, type Shaped, u8, u16 } from "./state-shape.ts";

const Ier = { receive: 1, transmit: 2, lineStatus: 4, modemStatus: 8 } as const;
const Iir = {
  modemStatus: 0x0,
  none: 0x1,
  transmit: 0x2,
  receive: 0x4,
  lineStatus: 0x6,
  timeout: 0xc,
} as const;
const Fcr = { enable: 1, clearReceive: 2 } as const;
const Lsr = { dataReady: 1, overrun: 2, transmitIdle: 0x60 } as const;
const LCR_DLAB = 0x80;
const MCR_LOOPBACK = 0x10;
const FIFO_SIZE = 16;
/** Received bytes that raise an interrupt, by bits 7 and 6 of FCR. */
const TRIGGER_LEVELS = [1, 4, 8, 14];
/** Carrier detect, data set ready and clear to send: there is always somebody at the other end. */
const MSR_CONNECTED = 0xb0;

const STATE = record({
  received: listOf(u8, 0, FIFO_SIZE),
  ier: integer(0, 0xf),
  fcr: u8,
  lcr: u8,
  mcr: integer(0, 0x1f),
  scratch: u8,
  divisor: u16,
  overrun: oneOf<number>(0, Lsr.overrun),
  transmitPending: flag,
});
type UartState = Shaped<typeof STATE>;

/**
 * A 16550A UART. Registers are a byte wide and a byte apart; wider accesses use the lowest byte.
 *
 *     0  RBR (read) received byte      THR (write) byte to send     DLL divisor while LCR.DLAB
 *     1  IER  1 receive, 2 transmit, 4 line status, 8 modem         DLM divisor while LCR.DLAB
 *     2  IIR (read) highest interrupt; 0xc0 with FIFOs on           FCR (write) 1 on, 2 clear, 7-6 trigger level
 *     3  LCR  line format, 7 DLAB
 *     4  MCR  modem lines, 4 loopback
 *     5  LSR  0 data ready, 1 overrun, 5 and 6 transmitter empty
 *     6  MSR  modem lines
 *     7  SCR  scratch
 *
 * Bytes go out at once, at any divisor, so the transmitter is always empty. Received bytes below the trigger
 * level are reported as a character timeout at once.
 */
export class Uart implements Device, Stateful<UartState> {
  readonly name = "uart";
  /** The last byte received was read. */
  onDrained: () => void = () => {};
  private readonly send: (byte: number) => void;
  private readonly setInterrupt: InterruptLine;
  private received: number[] = [];
  private ier = 0;
  private fcr = 0;
  private lcr = 0;
  private mcr = 0;
  private scratch = 0;
  private divisor = 0;
  private overrun = 0;
  private transmitPending = false;

  /** `send`: a byte leaves. */
  constructor(send: (byte: number) => void, setInterrupt: InterruptLine) {
    this.send = send;
    this.setInterrupt = setInterrupt;
  }

  /** Bytes that may be received now without an overrun. */
  get room(): number {
    const looped = (this.mcr & MCR_LOOPBACK) !== 0;
    return looped ? 0 : this.capacity - this.received.length;
  }

  /** Everything received was read. */
  get isDrained(): boolean {
    return this.received.length === 0;
  }

  /** A byte arrives from outside. Check `room` first. */
  receive(byte: number): void {
    if ((this.mcr & MCR_LOOPBACK) === 0) this.accept(byte);
  }

  load(offset: number): number {
    const dlab = (this.lcr & LCR_DLAB) !== 0;
    switch (offset) {
      case 0:
        return dlab ? this.divisor & 0xff : this.takeByte();
      case 1:
        return dlab ? this.divisor >> 8 : this.ier;
      case 2:
        return this.identify();
      case 3:
        return this.lcr;
      case 4:
        return this.mcr;
      case 5:
        return this.lineStatus();
      case 6:
        return this.modemStatus();
      case 7:
        return this.scratch;
    }
    return 0;
  }

  store(offset: number, _size: number, wide: number): void {
    const value = wide & 0xff;
    const dlab = (this.lcr & LCR_DLAB) !== 0;
    switch (offset) {
      case 0:
        if (dlab) this.divisor = (this.divisor & 0xff00) | value;
        else this.transmit(value);
        break;
      case 1:
        if (dlab) this.divisor = (this.divisor & 0xff) | (value << 8);
        else {
          if ((value & ~this.ier & Ier.transmit) !== 0) this.transmitPending = true;
          this.ier = value & 0xf;
        }
        break;
      case 2:
        if ((value & Fcr.clearReceive) !== 0 || ((value ^ this.fcr) & Fcr.enable) !== 0) this.received = [];
        this.fcr = value;
        break;
      case 3:
        this.lcr = value;
        break;
      case 4:
        this.mcr = value & 0x1f;
        break;
      case 7:
        this.scratch = value;
        break;
    }
    this.updateInterrupt();
  }

  save(): UartState {
    const { ier, fcr, lcr, mcr, scratch, divisor, overrun, transmitPending } = this;
    return { received: [...this.received], ier, fcr, lcr, mcr, scratch, divisor, overrun, transmitPending };
  }

  restore(saved: UartState): void {
    const state = STATE(saved);
    this.received = [...state.received];
    this.ier = state.ier;
    this.fcr = state.fcr;
    this.lcr = state.lcr;
    this.mcr = state.mcr;
    this.scratch = state.scratch;
    this.divisor = state.divisor;
    this.overrun = state.overrun;
    this.transmitPending = state.transmitPending;
  }

  private get capacity(): number {
    return (this.fcr & Fcr.enable) !== 0 ? FIFO_SIZE : 1;
  }

  private accept(byte: number): void {
    if (this.received.length < this.capacity) this.received.push(byte);
    else this.overrun = Lsr.overrun;
    this.updateInterrupt();
  }

  private takeByte(): number {
    const byte = this.received.shift();
    this.updateInterrupt();
    if (byte !== undefined && this.isDrained) this.onDrained();
    return byte ?? 0;
  }

  private transmit(byte: number): void {
    this.transmitPending = true;
    if ((this.mcr & MCR_LOOPBACK) !== 0) this.accept(byte);
    else this.send(byte);
  }

  /** Reading LSR clears the overrun. */
  private lineStatus(): number {
    const status = Lsr.transmitIdle | this.overrun | (this.received.length > 0 ? Lsr.dataReady : 0);
    if (this.overrun !== 0) {
      this.overrun = 0;
      this.updateInterrupt();
    }
    return status;
  }

  /** In loopback MCR's DTR, RTS, OUT1 and OUT2 appear as DSR, CTS, RI and DCD. */
  private modemStatus(): number {
    if ((this.mcr & MCR_LOOPBACK) === 0) return MSR_CONNECTED;
    const { mcr } = this;
    return ((mcr & 1) << 5) | ((mcr & 2) << 3) | ((mcr & 4) << 4) | ((mcr & 8) << 4);
  }

  /** The interrupt of highest priority. */
  private pendingInterrupt(): number {
    const count = this.received.length;
    if ((this.ier & Ier.lineStatus) !== 0 && this.overrun !== 0) return Iir.lineStatus;
    if ((this.ier & Ier.receive) !== 0 && count > 0) {
      const byLevel = (this.fcr & Fcr.enable) === 0 || count >= TRIGGER_LEVELS[this.fcr >> 6];
      return byLevel ? Iir.receive : Iir.timeout;
    }
    if ((this.ier & Ier.transmit) !== 0 && this.transmitPending) return Iir.transmit;
    return Iir.none;
  }

  /** Reading IIR acknowledges the transmitter's interrupt where that is the one shown. */
  private identify(): number {
    const pending = this.pendingInterrupt();
    if (pending === Iir.transmit) {
      this.transmitPending = false;
      this.updateInterrupt();
    }
    return pending | ((this.fcr & Fcr.enable) !== 0 ? 0xc0 : 0);
  }

  private updateInterrupt(): void {
    this.setInterrupt(this.pendingInterrupt() !== Iir.none);
  }
}
