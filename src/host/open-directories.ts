import { closeSync, constants, openSync, readlinkSync } from "node:fs";
import { fail } from "../kernel/vfs/error.ts";
import type { ByteString } from "../kernel/vfs/names.ts";

/** Opens a name itself, not what is in it (Linux). */
export const O_PATH = 0o10000000;
const { O_DIRECTORY, O_NOFOLLOW } = constants;

/** Directories kept open in one tree: the way to the file at hand, and a little more. */
const KEPT_OPEN = 8;

/** Descriptors of directories by path, checked at every use; those used last stay open. */
export class OpenDirectories {
  private readonly descriptors = new Map<ByteString, number>();

  constructor() {
    // Nobody closes a tree: its descriptors go when it does.
    abandoned.register(this, this.descriptors);
  }

  /** The descriptor of the directory whose path is `expected`, with no symbolic link on the way. */
  open(expected: ByteString): number {
    const known = this.descriptors.get(expected);
    this.descriptors.delete(expected);
    if (known !== undefined && realPathOf(known) === expected) {
      this.descriptors.set(expected, known);
      return known;
    }
    if (known !== undefined) closeSync(known);
    const fd = openSync(bytesOf(expected), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (realPathOf(fd) !== expected) {
      closeSync(fd);
      return fail("ENOENT");
    }
    this.descriptors.set(expected, fd);
    for (const [path, oldest] of this.descriptors) {
      if (this.descriptors.size <= KEPT_OPEN) break;
      this.descriptors.delete(path);
      closeSync(oldest);
    }
    return fd;
  }
}

const abandoned = new FinalizationRegistry<Map<ByteString, number>>((descriptors) => {
  for (const fd of descriptors.values()) closeSync(fd);
});

function realPathOf(fd: number): ByteString {
  return readlinkSync(`/proc/self/fd/${fd}`, "latin1");
}

/** A path as `node:fs` takes it. */
export function bytesOf(path: ByteString): Buffer {
  return Buffer.from(path, "latin1");
}
