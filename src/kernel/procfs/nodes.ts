import type { Location } from "../vfs/dentry.ts";
import { DirectoryFile } from "../vfs/directory-file.ts";
import { fail } from "../vfs/error.ts";
import type { Filesystem } from "../vfs/filesystem.ts";
import { O } from "../vfs/flags.ts";
import {
  type AttributeChange,
  type Attributes,
  type DirectoryEntry,
  DirectoryInode,
  FileType,
  Inode,
  type Owner,
  SymlinkInode,
} from "../vfs/inode.ts";
import { toByteString, toBytes } from "../vfs/names.ts";
import { OpenFile, Seek } from "../vfs/open-file.ts";
import { WeakNames } from "../vfs/weak-names.ts";

/** What the nodes of a proc filesystem share: numbers by path, and the time of boot. */
export interface ProcContext {
  readonly filesystem: Filesystem;
  readonly bootTime: bigint;
  /** Whose the nodes are; absent: root's. */
  readonly owner?: () => Owner;
}

const ROOT: Owner = { uid: 0, gid: 0 };

/** Numbers for what has no storage: the same path has the same one (FNV-1a). */
function inoOf(path: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < path.length; i++) hash = Math.imul(hash ^ path.charCodeAt(i), 0x01000193);
  return (hash >>> 0) + 2 ** 32;
}

function attributes({ bootTime, owner }: ProcContext, path: string, mode: number, nlink: number): Attributes {
  const { uid, gid } = owner?.() ?? ROOT;
  return {
    ...{ ino: inoOf(path), mode, nlink, uid, gid, rdev: 0, size: 0, blocks: 0 },
    ...{ atime: bootTime, mtime: bootTime, ctime: bootTime },
  };
}

/** A node of the tree: made when it is looked up. */
export type ProcNode = ProcDirectory | ProcFile | ProcLink;

/** What is written to a file of `/proc`, one `write` at a time. Throws `VfsError`. */
export type TextWriter = (text: string) => void;

/** A file with a way of its own to be opened. */
export class ProcFile extends Inode {
  readonly type: number = FileType.regular;
  private readonly context: ProcContext;
  private readonly path: string;
  private readonly permissions: number;
  private readonly opener: (location: Location, flags: number) => OpenFile;

  constructor(
    context: ProcContext,
    path: string,
    permissions: number,
    opener: (location: Location, flags: number) => OpenFile,
  ) {
    super();
    this.context = context;
    this.path = path;
    this.permissions = permissions;
    this.opener = opener;
  }

  get filesystem(): Filesystem {
    return this.context.filesystem;
  }

  attributes(): Attributes {
    return attributes(this.context, this.path, FileType.regular | this.permissions, 1);
  }

  setAttributes(change: AttributeChange): void {
    refuseChange(change);
  }

  open(location: Location, flags: number): OpenFile {
    return this.opener(location, flags);
  }
}

/** A file whose text is made when it is opened, and that may take what is written to it. */
export class ProcText extends ProcFile {
  constructor(
    context: ProcContext,
    path: string,
    text: () => string | Uint8Array,
    writer?: TextWriter,
    permissions = writer ? 0o644 : 0o444,
  ) {
    super(context, path, permissions, (location, flags) => {
      if ((flags & O.ACCMODE) !== O.RDONLY && !writer) fail("EACCES");
      const made = (flags & O.ACCMODE) === O.WRONLY ? "" : text();
      const bytes = typeof made === "string" ? toBytes(toByteString(made)) : made;
      return new TextFile(location, flags, bytes, writer);
    });
  }
}

/** Times may be "changed" (`touch`, and truncation when it is opened to be written); nothing else. */
function refuseChange({ mode, uid, gid }: AttributeChange): void {
  if (mode !== undefined || uid !== undefined || gid !== undefined) fail("EPERM");
}

/** Most bytes of one `write` that are looked at. */
const LONGEST_WRITE = 4096;

class TextFile extends OpenFile {
  private readonly bytes: Uint8Array;
  private readonly writer: TextWriter | undefined;
  private position = 0;

  constructor(location: Location, flags: number, bytes: Uint8Array, writer: TextWriter | undefined) {
    super(location, flags);
    this.bytes = bytes;
    this.writer = writer;
  }

  override get divisible(): boolean {
    return !this.writable;
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

  override write(from: Uint8Array): number {
    if (from.length > LONGEST_WRITE) fail("EINVAL");
    this.writer?.(new TextDecoder().decode(from));
    return from.length;
  }

  override writeAt(from: Uint8Array): number {
    return this.write(from);
  }

  override truncate(): void {}

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

  setAttributes(change: AttributeChange): void {
    refuseChange(change);
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

/** What a directory holds now. */
export interface ProcEntries {
  names(): string[];
  /** Makes the node of a name; undefined where there is none. `path`: its own. */
  node(name: string, path: string): ProcNode | undefined;
}

/** A directory whose nodes are made when they are looked up. */
export class ProcDirectory extends DirectoryInode {
  private readonly context: ProcContext;
  private readonly path: string;
  private readonly contents: ProcEntries;
  override readonly subject: object | undefined;
  private readonly permissions: number;
  private readonly made = new WeakNames<ProcNode>();

  /** `subject`: what it is about, where another may come to have its path (a process). */
  constructor(
    context: ProcContext,
    path: string,
    contents: ProcEntries,
    subject?: object,
    permissions = 0o555,
  ) {
    super();
    this.permissions = permissions;
    this.context = context;
    this.path = path;
    this.contents = contents;
    this.subject = subject;
  }

  get filesystem(): Filesystem {
    return this.context.filesystem;
  }

  attributes(): Attributes {
    return attributes(this.context, this.path, FileType.directory | this.permissions, 2);
  }

  setAttributes(change: AttributeChange): void {
    refuseChange(change);
  }

  open(location: Location, flags: number): OpenFile {
    return new DirectoryFile(location, flags);
  }

  lookup(name: string): Inode | undefined {
    const made = this.contents.node(name, `${this.path}/${name}`);
    if (!made) return undefined;
    const known = this.made.get(name);
    if (known && isSame(known, made)) return known;
    this.made.set(name, made);
    return made;
  }

  entries(): readonly DirectoryEntry[] {
    return this.contents.names().flatMap((name) => {
      const path = `${this.path}/${name}`;
      const node = this.contents.node(name, path);
      return node ? [{ name, ino: inoOf(path), type: node.type }] : [];
    });
  }

  override create(): Inode {
    return fail("ENOENT");
  }
}

/** Whether a node that is known is still what its path leads to. */
function isSame(known: ProcNode, made: ProcNode): boolean {
  if (known instanceof ProcDirectory && made instanceof ProcDirectory) return known.subject === made.subject;
  return known.type === made.type;
}

/** Contents as a tree of literals: what a name is made of, in the order in which they are listed. */
export type ProcTree = Readonly<Record<string, (path: string) => ProcNode>>;

export function entriesOf(tree: ProcTree): ProcEntries {
  return {
    names: () => Object.keys(tree),
    node: (name, path) => (Object.hasOwn(tree, name) ? tree[name](path) : undefined),
  };
}
