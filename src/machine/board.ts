import { Interrupt } from "../cpu/csr-state.ts";
import { Engine } from "../cpu/engine.ts";
import { Hart } from "../cpu/hart.ts";
import type { JitMode } from "../cpu/jit/jit.ts";
import type { MakeTranslator } from "../cpu/jit/translator.ts";
import { HART_BLOCK_SIZE } from "../cpu/layout.ts";
import { Clint } from "../devices/clint.ts";
import type { InterruptLine } from "../devices/interrupt-line.ts";
import { Plic } from "../devices/plic.ts";
import { GoldfishRtc } from "../devices/rtc.ts";
import type { Stateful } from "../devices/state.ts";
import { anything, bytes, listOf, must, record, type Shaped, u64 } from "../devices/state-shape.ts";
import { Syscon, type SysconEvent } from "../devices/syscon.ts";
import { Uart } from "../devices/uart.ts";
import type { VirtioDevice } from "../devices/virtio/device.ts";
import { VirtioMmio } from "../devices/virtio/mmio.ts";
import { Arena } from "../memory/arena.ts";
import { Bus, type Device } from "../memory/bus.ts";
import { Dma } from "../memory/dma.ts";
import { PhysicalMemory } from "../memory/physical-memory.ts";
import { HostClock, type HostTime, VirtualClock } from "./clock.ts";
import { HartScheduler, LONGEST_TURN, MOST_HARTS, SCHEDULER_STATE } from "./hart-scheduler.ts";

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

/** Boot time of a machine in virtual time, nanoseconds since 1970: 2024-01-01 00:00:00 UTC. */
const FIXED_EPOCH = 1_704_067_200_000_000_000n;
const NANOSECONDS_PER_TICK = 100n;
/** The status register of a virtio slot: writing 0 resets the device (VIRTIO 1.2, section 4.2.2). */
const VIRTIO_STATUS = 0x70;

export interface BoardOptions {
  /** RAM of its own, in whole pages; or another board's, forked. */
  readonly ram: number | PhysicalMemory;
  /** 1 to 8; default 1. */
  readonly harts?: number;
  /** Bytes that the serial port sends. */
  readonly print: (bytes: Uint8Array) => void;
  /** Time is the host's. Absent: virtual time, from retired instructions. */
  readonly time?: HostTime;
  /** What is in the virtio slots, by number. Default: nothing. */
  readonly virtio?: readonly (VirtioDevice | undefined)[];
  /** 1: legacy. Default 2. */
  readonly virtioVersion?: 1 | 2;
  /** Offer packed rings. */
  readonly packedRings?: boolean;
  readonly jit?: JitMode;
  /** See `EngineOptions`. */
  readonly translator?: MakeTranslator;
  /** The guest switches the machine off or resets it. */
  readonly onPower?: (event: SysconEvent) => void;
  /** Something happened, while no hart was running, that a waiting hart may have waited for. */
  readonly onWake?: () => void;
}

/** A board's state, RAM aside. */
export const BOARD_STATE = record({
  harts: listOf(bytes(HART_BLOCK_SIZE), 1, MOST_HARTS),
  scheduler: SCHEDULER_STATE,
  ticks: u64,
  devices: record({ clint: anything, plic: anything, uart: anything, rtc: anything }),
  virtio: listOf(anything, ADDRESS_MAP.virtio.slots),
});
export type BoardSave = Shaped<typeof BOARD_STATE>;

/** Why `Board.run` returned. */
export type BoardState =
  /** The instructions given to it are spent, or a slice is over. */
  | "ran"
  /** Every hart waits for an interrupt. */
  | "waiting";

