import { describe, expect, test } from "vitest";
import { EventFile } from "../posix-eventfd/eventfd.ts";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { POLL } from "../vfs/flags.ts";
import { Budget } from "../vfs/limits.ts";
import { PipeMaker } from "../vfs/pipe.ts";
import { failure, Tree } from "../vfs/tree-fixture.ts";
import { EPOLL, Epoll } from "./epoll.ts";

const place = eventPlace("[test]", 0n);
const budget = new Budget(100_000, "ENOSPC");
const epoll = (own = budget) => new Epoll(place, own);
const counter = (value = 0) => new EventFile(place, 0, value, false);
const data = (low: number) => ({ low, high: 0 });
const bump = (file: EventFile) => file.write(new Uint8Array(new BigUint64Array([1n]).buffer));
const drain = (file: EventFile) => file.read(new Uint8Array(8));
const pipe = () => new PipeMaker().create(0, 0n);

/** What is ready: the watches' data, with their events. */
function take(from: Epoll, most = 100): [number, number][] {
  const found: [number, number][] = [];
  from.take(most, (_, events, { low }) => found.push([low, events]));
  return found;
}

describe("epoll", () => {
  test("tells of a level again and again, of an edge once", () => {
    for (const [mode, times] of [
      [0, 2],
      [EPOLL.ET, 1],
    ]) {
      const [reader, writer] = pipe();
      const waiting = epoll();
      waiting.add(3, reader, POLL.IN | mode, data(7));
      expect(take(waiting)).toEqual([]);
      writer.write(new Uint8Array(2000));
      expect([...take(waiting), ...take(waiting)]).toEqual(new Array(times).fill([7, POLL.IN]));
      // Reading a part is no new edge (epoll(7)); new bytes are, even with others still there.
      reader.read(new Uint8Array(1000));
      expect(take(waiting).length).toBe(times - 1);
      writer.write(new Uint8Array(1));
      expect(take(waiting)).toEqual([[7, POLL.IN]]);
      reader.read(new Uint8Array(5000));
      expect(take(waiting)).toEqual([]);
    }
  });

  test("switches a one-shot watch off until it is armed again", () => {
    const file = counter(1);
    const waiting = epoll();
    waiting.add(3, file, POLL.IN | EPOLL.ONESHOT, data(1));
    expect(take(waiting).length).toBe(1);
    bump(file);
    expect(take(waiting)).toEqual([]);
    waiting.modify(3, file, POLL.IN | EPOLL.ONESHOT, data(2));
    expect(take(waiting)).toEqual([[2, POLL.IN]]);
  });

  test("tells of errors and hang-ups unasked", () => {
    const [reader, writer] = pipe();
    const waiting = epoll();
    waiting.add(3, writer, 0, data(1));
    reader.release();
    expect(take(waiting)).toEqual([[1, POLL.ERR]]);
  });

  test("gives each ready file its turn when few are asked for", () => {
    const waiting = epoll();
    for (let i = 0; i < 5; i++) waiting.add(i, counter(1), POLL.IN, data(i));
    const seen = [0, 1, 2, 3, 4].map(() => take(waiting, 2).map(([which]) => which));
    expect(seen).toEqual([
      [0, 1],
      [2, 3],
      [4, 0],
      [1, 2],
      [3, 4],
    ]);
  });

  test("keeps what could not be delivered", () => {
    const waiting = epoll();
    waiting.add(1, counter(1), POLL.IN | EPOLL.ET, data(1));
    waiting.add(2, counter(1), POLL.IN | EPOLL.ET, data(2));
    expect(() =>
      waiting.take(9, (index) => {
        if (index === 1) throw new Error("fault");
      }),
    ).toThrow("fault");
    expect(take(waiting)).toEqual([[2, POLL.IN]]);
  });

  test("asks only files that said something", () => {
    let asked = 0;
    class Asked extends EventFile {
      override poll() {
        asked++;
        return super.poll();
      }
    }
    const waiting = epoll();
    const files = Array.from({ length: 5000 }, () => new Asked(place, 0, 0, false));
    files.forEach((file, i) => {
      waiting.add(i, file, POLL.IN, data(i));
    });
    asked = 0;
    for (let round = 0; round < 100; round++) {
      bump(files[round * 7]);
      expect(take(waiting)).toEqual([[round * 7, POLL.IN]]);
      drain(files[round * 7]);
      expect(take(waiting)).toEqual([]);
    }
    expect(asked).toBeLessThan(400);
  });

  test("forgets a file when its last descriptor is closed", () => {
    const own = new Budget(2, "ENOSPC");
    const waiting = epoll(own);
    const [one, two] = [counter(1), counter(1)];
    waiting.add(1, one, POLL.IN, data(1));
    waiting.add(2, two, POLL.IN, data(2));
    expect(failure(() => waiting.add(3, two, POLL.IN, data(3)))).toBe("ENOSPC");
    one.retain();
    one.release();
    expect(take(waiting).length).toBe(2);
    one.release();
    expect(take(waiting)).toEqual([[2, POLL.IN]]);
    waiting.add(3, two, POLL.IN, data(3));
    waiting.release();
    expect(two.waiters.isEmpty).toBe(true);
    own.charge(2);
  });

  test("refuses what Linux refuses", () => {
    const tree = new Tree(new RamFilesystem({ limit: 1 << 20, now: () => 0n }));
    tree.write("/f", "");
    const [waiting, file] = [epoll(), counter()];
    expect(failure(() => waiting.add(1, tree.open("/f"), POLL.IN, data(0)))).toBe("EPERM");
    expect(failure(() => waiting.add(1, waiting, POLL.IN, data(0)))).toBe("EINVAL");
    expect(failure(() => waiting.modify(1, file, POLL.IN, data(0)))).toBe("ENOENT");
    expect(failure(() => waiting.add(1, file, POLL.IN | EPOLL.EXCLUSIVE | EPOLL.ONESHOT, data(0)))).toBe(
      "EINVAL",
    );
    waiting.add(1, file, POLL.IN | EPOLL.EXCLUSIVE, data(0));
    expect(failure(() => waiting.add(1, file, POLL.IN, data(0)))).toBe("EEXIST");
    expect(failure(() => waiting.modify(1, file, POLL.IN, data(0)))).toBe("EINVAL");
    waiting.remove(1, file);
    expect(failure(() => waiting.remove(1, file))).toBe("ENOENT");
  });

  test("wakes one of those who asked for it exclusively, in turn", () => {
    const file = counter();
    const instances = [epoll(), epoll(), epoll()];
    const woken: number[] = [];
    instances.forEach((one, i) => {
      one.add(1, file, POLL.IN | EPOLL.EXCLUSIVE, data(i));
      one.waiters.add(() => woken.push(i));
    });
    for (let i = 0; i < 4; i++) bump(file);
    expect(woken).toEqual([0, 1, 2, 0]);
  });
});

