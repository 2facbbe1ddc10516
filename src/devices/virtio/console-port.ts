import type { HostWork } from "../host-work.ts";
import { flag, listOf, oneOf, record, type Shaped, u16 } from "../state-shape.ts";
import type { VirtioLink, Virtqueue } from "./device.ts";

/** Events of the control queues (VIRTIO 1.2, section 5.3.6.2). */
export const Control = {
  deviceReady: 0,
  portAdd: 1,
  portReady: 3,
  consolePort: 4,
  resize: 5,
  portOpen: 6,
  portName: 7,
} as const;

/** The order in which a driver wants to be told. */
const ORDER = [Control.portAdd, Control.consolePort, Control.portName, Control.portOpen, Control.resize];
const HEADER_SIZE = 8;
export const PORT_QUEUE_SIZE = 128;
/** What Linux sends at most with one buffer is a pipe: 1 MiB. More is no driver's wish. */
const LONGEST_CHAIN = 1 << 20;

/** What a port of the console device is connected to. */
export interface PortOptions {
  /** The guest's name for it: Linux puts it under `/dev/virtio-ports`. */
  readonly name: string;
  /** A console of the guest's operating system, not a channel to a program. */
  readonly isConsole: boolean;
  /** Takes bytes from the guest. Where no more may follow at once it returns a promise, which resolves when they may. */
  readonly send: (bytes: Uint8Array) => Promise<void> | undefined;
}

export const PORT_STATE = record({
  isReady: flag,
  isOpen: flag,
  untold: listOf(oneOf(...ORDER), 0, ORDER.length),
  columns: u16,
  rows: u16,
});
export type PortState = Shaped<typeof PORT_STATE>;

/** What a port needs of its device. */
export interface PortPlace {
  readonly id: number;
  /** Undefined where the driver does not know this port. */
  queues(): { readonly receive: Virtqueue; readonly transmit: Virtqueue } | undefined;
  /** The driver knows control messages. */
  hasControl(): boolean;
  /** There is something untold. */
  tell(): void;
  resized(): void;
  fail: VirtioLink["fail"];
}

/** One port of the console device: bytes in both directions. */
export class ConsolePort {
  /** `receive` may take more than it last did. */
  onRoom: () => void = () => {};
  readonly name: string;
  readonly isConsole: boolean;
  private readonly send: PortOptions["send"];
  private readonly place: PortPlace;
  private readonly work: HostWork;
  private columns = 0;
  private rows = 0;
  private isReady = false;
  private openedByGuest = false;
  /** The host cannot take more. */
  private isBusy = false;
  /** Events that the driver is to be told: each once, however often it asks. */
  private readonly untold = new Set<number>();

  constructor({ name, isConsole, send }: PortOptions, place: PortPlace, work: HostWork) {
    this.name = name;
    this.isConsole = isConsole;
    this.send = send;
    this.place = place;
    this.work = work;
  }

  /** Somebody in the guest reads what is sent here. */
  get isOpen(): boolean {
    return this.openedByGuest || !this.place.hasControl();
  }

  /** Sends bytes to the guest; returns how many there was room for. */
  receive(bytes: Uint8Array): number {
    const queue = this.isOpen ? this.place.queues()?.receive : undefined;
    let taken = 0;
    for (let i = 0; taken < bytes.length && queue && !queue.isEmpty && i < PORT_QUEUE_SIZE; i++) {
      const chain = queue.pop();
      if (!chain) break;
      const count = chain.write(0, bytes.subarray(taken));
      queue.push(chain, count);
      taken += count;
    }
    return taken;
  }

  /** The terminal at the other end has this size now, in characters; at first it is not known. */
  resize(columns: number, rows: number): void {
    if (columns === this.columns && rows === this.rows) return;
    this.columns = columns;
    this.rows = rows;
    if (this.isReady && this.isConsole) {
      this.untold.add(Control.resize);
      this.place.tell();
    }
    this.place.resized();
  }

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.columns, rows: this.rows };
  }

  /** The guest has put something into the queue of what it sends. */
  transmit(): void {
    const queue = this.place.queues()?.transmit;
    for (let i = 0; !this.isBusy && queue && !queue.isEmpty && i < PORT_QUEUE_SIZE; i++) {
      const chain = queue.pop();
      if (!chain) return;
      if (chain.readable > LONGEST_CHAIN) {
        this.place.fail();
        return;
      }
      this.forward(chain.read(0, chain.readable), () => queue.push(chain, 0));
    }
  }

  /** A byte without a queue (section 5.3.4): lost where the host cannot take it. */
  emergencyWrite(byte: number): void {
    if (!this.isBusy) this.forward(Uint8Array.of(byte), () => {});
  }

  reset(): void {
    this.isReady = false;
    this.openedByGuest = false;
    this.untold.clear();
  }

  /** The driver asks for the device's ports. */
  announce(): void {
    this.reset();
    this.untold.add(Control.portAdd);
  }

  /** A message of the driver about this port. */
  control(event: number, value: number): void {
    if (event === Control.portOpen) this.openedByGuest = value !== 0;
    else if (event === Control.portReady) {
      this.isReady = value !== 0;
      if (!this.isReady) return;
      this.untold.add(Control.portName).add(Control.portOpen);
      if (this.isConsole) this.untold.add(Control.consolePort);
      if (this.isConsole && this.columns > 0) this.untold.add(Control.resize);
    }
  }

  /** The next message for the driver. */
  takeMessage(): Uint8Array | undefined {
    const event = ORDER.find((e) => this.untold.has(e));
    if (event === undefined) return undefined;
    this.untold.delete(event);
    const name = new TextEncoder().encode(this.name);
    const more = event === Control.portName ? name.length : event === Control.resize ? 4 : 0;
    const bytes = new Uint8Array(HEADER_SIZE + more);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, this.place.id, true);
    view.setUint16(4, event, true);
    view.setUint16(6, 1, true);
    if (event === Control.portName) bytes.set(name, HEADER_SIZE);
    if (event === Control.resize) {
      view.setUint16(HEADER_SIZE, this.columns, true);
      view.setUint16(HEADER_SIZE + 2, this.rows, true);
    }
    return bytes;
  }

  get hasMessage(): boolean {
    return this.untold.size > 0;
  }

  save(): PortState {
    const { isReady, openedByGuest: isOpen, columns, rows } = this;
    return { isReady, isOpen, untold: ORDER.filter((event) => this.untold.has(event)), columns, rows };
  }

  restore(state: PortState): void {
    this.isReady = state.isReady;
    this.openedByGuest = state.isOpen;
    this.columns = state.columns;
    this.rows = state.rows;
    this.untold.clear();
    for (const event of state.untold) this.untold.add(event);
  }

  private forward(bytes: Uint8Array, done: () => void): void {
    const waiting = this.send(bytes);
    if (!waiting) {
      done();
      return;
    }
    this.isBusy = true;
    const goOn = (): void => {
      this.isBusy = false;
      done();
      this.transmit();
    };
    this.work.follow(waiting, goOn, goOn);
  }
}
