import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import {
  type AttributeChange,
  type Attributes,
  type ExtendedAttributes,
  FileType,
  Inode,
  type NewInode,
  SymlinkInode,
} from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { Pipe, PipeEnd } from "../vfs/pipe.ts";
import type { RamFilesystem } from "./filesystem.ts";
import { RamNode } from "./node.ts";

export class RamSymlink extends SymlinkInode {
  readonly filesystem: RamFilesystem;
  readonly node: RamNode;
  private readonly to: ByteString;

  constructor(filesystem: RamFilesystem, to: ByteString) {
    super();
    this.filesystem = filesystem;
    this.to = to;
    filesystem.charge(to.length);
    this.node = new RamNode(filesystem, FileType.symlink | 0o777, () => filesystem.discharge(to.length));
  }

  target(): ByteString {
    return this.to;
  }

  override accessed(): void {
    this.node.accessed();
  }

  attributes(): Attributes {
    return this.node.attributes(this.to.length, 0);
  }

  setAttributes(change: AttributeChange): void {
    this.node.change({ ...change, mode: undefined });
  }

  override get extendedAttributes(): ExtendedAttributes {
    return this.node.extendedAttributes(() => {});
  }
}

/** A fifo; or a socket or device file, of which there is nothing here to open. */
export class RamSpecial extends Inode {
  readonly filesystem: RamFilesystem;
  readonly type: number;
  readonly node: RamNode;
  private readonly rdev: number;
  private readonly pipe: Pipe;

  constructor(filesystem: RamFilesystem, what: NewInode, like?: Attributes) {
    super();
    this.filesystem = filesystem;
    this.type = what.mode & FileType.mask;
    this.rdev = what.rdev;
    this.pipe = new Pipe(filesystem);
    this.node = new RamNode(filesystem, what.mode, () => {}, like);
  }

  attributes(): Attributes {
    return this.node.attributes(0, 0, this.rdev);
  }

  setAttributes(change: AttributeChange): void {
    this.node.change(change);
  }

  override get extendedAttributes(): ExtendedAttributes {
    return this.node.extendedAttributes(() => {});
  }

  open(location: Location, flags: number): OpenFile {
    if (this.type !== FileType.fifo) fail("ENXIO");
    return new PipeEnd(location, flags, this.pipe);
  }
}
