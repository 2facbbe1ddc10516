import fc from "fast-check";
import { expect, test } from "vitest";
import { O, POLL } from "./flags.ts";
import { PIPE_CAPACITY, type PipeEnd, PipeMaker } from "./pipe.ts";
import { failure } from "./tree-fixture.ts";

test("bytes come out as they went in, whatever the pieces", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 50_000 })), { maxLength: 40 }),
      (steps) => {
        const [reader, writer] = new PipeMaker().create(0, 0n);
        let written = 0;
        let read = 0;
        for (const [write, count] of steps) {
          const bytes = Uint8Array.from({ length: count }, (_, i) => (write ? (written + i) % 251 : 0));
          let moved = 0;
          const error = failure(() => {
            moved = write ? writer.write(bytes) : reader.read(bytes);
          });
          if (error === "" && write) written += moved;
          else if (error === "") read += check(bytes, moved, read);
          else if (write) expect(PIPE_CAPACITY - (written - read)).toBeLessThan(Math.min(count, 4096));
          else expect(read).toBe(written);
          expect(error === "" ? moved : 1).toBeGreaterThan(0);
          expect(written - read).toBeLessThanOrEqual(PIPE_CAPACITY);
        }
      },
    ),
    { seed: 5, numRuns: 25 },
  );
});

/** The next `count` bytes of the sequence are right. */
function check(bytes: Uint8Array, count: number, from: number): number {
  for (let i = 0; i < count; i++) if (bytes[i] !== (from + i) % 251) throw new Error(`byte ${from + i}`);
  return count;
}

test("a write of up to 4096 bytes is whole or not at all", () => {
  const [reader, writer] = new PipeMaker().create(0, 0n);
  writer.write(new Uint8Array(PIPE_CAPACITY - 100));
  expect(failure(() => writer.write(new Uint8Array(4096)))).toBe("EAGAIN");
  expect(writer.write(new Uint8Array(5000))).toBe(100);
  expect(writer.poll()).toBe(0);
  reader.read(new Uint8Array(4096));
  expect(writer.poll()).toBe(POLL.OUT | POLL.WRNORM);
});

test("an end that is gone shows at the other", () => {
  const [reader, writer] = new PipeMaker().create(0, 0n);
  writer.write(Uint8Array.of(1));
  writer.retain();
  writer.release();
  writer.release();
  expect(reader.poll()).toBe(POLL.IN | POLL.RDNORM | POLL.HUP);
  const bytes = new Uint8Array(10);
  expect(reader.read(bytes)).toBe(1);
  expect(reader.read(bytes)).toBe(0);

  const [second, broken] = new PipeMaker().create(0, 0n);
  second.release();
  expect(failure(() => broken.write(Uint8Array.of(1)))).toBe("EPIPE");
  expect(broken.poll() & POLL.ERR).toBe(POLL.ERR);
});

test("waiters are told of bytes, of room and of ends", () => {
  const [reader, writer] = new PipeMaker().create(O.NONBLOCK, 0n);
  let woken = 0;
  const stop = reader.waiters.add(() => woken++);
  writer.write(Uint8Array.of(1));
  reader.read(new Uint8Array(1));
  writer.release();
  expect(woken).toBe(3);
  stop();
  reader.release();
  expect(woken).toBe(3);
});

test("all pipes together take a bounded part of the host", () => {
  const maker = new PipeMaker();
  const pipes = Array.from({ length: 1024 }, () => maker.create(0, 0n));
  for (const [, writer] of pipes) writer.write(Uint8Array.of(1));
  const [, one] = maker.create(0, 0n);
  expect(failure(() => one.write(Uint8Array.of(1)))).toBe("ENOMEM");
  for (const end of pipes[0]) end.release();
  expect(one.write(Uint8Array.of(1))).toBe(1);
});

test("a pipe whose writer has gone is opened again without a wait", () => {
  const [reader, writer] = new PipeMaker().create(0, 0n);
  writer.release();
  const again = reader.inode.open(reader.location, 0) as PipeEnd;
  expect(again.connected).toBe(true);
  expect(again.read(new Uint8Array(1))).toBe(0);
});

test("a pipe is made larger and smaller with what it holds", () => {
  const [reader, writer] = new PipeMaker().create(0, 0n);
  writer.write(new Uint8Array(60_000));
  reader.read(new Uint8Array(50_000));
  // Now the bytes go round the end of the ring.
  writer.write(Uint8Array.from({ length: 20_000 }, (_, i) => i % 251));
  expect(failure(() => writer.resize(20_000))).toBe("");
  expect(writer.capacity).toBe(32_768);
  expect(failure(() => writer.resize(4096))).toBe("EBUSY");
  expect(failure(() => writer.resize((1 << 20) + 1))).toBe("EPERM");
  reader.read(new Uint8Array(10_000));
  const bytes = new Uint8Array(20_000);
  expect(reader.read(bytes)).toBe(20_000);
  check(bytes, 20_000, 0);
  reader.resize(1 << 20);
  expect(writer.write(new Uint8Array(2 << 20))).toBe(1 << 20);
});
