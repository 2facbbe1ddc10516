import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { FdTable } from "./fd-table.ts";
import { O } from "./flags.ts";
import { Budget } from "./limits.ts";
import { FileLocks, locksOf } from "./locks.ts";
import { failure, Tree } from "./tree-fixture.ts";

const END = Number.POSITIVE_INFINITY;
const plenty = () => new Budget(1 << 20, "ENOLCK");
const process = () => new FdTable(() => 64);

function lock(owner: FdTable, exclusive: boolean, start: number, end: number) {
  return { owner, exclusive, start, end, pid: 1 };
}

describe("record locks", () => {
  test("do what a lock for each byte would do", () => {
    const BYTES = 12;
    const step = fc.tuple(
      fc.nat(2),
      fc.constantFrom("read", "write", "unlock"),
      fc.nat(BYTES - 1),
      fc.nat(BYTES),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const owners = [process(), process(), process()];
        const locks = new FileLocks(plenty());
        const model: Map<number, string>[] = Array.from({ length: BYTES }, () => new Map());
        for (const [who, kind, start, length] of steps) {
          const end = Math.min(BYTES, start + 1 + length);
          const bytes = model.slice(start, end);
          if (kind === "unlock") {
            locks.clearRecord(owners[who], start, end);
            for (const byte of bytes) byte.delete(who);
            continue;
          }
          const free = bytes.every((byte) =>
            [...byte].every(([other, has]) => other === who || (has === "read" && kind === "read")),
          );
          const error = failure(() => locks.setRecord(lock(owners[who], kind === "write", start, end)));
          expect(error).toBe(free ? "" : "EAGAIN");
          if (free) for (const byte of bytes) byte.set(who, kind);
        }
        const stranger = process();
        model.forEach((byte, at) => {
          expect(locks.conflict(lock(stranger, true, at, at + 1)) !== undefined).toBe(byte.size > 0);
          const written = [...byte.values()].includes("write");
          expect(locks.conflict(lock(stranger, false, at, at + 1)) !== undefined).toBe(written);
        });
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  test("find a circle of processes that wait for each other", () => {
    const [a, b, c] = [process(), process(), process()];
    const locks = new FileLocks(plenty());
    for (const [i, owner] of [a, b, c].entries()) locks.setRecord(lock(owner, true, i, i + 1));
    locks.startWaiting(lock(a, true, 1, 2));
    locks.startWaiting(lock(b, true, 2, 3));
    expect(failure(() => locks.startWaiting(lock(c, true, 0, 1)))).toBe("EDEADLK");
    locks.stopWaiting(b);
    expect(failure(() => locks.startWaiting(lock(c, true, 0, 1)))).toBe("");
  });

  test("go with any descriptor of the file, but not with another process's", () => {
    const tree = new Tree(new RamFilesystem({ limit: 1 << 20, now: () => 0n }));
    tree.write("/f", "");
    const [a, b] = [process(), process()];
    for (const table of [a, a, b]) table.add(tree.open("/f", O.RDWR), false);
    const locks = locksOf(b.get(0).file, plenty());
    locks.setRecord(lock(a, true, 0, END));
    b.close(0);
    expect(locks.conflict(lock(b, false, 5, 6))?.owner).toBe(a);
    a.close(1);
    expect(locks.conflict(lock(b, false, 5, 6))).toBeUndefined();
  });

  test("of one owner are limited in number", () => {
    const owner = process();
    const locks = new FileLocks(plenty());
    let error = "";
    for (let i = 0; i < 10_000 && error === ""; i += 1)
      error = failure(() => locks.setRecord(lock(owner, true, i * 2, i * 2 + 1)));
    expect(error).toBe("ENOLCK");
  });
});

test("flock is held by descriptions: shared, exclusive, changed, and gone with the last close", () => {
  const tree = new Tree(new RamFilesystem({ limit: 1 << 20, now: () => 0n }));
  tree.write("/f", "");
  const [one, two] = [tree.open("/f"), tree.open("/f")];
  const locks = locksOf(one, plenty());
  locks.flock(one, false);
  locks.flock(two, false);
  expect(failure(() => locks.flock(two, true))).toBe("EAGAIN");
  // The change failed, and has cost the lock.
  locks.flock(one, true);
  expect(failure(() => locks.flock(two, false))).toBe("EAGAIN");
  let woken = 0;
  locks.changed.add(() => woken++);
  one.retain();
  one.release();
  expect(failure(() => locks.flock(two, false))).toBe("EAGAIN");
  one.release();
  expect(woken).toBe(1);
  locks.flock(two, true);
});
