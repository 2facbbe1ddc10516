import fc from "fast-check";
import { expect, test } from "vitest";
import { RamDisk } from "../rkblkdev/ram-disk.ts";
import { VfsError } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { FileType } from "../vfs/inode.ts";
import { failure, Tree } from "../vfs/tree-fixture.ts";
import { anyStep, applyTo } from "../vfs/tree-model-fixture.ts";
import { Ext2Filesystem } from "./filesystem.ts";
import { type ImageOptions, makeImage } from "./image-fixture.ts";

/** Pages written one after the other, as a host does until it is killed. */
class RecordingDisk extends RamDisk {
  readonly pages: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  writesLeft = Number.POSITIVE_INFINITY;

  override write(offset: number, bytes: Uint8Array): void {
    if (this.writesLeft-- <= 0) throw new VfsError("EIO");
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(bytes.length - at, 4096 - ((offset + at) % 4096));
      this.pages.push({ offset: offset + at, bytes: bytes.slice(at, at + count) });
      at += count;
    }
    super.write(offset, bytes);
  }
}

const now = () => 1_700_000_000_000_000_000n;

function mount(disk: RamDisk, readOnly = false): Ext2Filesystem {
  return new Ext2Filesystem(disk, { readOnly, now, after: () => {} });
}

/** Names, types, links and sizes: what is in files may be that of a later moment. */
function shape(tree: Tree, path = ""): string[] {
  return tree.list(path || "/").flatMap((name) => {
    const { mode, nlink, size } = tree.lstat(`${path}/${name}`);
    const below = (mode & FileType.mask) === FileType.directory ? shape(tree, `${path}/${name}`) : [];
    return [`${path}/${name} ${mode} ${nlink} ${size}`, ...below];
  });
}

const IMAGES: ImageOptions[] = [
  { blocks: 512 },
  { blockSize: 4096, blocks: 128, inodeSize: 256 },
  { blockSize: 2048, blocks: 512, blocksPerGroup: 128, inodesPerGroup: 32 },
];

test("after every page written, the disk is as it was at a commit", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...IMAGES),
      fc.array(fc.array(anyStep, { maxLength: 12 }), { maxLength: 5 }),
      (image, rounds) => {
        const start = makeImage(image);
        const disk = new RecordingDisk(start.slice());
        const filesystem = mount(disk);
        const tree = new Tree(filesystem);
        const commits = [{ pages: 0, tree: shape(tree) }];
        for (const steps of rounds) {
          for (const step of steps) failure(() => applyTo(tree, step));
          filesystem.sync();
          commits.push({ pages: disk.pages.length, tree: shape(tree) });
        }
        const killed = start.slice();
        disk.pages.forEach(({ offset, bytes }, i) => {
          killed.set(bytes, offset);
          const seen = shape(new Tree(mount(new RamDisk(killed.slice()), true)));
          const next = commits.findIndex(({ pages }) => pages > i);
          expect([commits[next - 1].tree, commits[next].tree]).toContainEqual(seen);
        });
      },
    ),
    { seed: 5, numRuns: 60 },
  );
});

test("a commit that fails leaves the disk as it was, and is made up for", () => {
  for (let writes = 0; writes < 8; writes++) {
    const disk = new RecordingDisk(makeImage());
    const filesystem = mount(disk);
    const tree = new Tree(filesystem);
    tree.write("/first", "1");
    filesystem.sync();
    tree.write("/second", "2".repeat(5000));
    disk.writesLeft = writes;
    const failed = failure(() => filesystem.sync()) !== "";
    const names = new Tree(mount(new RamDisk(disk.bytes.slice()), true)).list("/");
    expect(names).toEqual(failed ? ["first"] : ["first", "second"]);
    disk.writesLeft = Number.POSITIVE_INFINITY;
    tree.write("/third", "3");
    filesystem.unmount();
    const after = new Tree(mount(new RamDisk(disk.bytes.slice()), true));
    expect(after.list("/")).toEqual(["first", "second", "third"]);
    expect(after.read("/second")).toBe("2".repeat(5000));
  }
});

