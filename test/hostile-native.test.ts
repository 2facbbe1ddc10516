import { expect, test } from "vitest";
import type { Library } from "../src/kernel/library.ts";
import { blockDevices } from "../src/kernel/rkblkdev/block-device.ts";
import { RamDisk } from "../src/kernel/rkblkdev/ram-disk.ts";
import type { Budget } from "../src/kernel/rknative/budget.ts";
import { nativeResources } from "../src/kernel/rknative/library.ts";
import { NATIVE_BASE, NATIVE_CALLS, type NativeName, nativeNumbers } from "../src/kernel/syscalls/native.ts";
import { syscallNumbers } from "../src/kernel/syscalls/numbers.ts";
import type { HostedMachine } from "../src/machine/hosted.ts";
import { FOR_NATIVE, STANDARD } from "../src/machine/libraries.ts";
import { Random } from "./differential/random.ts";
import type { Call } from "./hostile-syscalls/call.ts";
import { address, hostileData, PLACES, word } from "./hostile-syscalls/places.ts";
import { runCalls } from "./hostile-syscalls/run.ts";

/**
 * As test/hostile-syscalls.test.ts, with native calls: the kernel answers each, and when the guest is gone it has back all
 * that it gave. `FUZZ_CALLS` is how many calls are made, `FUZZ_SEED` the first seed.
 */
const CALLS = Number(process.env.FUZZ_CALLS ?? 4000);
const FIRST = Number(process.env.FUZZ_SEED ?? 1);
const IN_A_MACHINE = 400;

/**
 * What arguments look like when they are not wholly wild: h handle, a allocator, n size, k small number, p pointer, b block
 * of the heap, t timeout, r ring, s string.
 */
const SHAPES: Readonly<Partial<Record<NativeName, string>>> = {
  rk_close: "h",
  rk_time_real: "p",
  rk_alloc_create: "snk",
  rk_alloc_destroy: "a",
  rk_addmem: "apn",
  rk_malloc: "an",
  rk_calloc: "akn",
  rk_realloc: "abn",
  rk_memalign: "ann",
  rk_posix_memalign: "ann",
  rk_free: "ab",
  rk_palloc: "ak",
  rk_pfree: "abk",
  rk_usable_size: "ab",
  rk_maxalloc: "a",
  rk_availmem: "a",
  rk_alloc_stats: "ap",
  rk_thread_join: "kpt",
  rk_thread_detach: "k",
  rk_thread_sleep: "t",
  rk_thread_set_priority: "kk",
  rk_mutex_create: "k",
  rk_mutex_lock: "ht",
  rk_mutex_unlock: "h",
  rk_semaphore_create: "k",
  rk_semaphore_down: "ht",
  rk_semaphore_up: "h",
  rk_condition_wait: "hht",
  rk_condition_signal: "h",
  rk_condition_broadcast: "h",
  rk_rwlock_read: "ht",
  rk_rwlock_write: "ht",
  rk_rwlock_unlock: "h",
  rk_mailbox_create: "n",
  rk_mailbox_post: "hnt",
  rk_mailbox_receive: "hpt",
  rk_mailbox_count: "h",
  rk_ring_create: "rk",
  rk_ring_wait: "rkkt",
  rk_ring_wake: "rk",
  rk_blkdev_info: "kp",
  rk_blkdev_queue: "krrk",
  rk_blkdev_kick: "h",
};
const NAMES = Object.keys(nativeNumbers) as NativeName[];
/** Rings of eight words stand at these, if the guest leaves them alone. */
const ringAt = (i: number) => PLACES.data + 512 * i;
const RINGS = 6;
const CAPACITY = 8;
const TEXTS = ["rkalloctlsf\0", "rkallocpool\0", "rkallocregion\0", "rkallocbuddy\0", "nobody\0"];
const textAt = (i: number) => PLACES.data + 4096 + 64 * i;

const native = (name: NativeName, ...args: (bigint | number)[]): Call => ({
  number: NATIVE_BASE + nativeNumbers[name],
  args: Array.from({ length: 6 }, (_, i) => BigInt(args[i] ?? 0)),
  mode: 0,
});

function argument(kind: string, random: Random): bigint {
  if (random.below(12) === 0) return word(random);
  switch (kind) {
    case "h":
      return BigInt(random.below(24));
    case "a":
      return BigInt(random.pick([0, 0, 1, 2, 3, 4, 5, 70]));
    case "n":
      return BigInt(random.below(random.pick([16, 200, 5000, 3_000_000])));
    case "k":
      return BigInt(random.below(random.pick([3, 3, 9, 100])));
    case "p":
      return random.below(2) === 0 ? BigInt(PLACES.data + 8 * random.below(4096)) : address(random);
    case "t":
      return BigInt(random.pick([0, 0, 0, 1, 1000, 1_000_000, -1]));
    case "r":
      return random.below(8) === 0 ? address(random) : BigInt(ringAt(random.below(RINGS)));
    case "s":
      return random.below(8) === 0 ? address(random) : BigInt(textAt(random.below(TEXTS.length)));
    default:
      return address(random);
  }
}

