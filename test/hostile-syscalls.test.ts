import { describe, expect, test } from "vitest";
import { ERESTARTNOHAND, errno } from "../src/kernel/syscalls/errno.ts";
import { type Call, call, touch } from "./hostile-syscalls/call.ts";
import { PAGES, PLACES } from "./hostile-syscalls/places.ts";
import { runCalls, runSeed } from "./hostile-syscalls/run.ts";

/**
 * A guest makes random hostile system calls until it dies or is done. The kernel answers each in bounded time and
 * memory, throws nothing, keeps its books right, and afterwards runs another program. `FUZZ_CALLS` is how many
 * calls are made, `FUZZ_SEED` the first seed.
 */
const CALLS = Number(process.env.FUZZ_CALLS ?? 6000);
const FIRST = Number(process.env.FUZZ_SEED ?? 1);

test("hostile system calls", { timeout: 3_600_000 }, async () => {
  let calls = 0;
  let seed = FIRST;
  let longest = 0;
  let slowest = "";
  let heap = 0;
  const outcomes = new Map<string, number>();
  const wrong: string[] = [];
  while (calls < CALLS && wrong.length < 10) {
    const result = await runSeed(seed++);
    calls += result.calls;
    heap = Math.max(heap, result.heap);
    if (result.milliseconds > longest) ({ milliseconds: longest, slowest } = result);
    const { outcome } = result;
    const kind = typeof outcome === "string" ? outcome : outcome.kind;
    outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
    wrong.push(...result.wrong);
  }
  const summary = {
    calls,
    seeds: seed - FIRST,
    longest,
    slowest,
    heap,
    outcomes: Object.fromEntries(outcomes),
  };
  if (process.env.FUZZ_CALLS) console.log(summary, wrong);
  expect(wrong).toEqual([]);
  // Most guests get through their table.
  expect(calls / (seed - FIRST)).toBeGreaterThan(100);
});

describe("what it has found stays answered:", () => {
  const page = (number: number) => PLACES.data + number * 4096;
  const DATA = new Uint8Array(PLACES.dataEnd - PLACES.data);
  const words = new BigUint64Array(DATA.buffer);
  /** A timer of 1 ms. */
  words.set([0n, 0n, 0n, 1000n], (PAGES.times * 4096) / 8);
  words[(PAGES.words * 4096) / 8] = 1n << 13n;
  const TIMER = call("setitimer", 0, page(PAGES.times));
  const ALARMS = page(PAGES.words);
  const FIXED = 0x32;
  const RW = 3;

  /** The results of the calls themselves. */
  async function resultsOf(name: string, calls: readonly Call[], data = DATA): Promise<readonly number[]> {
    const { results, wrong } = await runCalls(name, calls, data, { memory: 16 << 20 });
    expect(wrong).toEqual([]);
    return results.slice(65);
  }

  test("mprotect with bits far above those of a protection", async () => {
    const prot = 2n ** 61n + 1n;
    const calls = [call("mmap", PLACES.arena, 4096, RW, FIXED, -1), touch(PLACES.arena)];
    const results = await resultsOf("mprotect", [...calls, call("mprotect", PLACES.arena, 4096, prot)]);
    expect(results).toEqual([PLACES.arena, -errno.EINVAL]);
  });

  test("one call for gigabytes of what is slow to give or take", async () => {
    const data = DATA.slice();
    const vectors = new BigUint64Array(data.buffer, PAGES.vectors * 4096, 512);
    for (let i = 0; i < 512; i += 2) vectors.set([BigInt(PLACES.arena), 8n << 20n], i);
    data.set(new TextEncoder().encode("/dev/urandom"), PAGES.paths * 4096);
    const prepared = [
      call("mmap", PLACES.arena, 8 << 20, RW, FIXED, -1),
      call("openat", 0, page(PAGES.paths), 0),
    ];
    const all = [page(PAGES.vectors), 256] as const;
    const results = await resultsOf(
      "gigabytes",
      [...prepared, call("readv", 3, ...all), call("writev", 1, ...all), call("sendfile", 1, 3, 0, 2 ** 31)],
      data,
    );
    // As random(4) has it, and for the console half as much.
    expect(results).toEqual([PLACES.arena, 3, 2 ** 25 - 1, 2 ** 24, 2 ** 24]);
  });

  test("sendfile of gigabytes of a hole", async () => {
    const data = DATA.slice();
    data.set(new TextEncoder().encode("/dev/null"), PAGES.paths * 4096);
    const prepared = [call("memfd_create", page(PAGES.paths), 0), call("ftruncate", 3, 2 ** 42)];
    const results = await resultsOf(
      "hole",
      [...prepared, call("openat", 0, page(PAGES.paths), 1), call("sendfile", 4, 3, 0, 2 ** 40)],
      data,
    );
    expect(results).toEqual([3, 0, 4, 2 ** 26]);
  });

  test("sendfile to a file that takes eight bytes at a time", async () => {
    const data = DATA.slice();
    data.set(new TextEncoder().encode("/dev/zero"), PAGES.paths * 4096);
    const prepared = [call("eventfd2", 0, 0), call("openat", 0, page(PAGES.paths), 0)];
    const results = await resultsOf("eight", [...prepared, call("sendfile", 3, 4, 0, 2 ** 40)], data);
    expect(results).toEqual([3, 4, 8 * 1024]);
  });

  test("a timer of a nanosecond where numbers are about to tell nanoseconds no longer", async () => {
    const data = DATA.slice();
    const words = new BigUint64Array(data.buffer, PAGES.times * 4096, 512);
    words.set([9_007_199n, 0n, 0n, 1n, 0n, 1n]);
    const [TIMER_ID, SETTING] = [page(PAGES.scratch), page(PAGES.times) + 16];
    const calls = [
      call("nanosleep", page(PAGES.times)),
      call("timer_create", 1, 0, TIMER_ID),
      call("timer_settime", 0, 0, SETTING),
      call("getpid"),
    ];
    expect((await resultsOf("timer", calls, data)).slice(0, 3)).toEqual([0, 0, 0]);
  });

  test("a wait beyond the time that numbers can tell", async () => {
    const data = DATA.slice();
    const words = new BigUint64Array(data.buffer, PAGES.times * 4096, 512);
    words.set([1n << 38n, 0n, 0n, 1000n]);
    const [LONG, SHORT] = [page(PAGES.times), page(PAGES.times) + 16];
    const calls = [call("ppoll", 0, 0, LONG, 0, 8), call("ppoll", 0, 0, SHORT, 0, 8)];
    // A signal that somebody sends ends it: nothing else does.
    expect(await resultsOf("wait", calls, data)).toEqual([-ERESTARTNOHAND, 0]);
  });

  test("rt_sigtimedwait that cannot write what a timer brings", async () => {
    const wait = call("rt_sigtimedwait", ALARMS, PLACES.none, 0, 8);
    expect(await resultsOf("sigtimedwait", [call("rt_sigprocmask", 0, ALARMS, 0, 8), TIMER, wait])).toEqual([
      0,
      0,
      -errno.EFAULT,
    ]);
  });
});
