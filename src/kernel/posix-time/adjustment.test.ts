import { beforeEach, expect, test } from "vitest";
import { type Credentials, credentialsFor, ROOT } from "../rkprocess/credentials.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { KernelTime } from "../rktime/kernel-time.ts";
import { time } from "../rktime/time.ts";
import { testSpace } from "../rkvm/space-fixture.ts";
import { Prot } from "../rkvm/vma.ts";
import { errno } from "../syscalls/errno.ts";
import { adjustmentSyscalls, ClockAdjustment, clockAdjustment } from "./adjustment.ts";

const AT = 0x1000_0000;
const TIME_ERROR = 5;
const [FREQUENCY, STATUS, SETOFFSET, TICK] = [2, 0x10, 0x100, 0x4000];
const [ADJTIME, ADJTIME_ASK] = [0x8001, 0xa001];

let thread: Thread;
let clock: KernelTime;
let caller: { credentials: Credentials };

beforeEach(() => {
  const { space } = testSpace(16);
  space.map(AT, 4096, { prot: Prot.read | Prot.write });
  clock = new KernelTime({ now: () => 0, setTimer: () => {} }, 5_000_000_000n);
  caller = { credentials: ROOT };
  const apis = new Map<unknown, unknown>([
    [time, clock],
    [clockAdjustment, new ClockAdjustment()],
  ]);
  const kernel = { use: (wanted: unknown) => apis.get(wanted) };
  thread = { memory: space, process: caller, kernel } as unknown as Thread;
});

function adjust(modes: number, words: Readonly<Record<number, number>> = {}): number {
  thread.memory.fill(AT, 208, 0);
  thread.memory.writeU32(AT, modes);
  for (const [offset, word] of Object.entries(words)) thread.memory.writeWord(AT + Number(offset), word);
  const row = adjustmentSyscalls.find(({ name }) => name === "adjtimex");
  return row?.run(thread, AT, 0, 0, 0, 0, 0) as number;
}

const told = (offset: number) => thread.memory.readWord(AT + offset);

test("a clock that nobody keeps is told as Linux tells it", () => {
  expect(adjust(0)).toBe(TIME_ERROR);
  expect([told(24), told(32), told(40), told(48), told(88)]).toEqual([16e6, 16e6, 0x40, 2, 10_000]);
  expect([told(72), told(80)]).toEqual([5, 0]);
});

test("what root says is kept, within bounds", () => {
  expect(adjust(FREQUENCY | STATUS, { 16: 2 ** 36, 40: 1 })).toBe(0);
  expect([told(16), told(40)]).toEqual([32_768_000, 1]);
  expect(adjust(FREQUENCY, { 16: 2 ** 40 })).toBe(-errno.EINVAL);
  expect(adjust(TICK, { 88: 20_000 })).toBe(-errno.EINVAL);
  caller.credentials = credentialsFor(1000, 1000);
  expect(adjust(FREQUENCY)).toBe(-errno.EPERM);
  expect(adjust(0)).toBe(0);
});

test("offsets set the clock", () => {
  adjust(SETOFFSET, { 72: -1, 80: 500_000 });
  expect(clock.realtime()).toBe(4_500_000_000n);
  expect(adjust(SETOFFSET, { 72: -100 })).toBe(-errno.EINVAL);
  expect(adjust(SETOFFSET, { 72: 2 ** 40 })).toBe(-errno.EINVAL);
  adjust(ADJTIME, { 8: 250_000 });
  expect(clock.realtime()).toBe(4_750_000_000n);
  caller.credentials = credentialsFor(1000, 1000);
  expect(adjust(ADJTIME, { 8: 1 })).toBe(-errno.EPERM);
  expect(adjust(ADJTIME_ASK)).toBe(TIME_ERROR);
  expect(told(8)).toBe(0);
});

test("other clocks cannot be adjusted", () => {
  const row = adjustmentSyscalls.find(({ name }) => name === "clock_adjtime");
  expect(row?.run(thread, 1, AT, 0, 0, 0, 0)).toBe(-errno.EOPNOTSUPP);
  expect(row?.run(thread, 99, AT, 0, 0, 0, 0)).toBe(-errno.EINVAL);
});
