import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Ext2Filesystem } from "../../../src/kernel/ext2/filesystem.ts";
import { RamDisk } from "../../../src/kernel/rkblkdev/ram-disk.ts";
import { Tree } from "../../../src/kernel/vfs/tree-fixture.ts";
import { temporaryFolder } from "../toolchain.ts";
import { Changes, describeTree, numbers } from "./changes.ts";
import { checkDisk, makeDisk } from "./disk.ts";

/**
 * The host may end between any two pages that it writes: e2fsck finds nothing wrong with a disk that has only the first
 * so many of them, and what was synced is on it. RUNS=200 is more.
 */
const runs = Number(process.env.RUNS ?? 8);
const STEPS = 120;
const PAGE = 4096;

const folder = temporaryFolder();
const path = join(folder, "disk.img");

/** Records what is written, page by page: a host that is killed ends between two of them. */
class RecordingDisk extends RamDisk {
  readonly pages: { readonly offset: number; readonly bytes: Uint8Array }[] = [];

  override write(offset: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const count = Math.min(bytes.length - at, PAGE - ((offset + at) % PAGE));
      this.pages.push({ offset: offset + at, bytes: bytes.slice(at, at + count) });
      at += count;
    }
    super.write(offset, bytes);
  }
}

let clock = 1_700_000_000_000_000_000n;
const now = () => clock++;

function mount(disk: RamDisk, readOnly: boolean, after: (_: number, action: () => void) => void = () => {}) {
  return new Ext2Filesystem(disk, { readOnly, now, after });
}

function check(bytes: Uint8Array): void {
  writeFileSync(path, bytes);
  checkDisk(path);
}

const IMAGES: readonly [size: string, ...options: string[]][] = [
  ["2M", "-b", "1024", "-I", "128"],
  ["4M", "-b", "4096"],
  ["3M", "-b", "2048", "-g", "512", "-N", "256"],
  ["2M", "-b", "1024", "-g", "256", "-N", "256", "-O", "^filetype,^sparse_super,^resize_inode"],
];

test("every page written leaves a whole file system", { timeout: runs * 120_000 }, () => {
  for (let run = 0; run < runs; run++) {
    const below = numbers(run);
    const [size, ...options] = IMAGES[run % IMAGES.length];
    const start = new Uint8Array(readFileSync(makeDisk(path, size, ...options)));
    const disk = new RecordingDisk(start.slice());
    let timer = () => {};
    const filesystem = mount(disk, false, (_, action) => {
      timer = action;
    });
    const tree = new Tree(filesystem);
    const changes = new Changes(tree, below);
    const synced: { readonly pages: number; readonly tree: string[] }[] = [];
    for (let step = 0; step < STEPS; step++) {
      changes.change();
      if (below(8) === 0) timer();
      if (below(15) > 0) continue;
      filesystem.sync();
      synced.push({ pages: disk.pages.length, tree: describeTree(tree) });
    }
    expect(synced.length).toBeGreaterThan(0);

    const killed = start.slice();
    disk.pages.forEach(({ offset, bytes }, i) => {
      killed.set(bytes, offset);
      // Descriptors and superblock, where things come true, and some of the rest.
      if (offset < 4 * PAGE || below(4) === 0) check(killed);
      for (const { pages, tree: expected } of synced)
        if (pages === i + 1)
          expect(describeTree(new Tree(mount(new RamDisk(killed.slice()), true)))).toEqual(expected);
    });

    const last = describeTree(tree);
    changes.close();
    filesystem.unmount();
    check(disk.bytes);
    expect(describeTree(new Tree(mount(new RamDisk(disk.bytes.slice()), true)))).toEqual(last);
  }
});

test("what was written on a disk that is full is whole, and room comes back", () => {
  for (const [size, ...options] of IMAGES) {
    const disk = new RecordingDisk(new Uint8Array(readFileSync(makeDisk(path, size, ...options))));
    const filesystem = mount(disk, false);
    const tree = new Tree(filesystem);
    const free = filesystem.use().freeBlocks;
    for (let round = 0; round < 3; round++) {
      tree.mkdir("/d");
      let files = 0;
      for (; ; files++) {
        const file = tree.open(`/d/${files}`, 0o102);
        let count = 0;
        try {
          count = file.write(new Uint8Array(60_000).fill(round + 1));
        } catch {
          // No room at all.
        }
        file.release();
        if (count < 60_000) break;
      }
      expect(files).toBeGreaterThan(10);
      filesystem.sync();
      check(disk.bytes);
      for (const name of tree.list("/d")) tree.unlink(`/d/${name}`);
      tree.rmdir("/d");
      filesystem.sync();
      expect(filesystem.use().freeBlocks).toBe(free);
    }
    filesystem.unmount();
    check(disk.bytes);
  }
});