describe("epolls in each other", () => {
  test("pass readiness outward", () => {
    const [outer, inner, file] = [epoll(), epoll(), counter()];
    inner.add(1, file, POLL.IN, data(1));
    outer.add(2, inner, POLL.IN, data(2));
    expect(take(outer)).toEqual([]);
    bump(file);
    expect(take(outer)).toEqual([[2, POLL.IN]]);
    drain(file);
    expect(take(outer)).toEqual([]);
  });

  test("form no circle and no tower", () => {
    const chain = Array.from({ length: 6 }, () => epoll());
    for (let i = 0; i < 4; i++) chain[i].add(1, chain[i + 1], POLL.IN, data(0));
    expect(failure(() => chain[4].add(1, chain[0], POLL.IN, data(0)))).toBe("ELOOP");
    expect(failure(() => chain[4].add(1, chain[5], POLL.IN, data(0)))).toBe("ELOOP");
    expect(failure(() => chain[5].add(1, chain[0], POLL.IN, data(0)))).toBe("ELOOP");
    chain[0].remove(1, chain[1]);
    chain[4].add(1, chain[5], POLL.IN, data(0));
  });

  test("tell each other once, however many ways there are", () => {
    // Five layers of 30, each watching all of the next: 30^5 ways from the file to the top.
    const layers = Array.from({ length: 5 }, () => Array.from({ length: 30 }, () => epoll()));
    const file = counter();
    layers.forEach((layer, depth) => {
      for (const one of layer)
        for (const [i, inner] of (layers[depth + 1] ?? [file]).entries()) one.add(i, inner, POLL.IN, data(i));
    });
    bump(file);
    expect(take(layers[0][0]).length).toBe(30);
    drain(file);
    expect(take(layers[0][0])).toEqual([]);
  });
});
