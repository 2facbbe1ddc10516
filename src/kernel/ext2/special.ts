import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { type AttributeChange, type Attributes, FileType, Inode, SymlinkInode } from "../vfs/inode.ts";
import { type ByteString, fromBytes } from "../vfs/names.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { Pipe, PipeEnd } from "../vfs/pipe.ts";
import type { Ext2Filesystem } from "./filesystem.ts";
import type { Node } from "./node.ts";

export class Ext2Symlink extends SymlinkInode {
  readonly filesystem: Ext2Filesystem;
  readonly node: Node;

  constructor(filesystem: Ext2Filesystem, node: Node) {
    super();
    this.filesystem = filesystem;
    this.node = node;
  }

  attributes(): Attributes {
    return this.node.attributes();
  }

  setAttributes(change: AttributeChange): void {
    this.node.change({ ...change, mode: undefined });
  }

  target(): ByteString {
    const { map, size, store, pointers } = this.node;
    if (!map.hasBlocks) return fromBytes(new Uint8Array(pointers.slice().buffer, 0, size));
    const block = map.find(0);
    if (block === 0 || size > store.geometry.blockSize) fail("EUCLEAN");
    return fromBytes(store.cache.read(block).subarray(0, size));
  }
}

/** A fifo, or a socket or device file: those have no driver behind them here, so opening one fails. */
export class Ext2Special extends Inode {
  readonly filesystem: Ext2Filesystem;
  readonly node: Node;
  private readonly pipe: Pipe;

  constructor(filesystem: Ext2Filesystem, node: Node) {
    super();
    this.filesystem = filesystem;
    this.node = node;
    this.pipe = new Pipe(filesystem.pipes);
  }

  get type(): number {
    return this.node.type;
  }

  attributes(): Attributes {
    const { pointers, type } = this.node;
    const isDevice = type === FileType.block || type === FileType.character;
    return this.node.attributes(isDevice ? pointers[0] || pointers[1] : 0);
  }

  setAttributes(change: AttributeChange): void {
    this.node.change(change);
  }

  open(location: Location, flags: number): OpenFile {
    if (this.type !== FileType.fifo) fail("ENXIO");
    return new PipeEnd(location, flags, this.pipe);
  }
}
