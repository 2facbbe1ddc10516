import type { P9Client } from "../rk9p/client.ts";
import type { Filesystem, FilesystemUse } from "../vfs/filesystem.ts";
import type { DirectoryInode } from "../vfs/inode.ts";
import { AbsentNames } from "./absent-names.ts";
import { HostDirectory } from "./inodes.ts";
import { HostNode } from "./node.ts";
import { ReadAhead } from "./read-ahead.ts";

/** What fids of files that are not open may be kept: each is a path in the server's memory, and an inode here. */
const MOST_KEPT = 8192;

/** When what was seen of the host's files is no longer sure, for all filesystems of a machine together. */
export interface Moments {
  /** Turns of the host's event loop: the guest may have heard of something that was done outside. */
  readonly turns: { readonly count: number };
  /** Changes by the guest, of all filesystems: their directories may lie in each other. */
  changes: number;
}

export interface HostFilesystemOptions {
  readonly readOnly: boolean;
  readonly moments: Moments;
}

/** A directory of the host as a filesystem, over 9P. The host may change it at any time: nothing is known for long. */
export class HostFilesystem implements Filesystem {
  readonly name = "hostfs";
  readonly source: string;
  /** V9FS_MAGIC: what Linux calls a directory that its host shares with it. */
  readonly magic = 0x01021997;
  readonly readOnly: boolean;
  readonly root: DirectoryInode;
  readonly client: P9Client;
  private readonly rootFid: number;
  readonly absent = new AbsentNames<HostNode>();
  readonly readAhead = new ReadAhead();
  private readonly moments: Moments;
  private changes = 0;
  private fresh: { readonly node: HostNode; readonly fid: number } | undefined;
  /** Nodes with a fid, those used last at the end. */
  private readonly kept = new Set<HostNode>();

  /** Throws `VfsError` where the server does not give its tree. */
  constructor(client: P9Client, { readOnly, moments }: HostFilesystemOptions) {
    this.client = client;
    this.source = client.tag;
    this.readOnly = readOnly;
    this.moments = moments;
    this.rootFid = client.attach();
    this.root = new HostDirectory(HostNode.top(this, this.rootFid));
  }

  use(): FilesystemUse {
    return this.client.use(this.rootFid);
  }

  /** What is seen at one moment stays so until the next, but for what the guest changes here. */
  get moment(): number {
    return this.moments.turns.count + this.moments.changes - this.changes;
  }

  /** The same, and another one when the guest has changed any file. */
  get stamp(): number {
    return this.moments.turns.count + this.moments.changes;
  }

  /** Does what changes a file. */
  change<T>(action: () => T): T {
    try {
      return action();
    } finally {
      this.changed();
    }
  }

  /** Does what changes names in directories. */
  changeEntries(directories: readonly HostNode[], action: () => void): void {
    try {
      action();
    } finally {
      this.changed();
      for (const directory of directories) directory.entriesChanged();
    }
  }

  private changed(): void {
    this.changes++;
    this.moments.changes++;
  }

  /** A file that was just made is open as `fid`, for whoever opens it first. */
  opened(node: HostNode, fid: number): void {
    if (this.fresh) this.client.clunk(this.fresh.fid);
    this.fresh = { node, fid };
  }

  takeOpened(node: HostNode): number | undefined {
    const { fresh } = this;
    if (fresh?.node !== node) return undefined;
    this.fresh = undefined;
    return fresh.fid;
  }

  /** A node's fid has been used: it is kept, and the one used longest ago let go of where there are too many. */
  keep(node: HostNode): void {
    this.kept.delete(node);
    this.kept.add(node);
    if (this.kept.size <= MOST_KEPT) return;
    for (const oldest of this.kept) {
      oldest.letGo();
      return;
    }
  }

  forget(node: HostNode): void {
    this.kept.delete(node);
  }
}
