import type { Location } from "../vfs/dentry.ts";
import { DirectoryFile } from "../vfs/directory-file.ts";
import { fail } from "../vfs/error.ts";
import type { Filesystem } from "../vfs/filesystem.ts";
import {
  type AttributeChange,
  type Attributes,
  type DirectoryEntry,
  DirectoryInode,
  FileType,
  Inode,
  SymlinkInode,
} from "../vfs/inode.ts";
import { toByteString, toBytes } from "../vfs/names.ts";
import { OpenFile, Seek } from "../vfs/open-file.ts";
import { WeakNames } from "../vfs/weak-names.ts";

/** What the nodes of a proc filesystem share: numbers by path, and the time of boot. */
export interface ProcContext {
  readonly filesystem: Filesystem;
  readonly bootTime: bigint;
}

/** Numbers for what has no storage: the same path has the same one (FNV-1a). */
function inoOf(path: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return (hash >>> 0) + 2 ** 32;
}

function attributes({ bootTime }: ProcContext, path: string, mode: number, nlink: number): Attributes {
  return {
    ...{ ino: inoOf(path), mode, nlink, uid: 0, gid: 0, rdev: 0, size: 0, blocks: 0 },
    ...{ atime: bootTime, mtime: bootTime, ctime: bootTime },
  };
}

/** A node of the tree: made when it is looked up. */
export type ProcNode = ProcDirectory | ProcText | ProcLink;

/** A file whose text is made when it is opened. */
export class ProcText extends Inode {
  readonly type: number = FileType.regular;
  private readonly context: ProcContext;
  private readonly path: string;
  private readonly text: () => string;

  constructor(context: ProcContext, path: string, text: () => string) {
    super();
    this.context = context;
    this.path = path;
    this.text = text;
  }

  get filesystem(): Filesystem {
    return this.context.filesystem;
  }

  attributes(): Attributes {
    return attributes(this.context, this.path, FileType.regular | 0o444, 1);
  }

  setAttributes(_change: AttributeChange): void {
    fail("EPERM");
  }

  open(location: Location, flags: number): OpenFile {
    return new TextFile(location, flags, toBytes(toByteString(this.text())));
  }
}

class TextFile extends OpenFile {
  private readonly bytes: Uint8Array;
  private position = 0;

  constructor(location: Location, flags: number, bytes: Uint8Array) {
    super(location, flags);
    this.bytes = bytes;
  }

  override get divisible(): boolean {
    return true;
  }

  override read(into: Uint8Array): number {
    const count = this.readAt(into, this.position);
    this.position += count;
    return count;
  }

  override readAt(into: Uint8Array, position: number): number {
    const part = this.bytes.subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  override seek(offset: number, whence: number): number {
    const target = whence === Seek.current ? this.position + offset : offset;
    if (whence > Seek.current || target < 0) fail("EINVAL");
    this.position = target;
    return target;
  }
}

/** A link with a text, or straight to a place. */
export class ProcLink extends SymlinkInode {
  private readonly context: ProcContext;
  private readonly path: string;
  private readonly to: () => string | Location;

  constructor(context: ProcContext, path: string, to: () => string | Location) {
    super();
    this.context = context;
    this.path = path;
    this.to = to;
  }

  get filesystem(): Filesystem {
    return this.context.filesystem;
  }

  attributes(): Attributes {
    return attributes(this.context, this.path, FileType.symlink | 0o777, 1);
  }

  setAttributes(_change: AttributeChange): void {
    fail("EPERM");
  }

  target(): string {
    const to = this.to();
    return typeof to === "string" ? to : fail("EINVAL");
  }

  override follow(): Location | undefined {
    const to = this.to();
    return typeof to === "string" ? undefined : to;
  }
}

/** A directory: names now, and how to make what one of them is. */
export class ProcDirectory extends DirectoryInode {
  private readonly context: ProcContext;
  private readonly path: string;
  private readonly names: () => string[];
  private readonly node: (name: string, path: string) => ProcNode;
  private readonly made = new WeakNames<ProcNode>();

  constructor(
    context: ProcContext,
    path: string,
    names: () => string[],
    node: (name: string, path: string) => ProcNode,
  ) {
    super();
    this.context = context;
    this.path = path;
    this.names = names;
    this.node = node;
  }

  get filesystem(): Filesystem {
    return this.context.filesystem;
  }

  attributes(): Attributes {
    return attributes(this.context, this.path, FileType.directory | 0o555, 2);
  }

  setAttributes(_change: AttributeChange): void {
    fail("EPERM");
  }

  open(location: Location, flags: number): OpenFile {
    return new DirectoryFile(location, flags);
  }

  lookup(name: string): Inode | undefined {
    if (!this.names().includes(name)) return undefined;
    const known = this.made.get(name);
    if (known) return known;
    const made = this.node(name, `${this.path}/${name}`);
    this.made.set(name, made);
    return made;
  }

  entries(): readonly DirectoryEntry[] {
    return this.names().map((name) => {
      const path = `${this.path}/${name}`;
      return { name, ino: inoOf(path), type: this.node(name, path).type };
    });
  }

  override create(): Inode {
    return fail("ENOENT");
  }
}