function hostileCall(random: Random): Call {
  const chance = random.below(100);
  if (chance === 0) {
    const number = NATIVE_BASE + random.below(NATIVE_CALLS + 2) - 1;
    return { number, args: Array.from({ length: 6 }, () => word(random)), mode: 0 };
  }
  // A child with copies of everything, and memory that goes away.
  if (chance === 1 && random.below(4) === 0)
    return { number: syscallNumbers.clone, args: [17n, 0n, 0n, 0n, 0n, 0n], mode: 0 };
  if (chance === 2) {
    const page = BigInt(random.pick([0, 0, 1, 6]) * 4096 + PLACES.data);
    const args = [page, 4096n, BigInt(random.below(4)), 0n, 0n, 0n];
    return { number: random.pick([syscallNumbers.mprotect, syscallNumbers.munmap]), args, mode: 0 };
  }
  const name = random.pick(NAMES);
  // A thread that ends is one that makes no calls any more.
  if (name === "rk_thread_exit" && random.below(20) > 0) return native("rk_thread_yield");
  if (name === "rk_thread_create" && random.below(4) > 0) return native("rk_thread_self");
  const shape = SHAPES[name] ?? "";
  const args = Array.from({ length: 6 }, (_, i) => argument(shape[i] ?? "p", random));
  return { number: NATIVE_BASE + nativeNumbers[name], args, mode: 0 };
}

/** What there is for the calls to be about. */
const OPENING: readonly Call[] = [
  ...Array.from({ length: RINGS }, (_, i) => native("rk_ring_create", ringAt(i), CAPACITY)),
  native("rk_blkdev_queue", 0, ringAt(0), ringAt(1), CAPACITY),
  native("rk_blkdev_queue", 0, ringAt(2), ringAt(2), CAPACITY),
  native("rk_mailbox_create", 3),
  native("rk_mailbox_create", 65_536),
  native("rk_mutex_create", 0),
  native("rk_mutex_create", 1),
  native("rk_semaphore_create", 2),
  native("rk_condition_create"),
  native("rk_rwlock_create"),
  native("rk_alloc_create", textAt(1), 48, 16),
  native("rk_alloc_create", textAt(2)),
  native("rk_malloc", 0, 100),
];

/** In place of disks behind virtio, whose driver keeps pages for itself. */
const ramDisks = (): Library => ({
  name: "ram-disks",
  summary: () => "",
  provides: [blockDevices],
  needs: [],
  start: (kernel) => kernel.provide(blockDevices, [new RamDisk(new Uint8Array(1 << 16))]),
});

/** What is left of each budget. */
function budgets({ kernel }: HostedMachine): number[] {
  const { heap, handles, messages } = kernel.use(nativeResources);
  return [heap, handles, messages].map((budget: Budget) => (budget as unknown as { left: number }).left);
}

test("hostile native calls", { timeout: 3_600_000 }, async () => {
  const wrong: string[] = [];
  const answered = new Set<number>();
  let calls = 0;
  for (let seed = FIRST; calls < CALLS && wrong.length < 5; seed++) {
    const random = new Random(seed);
    const data = hostileData(random);
    data.fill(0, 0, 512 * RINGS);
    TEXTS.forEach((text, i) => {
      data.set(new TextEncoder().encode(text), textAt(i) - PLACES.data);
    });
    const memory = random.pick([8 << 20, 16 << 20]);
    const result = await runCalls(
      `seed ${seed}`,
      [...OPENING, ...Array.from({ length: IN_A_MACHINE }, () => hostileCall(random))],
      data,
      {
        memory,
        hosted: { linked: [...STANDARD, ...FOR_NATIVE], libraries: [ramDisks()] },
        check(machine) {
          const left = budgets(machine);
          return left.join() === [memory, 2 ** 16, 2 ** 20].join() ? [] : [`not given back: ${left}`];
        },
      },
    );
    calls += result.calls;
    wrong.push(...result.wrong);
    for (const one of result.results) answered.add(Math.max(-200, Math.min(one, 1)));
  }
  if (process.env.FUZZ_CALLS) console.log({ calls, answered: [...answered] }, wrong);
  expect(wrong).toEqual([]);
  // Calls succeed, and fail in many ways.
  expect(answered.size).toBeGreaterThan(8);
});
