import { Dentry, type Location } from "./dentry.ts";
import { fail } from "./error.ts";
import type { Filesystem } from "./filesystem.ts";
import { type AttributeChange, type Attributes, DirectoryInode, Inode } from "./inode.ts";
import type { OpenFile } from "./open-file.ts";

type Opener = (location: Location, flags: number) => OpenFile;

/** The inode of something that is in no directory. */
class AnonymousInode extends Inode {
  readonly filesystem: Filesystem = anonymous;
  readonly type: number;
  private readonly opener: Opener;
  private current: Attributes;

  constructor(type: number, ino: number, now: bigint, opener: Opener) {
    super();
    this.type = type;
    this.opener = opener;
    this.current = {
      ...{ ino, mode: type | 0o600, nlink: 1, uid: 0, gid: 0, rdev: 0, size: 0, blocks: 0 },
      ...{ atime: now, mtime: now, ctime: now },
    };
  }

  attributes(): Attributes {
    return this.current;
  }

  setAttributes(change: AttributeChange): void {
    const { mode, uid, gid, atime, mtime, ctime } = this.current;
    this.current = {
      ...this.current,
      mode: change.mode === undefined ? mode : this.type | change.mode,
      uid: change.uid ?? uid,
      gid: change.gid ?? gid,
      atime: change.atime ?? atime,
      mtime: change.mtime ?? mtime,
      ctime,
    };
  }

  open(location: Location, flags: number): OpenFile {
    return this.opener(location, flags);
  }
}

/** Nobody can get here: it is mounted nowhere. */
class NoDirectory extends DirectoryInode {
  readonly filesystem: Filesystem;
  constructor(filesystem: Filesystem) {
    super();
    this.filesystem = filesystem;
  }
  attributes(): Attributes {
    return fail("ENOENT");
  }
  setAttributes(): void {
    fail("ENOENT");
  }
  open(): OpenFile {
    return fail("ENOENT");
  }
  lookup(): undefined {
    return undefined;
  }
  entries() {
    return [];
  }
}

/** The filesystem that pipes and their like are in. */
class AnonymousFilesystem implements Filesystem {
  readonly name = "pipefs";
  readonly source = "pipefs";
  /** PIPEFS_MAGIC */
  readonly magic = 0x50495045;
  readonly readOnly = false;
  readonly root: DirectoryInode = new NoDirectory(this);
  use() {
    return { blockSize: 4096, blocks: 0, freeBlocks: 0, files: 0, freeFiles: 0 };
  }
}

const anonymous = new AnonymousFilesystem();
/** Its device number is above those that mounting gives. */
const mount = {
  filesystem: anonymous,
  device: 0xff,
  root: new Dentry("", undefined, anonymous.root),
  at: undefined,
};

/** A place for something in no directory, called `kind:[number]`. `opener` opens it again. */
export function anonymousPlace(
  kind: string,
  type: number,
  number: number,
  now: bigint,
  opener: Opener,
): Location {
  return {
    mount,
    dentry: new Dentry(`${kind}:[${number}]`, undefined, new AnonymousInode(type, number, now, opener)),
  };
}
