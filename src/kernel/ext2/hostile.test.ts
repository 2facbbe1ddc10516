import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RefusedError } from "../../messages/errors.ts";
import { RamDisk } from "../rkblkdev/ram-disk.ts";
import { O } from "../vfs/flags.ts";
import { DirectoryInode } from "../vfs/inode.ts";
import { failure, Tree } from "../vfs/tree-fixture.ts";
import { Ext2Filesystem } from "./filesystem.ts";
import { type ImageOptions, makeImage } from "./image-fixture.ts";

/** A disk is the guest's to write: whatever stands on it, file calls answer with an errno. */

const mount = (bytes: Uint8Array) =>
  new Ext2Filesystem(new RamDisk(bytes), { readOnly: false, now: () => 1n, after: () => {} });

/** An image with files, holes, links and directories. */
function populated(options: ImageOptions): Uint8Array {
  const bytes = makeImage(options);
  const filesystem = mount(bytes);
  const tree = new Tree(filesystem);
  for (const path of ["/a", "/a/b", "/a/b/c"]) tree.mkdir(path);
  for (let i = 0; i < 12; i++) tree.write(`/a/f${i}`, String(i).repeat(i * 700));
  const file = tree.open("/a/b/big", O.RDWR | O.CREAT);
  file.writeAt(new Uint8Array(30_000).fill(1), 300_000);
  file.release();
  tree.symlink("x".repeat(100), "/slow");
  tree.symlink("a/b", "/fast");
  tree.link("/a/b/big", "/big");
  filesystem.unmount();
  return bytes;
}

const images = [populated({}), populated({ blockSize: 4096, blocks: 200, inodeSize: 256 })];

/** Walks and changes all that can be reached. */
function exercise(bytes: Uint8Array): void {
  const filesystem = mount(bytes);
  const tree = new Tree(filesystem);
  const paths: string[] = [];
  const attempt = (action: () => unknown) => failure(action);
  const walk = (path: string, depth: number): void => {
    let names: string[] = [];
    attempt(() => {
      names = tree.list(path || "/");
    });
    for (const name of names.slice(0, 40))
      attempt(() => {
        const full = `${path}/${name}`;
        const { inode } = tree.find(full, false).dentry;
        paths.push(full);
        if (inode instanceof DirectoryInode && depth < 5) walk(full, depth + 1);
        else attempt(() => tree.open(full, O.NOFOLLOW | O.NONBLOCK).readAt(new Uint8Array(9000), 0));
      });
  };
  walk("", 0);
  for (const path of paths.slice(0, 60)) {
    attempt(() => tree.open(path, O.RDWR | O.NONBLOCK).writeAt(new Uint8Array(3000), 100_000));
    attempt(() => tree.open(path, O.RDWR | O.NONBLOCK).truncate(50));
    attempt(() => tree.write(`${path}/new`, "new"));
    attempt(() => tree.rename(path, `${path}.moved`));
    attempt(() => tree.unlink(`${path}.moved`));
    attempt(() => tree.rmdir(path));
  }
  attempt(() => filesystem.sync());
  attempt(() => filesystem.unmount());
}

test("damaged images are answered for", () => {
  const damage = fc.record({
    at: fc.oneof(fc.nat(1400), fc.integer({ min: 1024, max: 50_000 }), fc.nat(300_000)),
    value: fc.oneof(fc.nat(300), fc.constant(0xffff_ffff), fc.integer({ min: 0, max: 0xffff_ffff })),
  });
  let mounted = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...images),
      fc.array(damage, { minLength: 1, maxLength: 25 }),
      (image, list) => {
        const bytes = image.slice();
        const view = new DataView(bytes.buffer);
        for (const { at, value } of list) view.setUint32(at - (at % 4), value, true);
        try {
          exercise(bytes);
          mounted++;
        } catch (error) {
          if (!(error instanceof RefusedError)) throw error;
        }
      },
    ),
    { seed: 9, numRuns: 150 },
  );
  expect(mounted).toBeGreaterThan(30);
});

/** The image of 1 KiB blocks with 32 bits somewhere changed. */
function changed(at: number, value: number): Uint8Array {
  const bytes = images[0].slice();
  new DataView(bytes.buffer).setUint32(at, value, true);
  return bytes;
}

