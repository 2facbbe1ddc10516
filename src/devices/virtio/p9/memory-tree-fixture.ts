import { fail } from "./errno.ts";
import type { SharedAttributes, SharedChange, SharedFile, SharedPath, SharedTree } from "./tree.ts";

interface Node {
  readonly id: bigint;
  mode: number;
  /** Of a directory. */
  readonly children?: Map<string, Node>;
  /** Of a file. */
  bytes: Uint8Array;
  /** Of a symbolic link. */
  readonly target?: string;
  mtime: bigint;
}

const [DIRECTORY, REGULAR, SYMLINK] = [0o040000, 0o100000, 0o120000];
const EMPTY = new Uint8Array(0);
/** Bytes of a file. */
const MOST = 1 << 20;

/** A tree in memory, small and without permissions. */
export class MemoryTree implements SharedTree {
  /** How many files are open. */
  open = 0;
  private last = 0n;
  private root = this.make(DIRECTORY, new Map());

  clear(): void {
    this.root = this.make(DIRECTORY, new Map());
  }

  stat(path: SharedPath): SharedAttributes | undefined {
    const node = this.find(path);
    return node && attributesOf(node);
  }

  statAll(path: SharedPath, names: readonly string[]): (SharedAttributes | undefined)[] {
    return names.map((name) => this.stat([...path, name]));
  }

  names(path: SharedPath): string[] {
    return [...this.directory(path).keys()];
  }

  readLink(path: SharedPath): string {
    return this.get(path).target ?? fail("EINVAL");
  }

  openFile(path: SharedPath): SharedFile {
    const node = this.get(path);
    if ((node.mode & REGULAR) !== REGULAR || node.target !== undefined) fail("EINVAL");
    return this.opened(node);
  }

  makeFile(path: SharedPath, mode: number): SharedFile {
    return this.opened(this.put(path, this.make(REGULAR | mode)));
  }

  createDirectory(path: SharedPath, mode: number): void {
    this.put(path, this.make(DIRECTORY | mode, new Map()));
  }

  createSymlink(path: SharedPath, target: string): void {
    this.put(path, { ...this.make(SYMLINK), target });
  }

  link(from: SharedPath, to: SharedPath): void {
    const node = this.get(from);
    if (node.children) fail("EPERM");
    this.put(to, node);
  }

  unlink(path: SharedPath): void {
    if (this.get(path).children) fail("EISDIR");
    this.directory(path.slice(0, -1)).delete(path[path.length - 1]);
  }

  removeDirectory(path: SharedPath): void {
    if (path.length === 0 || this.directory(path).size > 0) fail("EINVAL");
    this.directory(path.slice(0, -1)).delete(path[path.length - 1]);
  }

  rename(from: SharedPath, to: SharedPath): void {
    const node = this.get(from);
    const isInside = from.every((name, i) => to[i] === name);
    const target = this.directory(to.slice(0, -1));
    if (isInside || to.length === 0 || this.find(to)?.children) fail("EINVAL");
    this.directory(from.slice(0, -1)).delete(from[from.length - 1]);
    target.set(to[to.length - 1], node);
  }

  setAttributes(path: SharedPath, change: SharedChange): void {
    changeNode(this.get(path), change);
  }

  use() {
    return { blockSize: 4096, blocks: 1000, freeBlocks: 500, files: 100, freeFiles: 50 };
  }

  now(): bigint {
    return 1_000_000_000n;
  }

  private make(mode: number, children?: Map<string, Node>): Node {
    this.last++;
    return { id: this.last, mode, children, bytes: EMPTY, mtime: 0n };
  }

  private find(path: SharedPath): Node | undefined {
    let node: Node | undefined = this.root;
    for (const name of path) node = node?.children?.get(name);
    return node;
  }

  private get(path: SharedPath): Node {
    return this.find(path) ?? fail("ENOENT");
  }

  private directory(path: SharedPath): Map<string, Node> {
    return this.get(path).children ?? fail("ENOTDIR");
  }

  private put(path: SharedPath, node: Node): Node {
    const directory = this.directory(path.slice(0, -1));
    if (path.length === 0 || directory.has(path[path.length - 1])) fail("EEXIST");
    directory.set(path[path.length - 1], node);
    return node;
  }

  private opened(node: Node): SharedFile {
    this.open++;
    const resize = (size: number) => {
      if (size > MOST) fail("EFBIG");
      const bytes = new Uint8Array(size);
      bytes.set(node.bytes.subarray(0, size));
      node.bytes = bytes;
    };
    return {
      attributes: () => attributesOf(node),
      setAttributes: (change) => changeNode(node, change),
      read: async (position, length) => node.bytes.slice(position, position + length),
      write: async (position, bytes) => {
        if (position + bytes.length > node.bytes.length) resize(position + bytes.length);
        node.bytes.set(bytes, position);
        return bytes.length;
      },
      resize,
      sync: async () => {},
      close: () => {
        this.open--;
      },
    };
  }
}

function changeNode(node: Node, { mode, mtime }: SharedChange): void {
  if (mode !== undefined) node.mode = (node.mode & 0o170000) | mode;
  if (mtime !== undefined) node.mtime = mtime;
}

function attributesOf({ id, mode, bytes, mtime }: Node): SharedAttributes {
  const times = { atime: mtime, mtime, ctime: mtime };
  return { id, mode, nlink: 1, uid: 0, gid: 0, rdev: 0, size: bytes.length, blocks: 0, ...times };
}