/** The hardware: harts, RAM and devices, laid out like QEMU's `virt` board. */
export class Board {
  readonly ram: PhysicalMemory;
  readonly bus: Bus;
  readonly dma: Dma;
  readonly engine: Engine;
  readonly harts: readonly Hart[];
  readonly clock: VirtualClock | HostClock;
  readonly clint: Clint;
  readonly plic: Plic;
  readonly uart: Uart;
  readonly rtc: GoldfishRtc;
  readonly syscon: Syscon;
  /** One a slot, empty slots too. */
  readonly virtio: readonly VirtioMmio[];
  /** What the last `run` spent, as `Hart.spent`. */
  spent = 0;
  /** What has state, virtio slots aside. */
  private readonly devices: { readonly [name in keyof BoardSave["devices"]]: Stateful };
  private readonly outOfReset: BoardSave["devices"];
  private readonly scheduler: HartScheduler;
  private readonly print: (bytes: Uint8Array) => void;
  private readonly wake: () => void;
  private readonly printed: number[] = [];
  private isRunning = false;

  constructor(options: BoardOptions) {
    const { ram, harts = 1, time, virtio = [], virtioVersion = 2, packedRings = false } = options;
    this.print = options.print;
    this.wake = options.onWake ?? (() => {});
    this.ram = typeof ram === "number" ? new PhysicalMemory(new Arena(), ADDRESS_MAP.ram.base, ram) : ram;
    const { arena } = this.ram;
    this.bus = new Bus(this.ram);
    const engine = new Engine(this.ram, { jit: options.jit, translator: options.translator });
    this.engine = engine;
    this.dma = new Dma(this.ram, (page) => engine.code.invalidate(page));
    this.harts = Array.from({ length: harts }, (_, id) => new Hart(id, arena, this.bus, engine));
    this.scheduler = new HartScheduler(this.harts, !time);
    this.clock = time ? new HostClock(() => time.milliseconds()) : new VirtualClock(() => this.retired);
    this.clint = new Clint(this.harts, this.clock, (hart) => this.signal(hart));
    this.clint.onTimerSet = () => this.scheduler.endTurn(this.untilTimer());
    this.plic = new Plic(this.harts.flatMap((hart) => this.externalLines(hart)));
    this.uart = new Uart((byte) => this.printed.push(byte), this.plic.input(ADDRESS_MAP.uart.interrupt));
    const now = time ? () => time.now() : () => FIXED_EPOCH + this.clock.ticks() * NANOSECONDS_PER_TICK;
    this.rtc = new GoldfishRtc(now, this.plic.input(ADDRESS_MAP.rtc.interrupt));
    this.syscon = new Syscon((event) => {
      this.scheduler.endTurn();
      options.onPower?.(event);
    });
    this.virtio = Array.from({ length: ADDRESS_MAP.virtio.slots }, (_, slot) => {
      const interrupt = this.plic.input(ADDRESS_MAP.virtio.interrupt + slot);
      const rings = { version: virtioVersion, packed: packedRings };
      return new VirtioMmio({ device: virtio[slot], memory: this.dma, interrupt, ...rings });
    });
    this.attachDevices();
    const { clint, plic, uart, rtc } = this;
    this.devices = { clint, plic, uart, rtc };
    this.outOfReset = this.save().devices;
  }

  /** Instructions retired by all harts. */
  get retired(): number {
    let sum = 0;
    for (const hart of this.harts) sum += hart.retired;
    return sum;
  }

  /** No hart is in the middle of its turn: what arrived from outside may be brought in. */
  get isBetweenTurns(): boolean {
    return this.scheduler.isBetweenTurns;
  }

  /** Runs until `instructions` are spent, a slice is over or a hart's turn is, or every hart waits. */
  run(instructions: number): BoardState {
    // In the middle of a turn they would see another time than where the turn is run in one piece.
    if (this.isBetweenTurns) {
      this.clint.update();
      this.rtc.update();
    }
    this.isRunning = true;
    const ran = this.scheduler.run(instructions, this.untilTimer());
    this.isRunning = false;
    this.spent = this.scheduler.spent;
    this.flushPrinted();
    return ran ? "ran" : "waiting";
  }