/** Where inode `ino` of that image stands. */
function inodeAt(ino: number): number {
  return new DataView(images[0].buffer).getUint32(2048 + 8, true) * 1024 + (ino - 1) * 128;
}

describe("circles end:", () => {
  const big = new Tree(mount(images[0].slice())).stat("/big").ino;
  const pointer = (index: number) =>
    new DataView(images[0].buffer).getUint32(inodeAt(big) + 40 + 4 * index, true);

  test("an indirect block that leads to itself", () => {
    const indirect = pointer(13);
    const bytes = changed(inodeAt(big) + 40 + 56, indirect);
    new Uint32Array(bytes.buffer, indirect * 1024, 256).fill(indirect);
    const tree = new Tree(mount(bytes));
    tree.unlink("/big");
    expect(failure(() => tree.unlink("/a/b/big"))).toBe("EUCLEAN");
  });

  test("a directory of the size of anything", () => {
    const { ino } = new Tree(mount(images[0].slice())).stat("/a");
    const tree = new Tree(mount(changed(inodeAt(ino) + 4, 0xffff_fc00)));
    expect(failure(() => tree.list("/a"))).toBe("EUCLEAN");
  });

  test("a directory that is in itself", () => {
    const bytes = images[0].slice();
    const { ino } = new Tree(mount(bytes.slice())).stat("/a");
    const block = new DataView(bytes.buffer).getUint32(inodeAt(ino) + 40, true) * 1024;
    // The first entry behind "." and "..".
    new DataView(bytes.buffer).setUint32(block + 24, ino, true);
    const tree = new Tree(mount(bytes));
    const [name] = tree.list("/a").filter((each) => tree.stat(`/a/${each}`).ino === ino);
    expect(tree.stat(`/a/${name}/${name}/${name}`).ino).toBe(ino);
    expect(failure(() => tree.rename("/a", `/a/${name}/x`))).not.toBe("");
  });
});

test("pointers into the file system's own blocks are not followed to be written", () => {
  const { ino } = new Tree(mount(images[0].slice())).stat("/a/f5");
  const table = new DataView(images[0].buffer).getUint32(2048 + 8, true);
  for (const block of [1, 2, 3, table, table + 3]) {
    const bytes = changed(inodeAt(ino) + 40, block);
    const tree = new Tree(mount(bytes));
    expect(failure(() => tree.open("/a/f5", O.WRONLY).writeAt(new Uint8Array(8), 0))).toBe("EUCLEAN");
  }
});

describe("is refused:", () => {
  const refusals: [string, number, number, RegExp][] = [
    ["no ext2", 56, 0, /no ext2 file system/],
    ["features of ext4", 96, 0x242, /needs what ext2 does not have: extent, flex_bg$/],
    ["unknown features", 96, 0x8000_0002, /bit 31$/],
    ["a journal to be replayed", 96, 6, /journal has to be replayed/],
    ["large blocks", 24, 3, /s_log_block_size is 3/],
    ["groups of nothing", 32, 0, /s_blocks_per_group is 0/],
    ["more blocks than the disk", 4, 5000, /has 5120000 bytes, but the disk only 1048576/],
    ["more inodes than there is room for", 0, 4_000_000_000, /s_inodes_count/],
    ["a size of inodes that is none", 88, 200, /s_inode_size is 200/],
    ["a revision from elsewhere", 76, 7, /s_rev_level is 7/],
  ];
  test.each(refusals)("%s", (_what, field, value, message) => {
    expect(() => mount(changed(1024 + field, value))).toThrow(RefusedError);
    expect(() => mount(changed(1024 + field, value))).toThrow(message);
  });

  test("a root that is no directory, and no disk at all", () => {
    expect(() => mount(changed(inodeAt(2), 0))).toThrow(/root directory is damaged/);
    expect(() => mount(new Uint8Array(512))).toThrow(/no ext2 file system/);
  });
});

test("features that only writers must know make it read-only", () => {
  const tree = new Tree(mount(changed(1024 + 100, 0x400)));
  expect(tree.read("/a/f1").length).toBe(700);
  expect(failure(() => tree.write("/x", ""))).toBe("EROFS");
});
