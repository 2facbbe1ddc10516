import { type BigIntStats, readdirSync } from "node:fs";
import type { SharedAttributes, SharedFile, SharedPath, SharedTree } from "../devices/virtio/p9/tree.ts";
import type { Attributes } from "../kernel/vfs/inode.ts";
import type { ByteString } from "../kernel/vfs/names.ts";
import { cliText } from "../messages/cli.ts";
import { RefusedError } from "../messages/errors.ts";
import { HostDirectoryTree } from "./directory.ts";
import { attributesOf } from "./guest-terms.ts";
import { nodeHost } from "./node.ts";
import { bytesOf } from "./open-directories.ts";
import { SharedHostFile } from "./shared-file.ts";
import { why } from "./why.ts";

/** Odd, and with bits everywhere: 2^64 divided by the golden ratio. */
const SPREAD = 0x9e37_79b9_7f4a_7c15n;

/** A directory of this host that a machine's guest may mount. Throws `RefusedError` where it is none. */
export function shareDirectory(path: string, writable: boolean): SharedTree {
  try {
    return new SharedDirectory(path, !writable);
  } catch (error) {
    throw new RefusedError(cliText.cannotRead(path, why(error)));
  }
}

class SharedDirectory extends HostDirectoryTree implements SharedTree {
  /** Where files of the tree lie: filesystems may be mounted below it, and each has inode numbers of its own. */
  private readonly filesystems: bigint[] = [];
  private readonly describe = (stat: BigIntStats): Attributes & SharedAttributes => {
    let index = this.filesystems.indexOf(stat.dev);
    if (index < 0) index = this.filesystems.push(stat.dev) - 1;
    return { ...attributesOf(stat), id: BigInt.asUintN(64, stat.ino + BigInt(index) * SPREAD) };
  };

  override stat(path: SharedPath): (Attributes & SharedAttributes) | undefined {
    const found = this.look(path);
    return found && this.describe(found);
  }

  names(path: SharedPath): ByteString[] {
    return this.inside(path, (prefix) =>
      readdirSync(bytesOf(prefix), { encoding: "buffer" }).map((name) => name.toString("latin1")),
    );
  }

  openFile(path: SharedPath, write: boolean): SharedFile {
    return new SharedHostFile(this.descriptor(path, write), this.describe);
  }

  makeFile(path: SharedPath, mode: number): SharedFile {
    return new SharedHostFile(this.newDescriptor(path, mode), this.describe);
  }

  now(): bigint {
    return nodeHost.now();
  }
}
