import { type Api, api } from "../library.ts";
import { Capability } from "../rkprocess/capabilities.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { time } from "../rktime/time.ts";
import { errno } from "../syscalls/errno.ts";
import { partial, type SyscallRow } from "../syscalls/row.ts";

/** `modes` of `struct timex` (linux/timex.h). */
const ADJ = {
  OFFSET: 1,
  FREQUENCY: 2,
  MAXERROR: 4,
  ESTERROR: 8,
  STATUS: 0x10,
  TIMECONST: 0x20,
  TAI: 0x80,
  SETOFFSET: 0x100,
  MICRO: 0x1000,
  NANO: 0x2000,
  TICK: 0x4000,
  /** With OFFSET: `adjtime`; NANO then says that it only asks. */
  ADJTIME: 0x8000,
} as const;

const STA_UNSYNC = 0x40;
const STA_CLOCKERR = 0x1000;
const STA_NANO = 0x2000;
/** Bits of the status that only the clock sets. */
const STA_RONLY = 0xff00;
const TIME_OK = 0;
const TIME_ERROR = 5;

/** 500 parts in a million, with 16 bits behind the point; 16 s in microseconds. */
const MOST_FREQUENCY = 32_768_000;
/** What Linux can reckon with. */
const FREQUENCY_RANGE = 140_737_488_355;
const MOST_ERROR = 16_000_000;
const MOST_CONSTANT = 10;
const MOST_TAI = 100_000;
/** Microseconds of a tick of 1/100 s. */
const [LEAST_TICK, MOST_TICK] = [9000, 11_000];
const SECOND = 1_000_000_000n;
/** No clock is set beyond that (some 270 years from 1970). */
const LATEST = 2n ** 33n * SECOND;

/** What a program that keeps the time has said of the clock. It is kept and told; the clock goes as the host's does. */
export class ClockAdjustment {
  frequency = 0;
  maxError = MOST_ERROR;
  estimatedError = MOST_ERROR;
  status = STA_UNSYNC;
  constant = 2;
  tick = 10_000;
  tai = 0;
}

export const clockAdjustment: Api<ClockAdjustment> = api("posix-time-adjustment");

const within = (value: number, least: number, most: number) => Math.max(least, Math.min(most, value));

/**
 * `struct timex`, 208 bytes: 0 modes, 8 offset, 16 freq, 24 maxerror, 32 esterror, 40 status, 48 constant, 56 precision,
 * 64 tolerance, 72 time, 88 tick, 160 tai; between and behind them what a pulse per second would have.
 */
function adjust(thread: Thread, at: number): number {
  const { memory, kernel } = thread;
  const modes = memory.readI32(at);
  const state = kernel.use(clockAdjustment);
  const refused = refusal(thread, at, modes);
  if (refused < 0) return refused;
  const clock = kernel.use(time);
  const shift = shiftOf(thread, at, modes);
  if (shift !== 0n) {
    const moved = clock.realtime() + shift;
    if (moved < 0n || moved > LATEST) return -errno.EINVAL;
    clock.setRealtime(moved);
  }
  if (!(modes & ADJ.ADJTIME)) change(thread, at, modes, state);
  memory.writeWord(at + 8, 0);
  memory.writeWord(at + 16, state.frequency);
  memory.writeWord(at + 24, state.maxError);
  memory.writeWord(at + 32, state.estimatedError);
  memory.writeU32(at + 40, state.status);
  memory.writeWord(at + 48, state.constant);
  memory.writeWord(at + 56, 1);
  memory.writeWord(at + 64, MOST_FREQUENCY);
  const now = clock.realtime();
  memory.writeU64(at + 72, now / SECOND);
  memory.writeU64(at + 80, state.status & STA_NANO ? now % SECOND : (now % SECOND) / 1000n);
  memory.writeWord(at + 88, state.tick);
  memory.fill(at + 96, 64, 0);
  memory.writeU32(at + 160, state.tai);
  memory.fill(at + 164, 44, 0);
  return state.status & (STA_UNSYNC | STA_CLOCKERR) ? TIME_ERROR : TIME_OK;
}

/** Linux's `timekeeping_validate_timex`. */
function refusal({ memory, process }: Thread, at: number, modes: number): number {
  const maySet = process.credentials.has(Capability.setTime);
  if (modes & ADJ.ADJTIME) {
    if (!(modes & ADJ.OFFSET)) return -errno.EINVAL;
    return maySet || modes & ADJ.NANO ? 0 : -errno.EPERM;
  }
  if (modes !== 0 && !maySet) return -errno.EPERM;
  if (modes & ADJ.FREQUENCY && Math.abs(memory.readWord(at + 16)) > FREQUENCY_RANGE) return -errno.EINVAL;
  const tick = memory.readWord(at + 88);
  if (modes & ADJ.TICK && (tick < LEAST_TICK || tick > MOST_TICK)) return -errno.EINVAL;
  if (modes & ADJ.SETOFFSET) {
    const part = memory.readWord(at + 80);
    if (part < 0 || part >= (modes & ADJ.NANO ? 1e9 : 1e6)) return -errno.EINVAL;
  }
  return 0;
}

/** Nanoseconds that the clock is put forward. What should come bit by bit is done at once, so that nothing is left to do. */
function shiftOf({ memory }: Thread, at: number, modes: number): bigint {
  const word = (offset: number) => BigInt.asIntN(64, memory.readU64(at + offset));
  if (modes & ADJ.ADJTIME) return modes & ADJ.NANO ? 0n : word(8) * 1000n;
  if (!(modes & ADJ.SETOFFSET)) return 0n;
  return word(72) * SECOND + word(80) * (modes & ADJ.NANO ? 1n : 1000n);
}

/** Takes over what is said. */
function change({ memory }: Thread, at: number, modes: number, state: ClockAdjustment): void {
  const word = (offset: number) => memory.readWord(at + offset);
  if (modes & ADJ.STATUS) state.status = (state.status & STA_RONLY) | (memory.readI32(at + 40) & ~STA_RONLY);
  if (modes & ADJ.NANO) state.status |= STA_NANO;
  if (modes & ADJ.MICRO) state.status &= ~STA_NANO;
  if (modes & ADJ.FREQUENCY) state.frequency = within(word(16), -MOST_FREQUENCY, MOST_FREQUENCY);
  if (modes & ADJ.MAXERROR) state.maxError = within(word(24), 0, MOST_ERROR);
  if (modes & ADJ.ESTERROR) state.estimatedError = within(word(32), 0, MOST_ERROR);
  if (modes & ADJ.TIMECONST)
    state.constant = within(word(48) + (state.status & STA_NANO ? 0 : 4), 0, MOST_CONSTANT);
  const tai = word(48);
  if (modes & ADJ.TAI && tai >= 0 && tai <= MOST_TAI) state.tai = tai;
  if (modes & ADJ.TICK) state.tick = word(88);
}

const REALTIME = 0;
const KNOWN_CLOCKS = 12;

function clockAdjtime(thread: Thread, clock: number, at: number): number {
  if (clock === REALTIME) return adjust(thread, at);
  return clock > 0 && clock < KNOWN_CLOCKS ? -errno.EOPNOTSUPP : -errno.EINVAL;
}

const kept = "what is said of the clock's frequency and errors is kept; offsets are set at once";

export const adjustmentSyscalls: readonly SyscallRow[] = [
  partial("adjtimex", kept, adjust),
  partial("clock_adjtime", kept, clockAdjtime),
];
