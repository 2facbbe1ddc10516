import { createHash } from "node:crypto";
import { O } from "../../../src/kernel/vfs/flags.ts";
import { FileType } from "../../../src/kernel/vfs/inode.ts";
import type { OpenFile } from "../../../src/kernel/vfs/open-file.ts";
import { Rename } from "../../../src/kernel/vfs/rename.ts";
import { failure, type Tree } from "../../../src/kernel/vfs/tree-fixture.ts";

/** Numbers from 0 up to a limit that follow from a seed. */
export type Below = (limit: number) => number;

export function numbers(seed: number): Below {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

const NAMES = ["a", "b", "c", "d"];
/** Modes of `fallocate` that files know. */
const ALLOCATIONS = [0, 1, 3, 16, 17];

/** Changes a tree at random: everything that a file system does, with some files held open. */
export class Changes {
  readonly held: OpenFile[] = [];
  private readonly tree: Tree;
  private readonly below: Below;

  constructor(tree: Tree, below: Below) {
    this.tree = tree;
    this.below = below;
  }

  /** One change, which may fail as it would anywhere. */
  change(): void {
    const kinds = [
      this.write,
      this.write,
      this.write,
      this.directory,
      this.directory,
      this.remove,
      this.remove,
    ];
    const rarer = [this.removeDirectory, this.rename, this.rename, this.link, this.truncate, this.allocate];
    const all = [...kinds, ...rarer, this.letGo, this.writeHeld, this.special, this.symlink];
    failure(() => all[this.below(all.length)].call(this));
  }

  close(): void {
    for (const file of this.held.splice(0)) file.release();
  }

  private path(): string {
    let path = "";
    for (let depth = 1 + this.below(2); depth > 0; depth--) path += `/${NAMES[this.below(NAMES.length)]}`;
    return path;
  }

  private write(): void {
    const { below } = this;
    const file = this.tree.open(this.path(), O.RDWR | O.CREAT | O.NONBLOCK);
    const bytes = new Uint8Array(below(20_000)).fill(1 + below(255));
    try {
      file.writeAt(bytes, below(4) > 0 ? below(30_000) : below(2_000_000));
    } finally {
      if (below(3) > 0) file.release();
      else this.held.push(file);
    }
  }

  private writeHeld(): void {
    const file = this.held[this.below(this.held.length)];
    file?.writeAt(new Uint8Array(this.below(9000)).fill(7), this.below(100_000));
  }

  private letGo(): void {
    this.held.splice(this.below(this.held.length), 1)[0]?.release();
  }

  private directory(): void {
    this.tree.mkdir(this.path());
  }

  private remove(): void {
    this.tree.unlink(this.path());
  }

  private removeDirectory(): void {
    this.tree.rmdir(this.path());
  }

  private rename(): void {
    this.tree.rename(this.path(), this.path(), this.below(4) === 0 ? Rename.exchange : 0);
  }

  private link(): void {
    this.tree.link(this.path(), this.path());
  }

  private symlink(): void {
    this.tree.symlink("x".repeat(1 + this.below(120)), this.path());
  }

  private special(): void {
    this.tree.mknod(this.path(), FileType.fifo | 0o644);
  }

  private truncate(): void {
    this.onFile((file) => file.truncate(this.below(40_000)));
  }

  private allocate(): void {
    const { below } = this;
    this.onFile((file) =>
      file.allocate(ALLOCATIONS[below(ALLOCATIONS.length)], below(30_000), 1 + below(50_000)),
    );
  }

  private onFile(action: (file: OpenFile) => void): void {
    const file = this.tree.open(this.path(), O.RDWR | O.NONBLOCK);
    try {
      action(file);
    } finally {
      file.release();
    }
  }
}

/** Every path below with all that is known of what is there. */
export function describeTree(tree: Tree, path = "/"): string[] {
  return tree.list(path).flatMap((name) => {
    const full = path === "/" ? `/${name}` : `${path}/${name}`;
    const { mode, nlink, size, blocks, mtime } = tree.lstat(full);
    const line = `${full} ${mode.toString(8)} ${nlink} ${size} ${blocks} ${mtime}`;
    const type = mode & FileType.mask;
    if (type === FileType.directory) return [line, ...describeTree(tree, full)];
    if (type === FileType.symlink) return [`${line} ${tree.readlink(full)}`];
    if (type !== FileType.regular) return [line];
    return [`${line} ${createHash("sha1").update(tree.read(full)).digest("hex")}`];
  });
}
