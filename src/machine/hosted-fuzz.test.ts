import { expect, test } from "vitest";
import { ChaChaRandom } from "../kernel/rkswrand/chacha.ts";
import { syscallNumbers } from "../kernel/syscalls/numbers.ts";
import { guest } from "./hosted-fixture.ts";
import { hostedLibraries } from "./libraries.ts";

/** Cases for a run of the whole suite; `RUNIKRAFT_FUZZ_CASES` asks for more, `RUNIKRAFT_FUZZ_SEED` for others. */
const CASES = Number(process.env.RUNIKRAFT_FUZZ_CASES ?? 1200);
const SEED = Number(process.env.RUNIKRAFT_FUZZ_SEED ?? 1);
/** Ending the program says nothing. */
const ENDING = ["exit", "exit_group"] as const;
/** A call that still waits after this many milliseconds is left alone, with its machine. */
const PATIENCE = 30;
const CALLS = 8;

/** Each 64 bytes from the next, at the start of the guest's two pages of data. */
const PATHS = [
  "/tmp",
  "/tmp/a",
  "/dev/zero",
  "/dev/console",
  "/proc/self/maps",
  "/proc/self/fd",
  "/",
  ".",
  "b",
  "b/c",
];

const SOURCE = `
  _start: ecall
          j _start
          .data
          .balign 4096
  ${PATHS.map((path) => `.balign 64\n.asciz "${path}"`).join("\n")}
          .balign 4096
          .space 4096
`;

test("no system call with any arguments throws, or lasts", { timeout: 600_000 }, async () => {
  const key = new Uint8Array(32);
  new DataView(key.buffer).setUint32(0, SEED, true);
  const random = new ChaChaRandom(key);
  const bytes = new Uint8Array(8);
  const pick = (count: number) => {
    random.fill(bytes);
    return new DataView(bytes.buffer).getUint32(0, true) % count;
  };
  const word = () => {
    random.fill(bytes);
    return new DataView(bytes.buffer).getBigInt64(0, true);
  };
  const endings: readonly number[] = ENDING.map((name) => syscallNumbers[name]);
  const numbers = hostedLibraries()
    .flatMap(({ syscalls = [] }) => syscalls.map(({ number }) => number))
    .filter((number) => !endings.includes(number));
  const waiting: Promise<unknown>[] = [];

  let machine = (await guest(SOURCE, { strace: () => {} })).machine;
  const argument = (): bigint => {
    const { stack, image, heap } = machine.layout;
    const addresses = [
      image.start,
      image.end - 4096,
      image.end - 5,
      stack.end - 4096,
      stack.start,
      heap.start,
      0x10,
    ];
    const small = [0, 1, 2, 3, 4, 8, 10, 16, 64, 100, 4096, 8192, 65536];
    const large = [
      -1n,
      -2n,
      -100n,
      1n << 31n,
      1n << 32n,
      1n << 38n,
      1n << 47n,
      (1n << 63n) - 1n,
      -(1n << 63n),
    ];
    switch (pick(7)) {
      case 0:
      case 1:
        return BigInt(addresses[pick(addresses.length)]);
      case 2:
      case 3:
      case 4:
        return BigInt(small[pick(small.length)]);
      case 5:
        return large[pick(large.length)];
      default:
        return word() >> BigInt(pick(64));
    }
  };

  for (let i = 0; i < CASES; i++) {
    if (machine.outcome || i % 500 === 0) machine = (await guest(SOURCE, { strace: () => {} })).machine;
    const { hart } = machine.board;
    let call: bigint[] = [];
    const started = performance.now();
    // The first trap of a machine is for the page of its code: the call after it then has the same arguments.
    const run = (async () => {
      for (let made = 0; made < CALLS && !machine.outcome; made++) {
        call = [BigInt(numbers[pick(numbers.length)]), ...Array.from({ length: 6 }, argument)];
        hart.setX(17, call[0]);
        for (let a = 0; a < 6; a++) hart.setX(10 + a, call[a + 1]);
        await machine.run(2);
      }
    })().catch((error: unknown) => {
      throw new Error(`seed ${SEED}, case ${i}: ${call.join(" ")}: ${(error as Error).stack}`);
    });
    let done = false;
    const ended = run.then(() => {
      done = true;
    });
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
    expect(performance.now() - started, `case ${i}: ${call.join(" ")}`).toBeLessThan(5000);
    if (done) continue;
    waiting.push(ended);
    machine = (await guest(SOURCE, { strace: () => {} })).machine;
  }
  await Promise.race([Promise.all(waiting), new Promise((resolve) => setTimeout(resolve, 1))]);
});
