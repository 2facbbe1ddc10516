import type { Bus, Device } from "../../memory/bus.ts";
import { hex } from "../../messages/hex.ts";

const MTIMECMP = 0x4000;
const MTIME = 0xbff8;
const WORD = 0x1_0000_0000;
/** In both halves: never. In the upper one alone: far away, while the lower one is set. */
const LAST = 0xffff_ffff;

/** The kernel's driver of the CLINT's clock and of hart 0's timer, in nanoseconds. */
export class ClintDriver {
  private readonly device: Device;
  private readonly tick: number;

  constructor(bus: Bus, base: number, nanosecondsPerTick: number) {
    const window = bus.find(base, MTIME + 8);
    if (!window) throw new RangeError(`no CLINT at ${hex(base)}`);
    this.device = window.device;
    this.tick = nanosecondsPerTick;
  }

  /** Nanoseconds since boot. The halves are read until the upper one stands still. */
  now(): number {
    for (;;) {
      const high = this.device.load(MTIME + 4, 4);
      const low = this.device.load(MTIME, 4);
      if (this.device.load(MTIME + 4, 4) === high) return (high * WORD + low) * this.tick;
    }
  }

  /** The timer interrupt comes once `now` is `deadline`; Infinity: never. */
  setTimer(deadline: number): void {
    const never = deadline === Number.POSITIVE_INFINITY;
    const ticks = never ? 0 : Math.ceil(deadline / this.tick);
    this.device.store(MTIMECMP + 4, 4, LAST);
    this.device.store(MTIMECMP, 4, never ? LAST : ticks % WORD);
    if (!never) this.device.store(MTIMECMP + 4, 4, Math.floor(ticks / WORD));
  }
}
