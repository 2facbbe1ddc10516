import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { O } from "../vfs/flags.ts";
import { FileType } from "../vfs/inode.ts";
import { failure, Tree } from "../vfs/tree-fixture.ts";
import { anyStep, applyTo } from "../vfs/tree-model-fixture.ts";
import { INODE_COST, NAME_COST, PAGE, RamFilesystem } from "./filesystem.ts";

const LIMIT = 64 * PAGE;
let filesystem: RamFilesystem;
let tree: Tree;

beforeEach(() => {
  filesystem = new RamFilesystem({ limit: LIMIT, now: () => 0n });
  tree = new Tree(filesystem);
});

const used = () => filesystem.use().blocks - filesystem.use().freeBlocks;

const makers: [string, (i: number) => void][] = [
  ["pages", (i) => tree.write("/f", "x".repeat(PAGE), i === 0 ? O.CREAT : O.APPEND)],
  ["files", (i) => tree.write(`/${i}`, "")],
  ["directories", (i) => tree.mkdir(`/d${i}`)],
  ["symbolic links", (i) => tree.symlink("x".repeat(1000), `/s${i}`)],
  ["names", (i) => (i === 0 ? tree.write("/n", "") : tree.link("/n", `/n${i}`))],
  ["fifos", (i) => tree.mknod(`/p${i}`, FileType.fifo)],
];

test.each(makers)("%s stop at the limit", (_what, make) => {
  let made = 0;
  while (made < LIMIT && failure(() => make(made)) === "") made++;
  expect(failure(() => make(made))).toBe("ENOSPC");
  expect(made).toBeGreaterThan(50);
  expect(made).toBeLessThanOrEqual(LIMIT / NAME_COST);
});

test("a write that runs out of room says how much it did", () => {
  const file = tree.open("/f", O.CREAT | O.RDWR);
  const whole = new Uint8Array(LIMIT).fill(7);
  const written = file.write(whole);
  expect(written % PAGE).toBe(0);
  expect(written).toBe(LIMIT - Math.ceil((2 * INODE_COST + NAME_COST) / PAGE) * PAGE);
  expect(failure(() => file.write(whole))).toBe("ENOSPC");
  file.truncate(PAGE);
  expect(file.write(new Uint8Array(PAGE))).toBe(PAGE);
});

test("room is reserved whole or not at all, and found out about at once", () => {
  const file = tree.open("/f", O.CREAT | O.RDWR);
  const before = used();
  for (const length of [LIMIT, 2 ** 42]) expect(failure(() => file.allocate(0, 0, length))).toBe("ENOSPC");
  expect(used()).toBe(before);
  file.writeAt(Uint8Array.of(1), 8 * PAGE);
  file.allocate(0, 1, 16 * PAGE);
  expect(file.attributes().blocks).toBe((17 * PAGE) / 512);
});

test("holes take no room, and a far end no more", () => {
  const file = tree.open("/f", O.CREAT | O.RDWR);
  file.truncate(2 ** 42);
  file.writeAt(Uint8Array.of(1), 2 ** 41);
  expect(used()).toBeLessThanOrEqual(2);
  expect(file.attributes()).toMatchObject({ size: 2 ** 42, blocks: PAGE / 512 });
  expect(failure(() => file.truncate(2 ** 44))).toBe("EFBIG");
  expect(failure(() => file.writeAt(Uint8Array.of(1), 2 ** 43))).toBe("EFBIG");
  file.allocate(3, 1, 2 ** 42);
  expect(file.attributes().blocks).toBe(0);
  file.truncate(0);
  expect(file.attributes()).toMatchObject({ size: 0, blocks: 0 });
});

test("an unlinked file's room comes back with its last holder", () => {
  tree.write("/f", "x".repeat(20 * PAGE));
  const file = tree.open("/f");
  const backing = file.backing();
  backing?.retain?.();
  tree.unlink("/f");
  expect(used()).toBeGreaterThanOrEqual(20);
  file.release();
  expect(used()).toBeGreaterThanOrEqual(20);
  backing?.release?.();
  expect(used()).toBeLessThanOrEqual(1);
});

test("removing everything gives everything back", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
      const one = new RamFilesystem({ limit: LIMIT, now: () => 0n });
      const inTree = new Tree(one);
      const empty = { ...one.use(), files: one.use().files - one.use().freeFiles };
      for (const step of steps) failure(() => applyTo(inTree, step));
      removeAll(inTree, "");
      expect({ ...one.use(), files: one.use().files - one.use().freeFiles }).toEqual(empty);
    }),
    { seed: 11, numRuns: 200 },
  );
});

function removeAll(inTree: Tree, path: string): void {
  for (const name of inTree.list(path || "/")) {
    const full = `${path}/${name}`;
    if ((inTree.lstat(full).mode & FileType.mask) === FileType.directory) {
      removeAll(inTree, full);
      inTree.rmdir(full);
    } else inTree.unlink(full);
  }
}

test("reading moves the time of access once after a change, or a day, and tells when a file was made", () => {
  let now = 5n;
  tree = new Tree(new RamFilesystem({ limit: LIMIT, now: () => now }));
  tree.write("/f", "x");
  const times = () => {
    const { atime, mtime, btime } = tree.stat("/f");
    return [atime, mtime, btime];
  };
  const read = (at: bigint, flags: number = O.RDONLY) => {
    now = at;
    const file = tree.open("/f", flags);
    file.read(new Uint8Array(1));
    file.release();
    return times();
  };
  expect(times()).toEqual([5n, 5n, 5n]);
  expect(read(6n, O.NOATIME)).toEqual([5n, 5n, 5n]);
  expect(read(7n)).toEqual([7n, 5n, 5n]);
  expect(read(8n)).toEqual([7n, 5n, 5n]);
  now = 9n;
  tree.write("/f", "y");
  expect(times()).toEqual([7n, 9n, 5n]);
  expect(read(10n)).toEqual([10n, 9n, 5n]);
  const day = 86_400_000_000_000n;
  expect(read(9n + day)).toEqual([10n, 9n, 5n]);
  expect(read(10n + day)).toEqual([10n + day, 9n, 5n]);
});
