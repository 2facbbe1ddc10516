import { arenaBytesFor } from "../cpu/code-cache.ts";
import { Hart } from "../cpu/hart.ts";
import { Clint, type Clock } from "../devices/clint.ts";
import { Uart } from "../devices/uart.ts";
import { Arena } from "../memory/arena.ts";
import { Bus } from "../memory/bus.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { hostClock, VirtualClock } from "./clock.ts";

/** Physical addresses and interrupt numbers: those of QEMU's `virt` board. */
export const ADDRESS_MAP = {
  syscon: { base: 0x0010_0000, size: 0x1000 },
  rtc: { base: 0x0010_1000, size: 0x1000, interrupt: 11 },
  clint: { base: 0x0200_0000, size: 0x1_0000 },
  plic: { base: 0x0c00_0000, size: 0x60_0000 },
  uart: { base: 0x1000_0000, size: 0x100, interrupt: 10 },
  /** Slot n is `size * n` further on and has interrupt `interrupt + n`. */
  virtio: { base: 0x1000_1000, size: 0x1000, slots: 8, interrupt: 1 },
  ram: { base: 0x8000_0000 },
} as const;

export interface BoardOptions {
  /** Whole pages. */
  readonly ramBytes: number;
  /** Bytes that the guest's console prints. */
  readonly print: (bytes: Uint8Array) => void;
  /** A monotonic host clock in milliseconds: time is the host's. Absent: virtual time. */
  readonly milliseconds?: () => number;
}

/** Why `Board.run` returned. */
export type BoardState =
  /** The instructions given to it are spent. */
  | "limit"
  /** The hart waits for an interrupt that only the outside or (in host time) a timer can raise. */
  | "waiting";

/** Instructions between two looks at the timer and at what arrived from outside. */
const SLICE = 200_000;

/** One hart, RAM, CLINT and UART. */
export class Board {
  readonly ram: PhysicalMemory;
  readonly hart: Hart;
  readonly clint: Clint;
  readonly uart: Uart;
  private readonly virtual: VirtualClock | undefined;
  private readonly input: number[] = [];

  constructor({ ramBytes, print, milliseconds }: BoardOptions) {
    const arena = new Arena(arenaBytesFor(ramBytes));
    this.ram = new PhysicalMemory(arena, ADDRESS_MAP.ram.base, ramBytes);
    const bus = new Bus(this.ram);
    const hart = new Hart(0, arena, bus);
    this.hart = hart;
    this.virtual = milliseconds ? undefined : new VirtualClock(() => hart.retired);
    const clock: Clock = milliseconds ? hostClock(milliseconds) : (this.virtual as VirtualClock);
    this.clint = new Clint([hart], clock);
    this.clint.onTimerSet = () => hart.requestAttention(this.untilTimer());
    this.uart = new Uart(
      (byte) => print(Uint8Array.of(byte)),
      () => {},
    );
    bus.attach(ADDRESS_MAP.clint.base, ADDRESS_MAP.clint.size, this.clint);
    bus.attach(ADDRESS_MAP.uart.base, ADDRESS_MAP.uart.size, this.uart);
  }

  /** Bytes for the guest's console, delivered as its UART has room. */
  type(bytes: Uint8Array): void {
    for (const byte of bytes) this.input.push(byte);
  }

  /**
   * Runs `instructions` instructions at most; `between` is called after every slice and ends the run by returning
   * true.
   */
  run(instructions: number, between: () => boolean): BoardState {
    let left = instructions;
    while (left > 0) {
      this.deliver();
      const result = this.hart.run(Math.min(left, this.untilTimer()));
      left -= this.hart.spent;
      if (between()) break;
      if (result === "wait" && !this.passTime()) return "waiting";
    }
    return "limit";
  }

  private deliver(): void {
    while (this.input.length > 0 && this.uart.room > 0) this.uart.receive(this.input.shift() as number);
    this.clint.update();
  }

  private untilTimer(): number {
    const ticks = this.clint.ticksToTimer;
    if (!this.virtual || ticks === undefined || ticks === 0n) return SLICE;
    return Math.min(SLICE, this.virtual.instructionsFor(ticks));
  }

  /** The hart waits: virtual time goes on to the next timer. False where none is armed. */
  private passTime(): boolean {
    const ticks = this.clint.ticksToTimer;
    if (!this.virtual || ticks === undefined) return this.input.length > 0;
    this.virtual.skip(ticks);
    return true;
  }
}
