import type { Device } from "../memory/bus.ts";
import type { InterruptLine } from "./interrupt-line.ts";
import type { Stateful } from "./state.ts";
import { flag, i64, record, type Shaped, u32, u64 } from "./state-shape.ts";

const Register = {
  timeLow: 0x00,
  timeHigh: 0x04,
  alarmLow: 0x08,
  alarmHigh: 0x0c,
  interruptEnabled: 0x10,
  clearAlarm: 0x14,
  alarmStatus: 0x18,
  clearInterrupt: 0x1c,
} as const;

const STATE = record({
  offset: i64,
  latchedHigh: u32,
  alarm: u64,
  isArmed: flag,
  isPending: flag,
  isEnabled: flag,
});
type GoldfishRtcState = Shaped<typeof STATE>;

/** `old` with its low or high 32 bits replaced. */
function withHalf(old: bigint, half: "low" | "high", value: number): bigint {
  return half === "low"
    ? ((old >> 32n) << 32n) | BigInt(value)
    : (BigInt(value) << 32n) | (old & 0xffff_ffffn);
}

/**
 * The Goldfish real-time clock (Android's "Goldfish virtual hardware" document): nanoseconds since 1970, and an alarm.
 * Registers are 4 bytes wide; everything else reads as zero and writes nothing.
 *
 *     0x00  TIME_LOW         reading latches the high half; writing sets the low half of the time
 *     0x04  TIME_HIGH        the half that was latched; writing sets the high half of the time
 *     0x08  ALARM_LOW        writing arms the alarm: write the high half first
 *     0x0c  ALARM_HIGH
 *     0x10  IRQ_ENABLED      bit 0
 *     0x14  CLEAR_ALARM      writing anything disarms it
 *     0x18  ALARM_STATUS     1 while armed
 *     0x1c  CLEAR_INTERRUPT  writing anything lowers the line
 *
 * An armed alarm goes off when `update` is called at its time or later: the machine does so between its slices.
 */
export class GoldfishRtc implements Device, Stateful<GoldfishRtcState> {
  readonly name = "rtc";
  private readonly now: () => bigint;
  private readonly line: InterruptLine;
  /** The time shown minus `now`: software may set the time. */
  private offset = 0n;
  private latchedHigh = 0;
  private alarm = 0n;
  private isArmed = false;
  private isPending = false;
  private isEnabled = false;

  /** `now`: nanoseconds since 1970. */
  constructor(now: () => bigint, line: InterruptLine) {
    this.now = now;
    this.line = line;
  }

  /** Until the alarm goes off: 0 where it is due, undefined where none is armed. */
  get nanosecondsToAlarm(): bigint | undefined {
    if (!this.isArmed) return undefined;
    const { time } = this;
    return this.alarm > time ? this.alarm - time : 0n;
  }

  /** Sets off an alarm that is due. */
  update(): void {
    if (!this.isArmed || this.alarm > this.time) return;
    this.isArmed = false;
    this.isPending = true;
    this.updateInterrupt();
  }

  load(offset: number, size: 1 | 2 | 4): number {
    if (size !== 4) return 0;
    switch (offset) {
      case Register.timeLow: {
        const { time } = this;
        this.latchedHigh = Number(time >> 32n);
        return Number(time & 0xffff_ffffn);
      }
      case Register.timeHigh:
        return this.latchedHigh;
      case Register.alarmLow:
        return Number(this.alarm & 0xffff_ffffn);
      case Register.alarmHigh:
        return Number(this.alarm >> 32n);
      case Register.interruptEnabled:
        return Number(this.isEnabled);
      case Register.alarmStatus:
        return Number(this.isArmed);
    }
    return 0;
  }

  store(offset: number, size: 1 | 2 | 4, value: number): void {
    if (size !== 4) return;
    switch (offset) {
      case Register.timeLow:
        this.time = withHalf(this.time, "low", value);
        break;
      case Register.timeHigh:
        this.time = withHalf(this.time, "high", value);
        break;
      case Register.alarmLow:
        this.alarm = withHalf(this.alarm, "low", value);
        this.isArmed = true;
        this.update();
        break;
      case Register.alarmHigh:
        this.alarm = withHalf(this.alarm, "high", value);
        break;
      case Register.interruptEnabled:
        this.isEnabled = (value & 1) !== 0;
        this.updateInterrupt();
        break;
      case Register.clearAlarm:
        this.isArmed = false;
        break;
      case Register.clearInterrupt:
        this.isPending = false;
        this.updateInterrupt();
        break;
    }
  }

  save(): GoldfishRtcState {
    const { offset, latchedHigh, alarm, isArmed, isPending, isEnabled } = this;
    return { offset, latchedHigh, alarm, isArmed, isPending, isEnabled };
  }

  restore(saved: GoldfishRtcState): void {
    const state = STATE(saved);
    this.offset = state.offset;
    this.latchedHigh = state.latchedHigh;
    this.alarm = state.alarm;
    this.isArmed = state.isArmed;
    this.isPending = state.isPending;
    this.isEnabled = state.isEnabled;
  }

  private get time(): bigint {
    return BigInt.asUintN(64, this.now() + this.offset);
  }

  private set time(value: bigint) {
    this.offset = BigInt.asIntN(64, value - this.now());
  }

  private updateInterrupt(): void {
    this.line(this.isPending && this.isEnabled);
  }
}