test("unmounting leaves bitmaps and inode tables where they were, and gives all room back", () => {
  const disk = new RecordingDisk(makeImage());
  const places = disk.bytes.slice(2048, 2060);
  const filesystem = mount(disk);
  const tree = new Tree(filesystem);
  const before = filesystem.use();
  for (let i = 0; i < 5; i++) {
    tree.write(`/${i}`, "x".repeat(20_000));
    filesystem.sync();
  }
  const open = tree.open("/0");
  for (let i = 0; i < 5; i++) tree.unlink(`/${i}`);
  filesystem.sync();
  // It is free on the disk already, and in use here.
  expect(
    new Ext2Filesystem(new RamDisk(disk.bytes.slice()), { readOnly: true, now, after: () => {} }).use()
      .freeFiles,
  ).toBe(before.freeFiles);
  expect(filesystem.use().freeFiles).toBe(before.freeFiles - 1);
  open.release();
  filesystem.unmount();
  expect(filesystem.use()).toEqual(before);
  expect(disk.bytes.slice(2048, 2060)).toEqual(places);
});

test("a file opened to be written through is on the disk after each write", () => {
  const disk = new RamDisk(makeImage());
  const tree = new Tree(mount(disk));
  const file = tree.open("/f", O.WRONLY | O.CREAT | O.DSYNC);
  for (let size = 5; size <= 15; size += 5) {
    file.write(new Uint8Array(5).fill(65));
    expect(new Tree(mount(new RamDisk(disk.bytes.slice()), true)).read("/f")).toBe("A".repeat(size));
  }
});

test("a file of 2 GiB is announced in the superblock", () => {
  const disk = new RamDisk(makeImage({ blockSize: 4096, blocks: 200 }));
  const filesystem = mount(disk);
  const tree = new Tree(filesystem);
  tree.write("/f", "");
  filesystem.sync();
  const file = tree.open("/f", O.WRONLY);
  file.truncate(2 ** 31);
  file.sync();
  expect(disk.bytes[1024 + 100] & 2).toBe(2);
});

test("a directory of thousands of names is read again as it was", () => {
  const disk = new RamDisk(makeImage({ blocks: 8000, inodesPerGroup: 4096 }));
  const filesystem = mount(disk);
  const tree = new Tree(filesystem);
  tree.mkdir("/d");
  for (let i = 0; i < 3000; i++) tree.write(`/d/name-${i}-${"x".repeat(i % 200)}`, "");
  for (let i = 0; i < 3000; i += 3) tree.unlink(`/d/name-${i}-${"x".repeat(i % 200)}`);
  for (let i = 0; i < 500; i++) tree.write(`/d/again-${i}`, "");
  const names = tree.list("/d");
  expect(names.length).toBe(2500);
  filesystem.unmount();
  expect(new Tree(mount(disk, true)).list("/d")).toEqual(names);
});

test("times are as exact as the inode holds them, from 1901 to 2446", () => {
  const moments = [-2_000_000_000n, 0n, 1_700_000_000n, 4_000_000_000n, 15_000_000_000n];
  for (const inodeSize of [128, 256] as const) {
    const disk = new RamDisk(makeImage({ inodeSize }));
    const filesystem = mount(disk);
    const tree = new Tree(filesystem);
    tree.write("/f", "");
    const isWide = inodeSize === 256;
    for (const seconds of isWide ? moments : moments.slice(0, 3)) {
      tree.find("/f").dentry.inode.setAttributes({ mtime: seconds * 1_000_000_000n + 123_456_789n });
      filesystem.sync();
      const { mtime } = new Tree(mount(new RamDisk(disk.bytes.slice()), true)).stat("/f");
      expect(mtime).toBe(seconds * 1_000_000_000n + (isWide ? 123_456_789n : 0n));
      expect(tree.stat("/f").mtime).toBe(mtime);
    }
  }
});
