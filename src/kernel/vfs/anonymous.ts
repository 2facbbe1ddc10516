import { Dentry, type Location } from "./dentry.ts";
import { fail } from "./error.ts";
import type { Filesystem } from "./filesystem.ts";
import {
  type AttributeChange,
  type Attributes,
  DirectoryInode,
  FileType,
  Inode,
  type Owner,
} from "./inode.ts";
import type { Mount } from "./mount.ts";
import type { OpenFile } from "./open-file.ts";

type Opener = (location: Location, flags: number) => OpenFile;

/** The inode of something that is in no directory. */
class AnonymousInode extends Inode {
  readonly filesystem: Filesystem;
  readonly type: number;
  private readonly opener: Opener;
  private current: Attributes;

  constructor(
    filesystem: Filesystem,
    type: number,
    ino: number,
    now: bigint,
    { uid, gid }: Owner,
    opener: Opener,
  ) {
    super();
    this.filesystem = filesystem;
    this.type = type;
    this.opener = opener;
    this.current = {
      ...{
        ino,
        mode: type | (type === FileType.socket ? 0o777 : 0o600),
        nlink: 1,
        uid,
        gid,
        rdev: 0,
        size: 0,
        blocks: 0,
      },
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

/** The filesystem that pipes, or others of their kind, are in. */
class AnonymousFilesystem implements Filesystem {
  readonly name: string;
  readonly source: string;
  readonly magic: number;
  readonly readOnly = false;
  readonly root: DirectoryInode = new NoDirectory(this);

  constructor(name: string, magic: number) {
    this.name = name;
    this.source = name;
    this.magic = magic;
  }

  use() {
    return { blockSize: 4096, blocks: 0, freeBlocks: 0, files: 0, freeFiles: 0 };
  }
}

/** Its device number (major 0, minor 256 and up) is above those that mounting gives. */
function mountNowhere(name: string, magic: number, device: number): Mount {
  const filesystem = new AnonymousFilesystem(name, magic);
  return { filesystem, device, root: new Dentry("", undefined, filesystem.root), at: undefined, flags: 0 };
}

/** PIPEFS_MAGIC, SOCKFS_MAGIC, ANON_INODE_FS_MAGIC (linux/magic.h). */
const mounts = {
  pipe: mountNowhere("pipefs", 0x50495045, 0x10_0000),
  socket: mountNowhere("sockfs", 0x534f434b, 0x10_0001),
  anon_inode: mountNowhere("anon_inodefs", 0x09041934, 0x10_0002),
};

const ROOT: Owner = { uid: 0, gid: 0 };

function place(
  mount: Mount,
  name: string,
  type: number,
  ino: number,
  now: bigint,
  opener: Opener,
  owner = ROOT,
): Location {
  const inode = new AnonymousInode(mount.filesystem, type, ino, now, owner, opener);
  return { mount, dentry: new Dentry(name, undefined, inode) };
}

/** A place for a pipe or socket, called `kind:[number]`. `opener` opens it again; absent `owner`: root. */
export function anonymousPlace(
  kind: "pipe" | "socket",
  number: number,
  now: bigint,
  opener: Opener,
  owner?: Owner,
): Location {
  const type = kind === "pipe" ? FileType.fifo : FileType.socket;
  return place(mounts[kind], `${kind}:[${number}]`, type, number, now, opener, owner);
}

/** A place for something that is neither file nor stream: `anon_inode:[eventfd]`. It cannot be opened again. */
export function eventPlace(name: string, now: bigint): Location {
  return place(mounts.anon_inode, `anon_inode:${name}`, 0, 1, now, () => fail("ENXIO"));
}