  /** Hands over what the serial port has sent in the slice that is going on, before something else is printed. */
  flushPrinted(): void {
    if (this.printed.length > 0) this.print(Uint8Array.from(this.printed.splice(0)));
  }

  /** The turn that is being run ends when its hart next leaves its instructions: at a store to a device, a trap or a CSR. */
  endTurn(): void {
    this.scheduler.endTurn();
  }

  /** Ticks until a timer or an alarm goes off; undefined where none is set. */
  get ticksToEvent(): bigint | undefined {
    const timer = this.clint.ticksToRise;
    const alarm = this.rtc.nanosecondsToAlarm;
    if (alarm === undefined) return timer;
    const ticks = (alarm + NANOSECONDS_PER_TICK - 1n) / NANOSECONDS_PER_TICK;
    return timer === undefined || ticks < timer ? ticks : timer;
  }

  /** Everything as out of reset but RAM and time. */
  reset(): void {
    for (const hart of this.harts) hart.reset();
    this.restoreDevices(this.outOfReset);
    for (const slot of this.virtio) slot.store(VIRTIO_STATUS, 4, 0);
    this.engine.code.flush();
    this.scheduler.reset();
  }

  /** Everything but RAM. To be called between turns, with no host work under way. */
  save(): BoardSave {
    return {
      harts: this.harts.map((hart) => hart.save()),
      scheduler: this.scheduler.save(),
      ticks: this.clock.ticks(),
      devices: {
        clint: this.clint.save(),
        plic: this.plic.save(),
        uart: this.uart.save(),
        rtc: this.rtc.save(),
      },
      virtio: this.virtio.map((slot) => slot.save()),
    };
  }

  /**
   * Becomes the board that `save` was asked of, which was made of the same parts; its RAM has to be that one's, too. Throws
   * `BadState` or `RangeError` where it was of none.
   */
  restore({ harts, scheduler, ticks, devices, virtio }: BoardSave): void {
    must(harts.length === this.harts.length);
    this.engine.code.flush();
    this.harts.forEach((hart, i) => {
      hart.restore(harts[i]);
    });
    this.scheduler.restore(scheduler);
    this.clock.set(ticks);
    this.restoreDevices(devices);
    this.virtio.forEach((slot, i) => {
      slot.restore(virtio[i]);
    });
  }

  /** Gives all of its memory back to the family's arena. It must not be used afterwards. */
  release(): void {
    this.engine.release();
    for (const hart of this.harts) hart.release();
    this.ram.release();
  }

  private restoreDevices(saved: BoardSave["devices"]): void {
    this.devices.clint.restore(saved.clint);
    this.devices.plic.restore(saved.plic);
    this.devices.uart.restore(saved.uart);
    this.devices.rtc.restore(saved.rtc);
  }

  private signal(hart: number): void {
    this.scheduler.signal(hart);
    if (!this.isRunning) this.wake();
  }

  /** The lines from the PLIC to a hart's M-mode and S-mode. */
  private externalLines(hart: Hart): InterruptLine[] {
    return [Interrupt.machineExternal, Interrupt.supervisorExternal].map((interrupt) => (high) => {
      hart.csrs.setLine(interrupt, high);
      if (high) this.signal(hart.id);
    });
  }

  private attachDevices(): void {
    const { syscon, rtc, clint, plic, uart, virtio } = ADDRESS_MAP;
    const attach = ({ base, size }: { base: number; size: number }, device: Device) =>
      this.bus.attach(base, size, device);
    attach(syscon, this.syscon);
    attach(rtc, this.rtc);
    attach(clint, this.clint);
    attach(plic, this.plic);
    attach(uart, this.uart);
    this.virtio.forEach((slot, i) => {
      this.bus.attach(virtio.base + i * virtio.size, virtio.size, slot);
    });
  }

  private untilTimer(): number {
    const ticks = this.ticksToEvent;
    if (ticks === undefined || ticks === 0n) return LONGEST_TURN;
    return Math.min(LONGEST_TURN, this.clock.instructionsFor(ticks));
  }
}
