import fc from "fast-check";
import { expect, test } from "vitest";
import { Caller, MEMORY, MEMORY_SIZE } from "./caller-fixture.ts";
import { posixFiles } from "./library.ts";

const names = (posixFiles.syscalls ?? []).map(({ name }) => name);

/** Registers of a guest that means no good: descriptors, addresses, flags, and numbers at every edge. */
const argument = fc.oneof(
  fc.integer({ min: -3, max: 12 }),
  fc.constantFrom(-100, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 40, 2 ** 53, -(2 ** 53), 2 ** 62),
  fc.constantFrom(MEMORY, MEMORY + 1, MEMORY + 4093, MEMORY + MEMORY_SIZE - 1, MEMORY + MEMORY_SIZE, 1),
  fc.nat({ max: 31 }).map((bit) => 2 ** bit),
  fc.constantFrom(
    "",
    "/",
    ".",
    "..",
    "/a",
    "a/",
    "d/../d",
    "d",
    "/d/b",
    "/fifo",
    "/l",
    "x".repeat(300),
    "/".repeat(5000),
  ),
);

const calls = fc.array(
  fc.tuple(fc.constantFrom(...names), fc.array(argument, { minLength: 6, maxLength: 6 })),
  { minLength: 1, maxLength: 60 },
);

test("no arguments get anything out of a call but a result", async () => {
  await fc.assert(
    fc.asyncProperty(calls, fc.uint8Array({ minLength: 256, maxLength: 256 }), async (list, bytes) => {
      const caller = new Caller();
      caller.memory.bytes.set(bytes);
      caller.call("mkdirat", -100, "/d", 0o777);
      caller.call("openat", -100, "/a", 0o102, 0o666);
      caller.call("symlinkat", "d", -100, "/l");
      caller.call("mknodat", -100, "/fifo", 0o010666, 0);
      for (const [name, values] of list) {
        let result = caller.start(name, ...values);
        if (typeof result !== "number") {
          const waiting = result;
          for (const timer of [...caller.timers]) timer.callback();
          caller.interrupt();
          result = await waiting;
        }
        // -ERESTARTSYS is the lowest.
        expect(Number.isSafeInteger(result) && result >= -512, `${name}(${values}) = ${result}`).toBe(true);
        caller.thread.interrupt = undefined;
      }
      for (const fd of caller.files.fds.numbers()) caller.call("close", fd);
    }),
    { seed: 9, numRuns: 400 },
  );
});
