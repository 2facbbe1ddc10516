import { type FileSource, RamFile } from "../ramfs/file.ts";
import { RamNode } from "../ramfs/node.ts";
import { type AttributeChange, type Attributes, SymlinkInode } from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import type { FileData, FileInode } from "../vfs/regular-file.ts";
import type { OverlayFilesystem } from "./filesystem.ts";

/** Links between names of the base are not kept: each name is a file of its own. */
function likeOf(base: Attributes): Attributes {
  return { ...base, nlink: 1 };
}

/** A file of the base: its bytes are read there until they are written here. */
export class OverlayFile extends RamFile {
  private readonly overlay: OverlayFilesystem;
  private readonly bytes: BaseBytes;

  constructor(overlay: OverlayFilesystem, base: FileInode) {
    const attributes = base.attributes();
    const bytes = new BaseBytes(base, attributes.size);
    super(overlay, attributes.mode, bytes, likeOf(attributes));
    this.overlay = overlay;
    this.bytes = bytes;
  }

  override openData(): FileData {
    this.bytes.open();
    return super.openData();
  }

  override close(): void {
    super.close();
    this.bytes.close();
  }

  /** Reading what is in the base changes nothing. */
  override accessed(): void {
    if (!this.overlay.baseOf(this)) super.accessed();
  }

  protected override changing(): void {
    this.overlay.pin(this);
  }
}

/** The bytes of a file of the base, open as long as anybody has the file open. */
class BaseBytes implements FileSource {
  readonly size: number;
  private readonly base: FileInode;
  private data: FileData | undefined;
  private users = 0;

  constructor(base: FileInode, size: number) {
    this.base = base;
    this.size = size;
  }

  readAt(into: Uint8Array, position: number): number {
    return this.data?.readAt(into, position) ?? 0;
  }

  open(): void {
    this.data ??= this.base.openData(false);
    this.users++;
  }

  close(): void {
    if (--this.users > 0) return;
    this.data?.close();
    this.data = undefined;
  }
}

export class OverlaySymlink extends SymlinkInode {
  readonly filesystem: OverlayFilesystem;
  readonly node: RamNode;
  private readonly to: ByteString;

  constructor(overlay: OverlayFilesystem, base: SymlinkInode) {
    super();
    this.filesystem = overlay;
    this.to = base.target();
    const attributes = base.attributes();
    this.node = new RamNode(overlay, attributes.mode, () => {}, likeOf(attributes));
  }

  target(): ByteString {
    return this.to;
  }

  attributes(): Attributes {
    return this.node.attributes(this.to.length, 0);
  }

  setAttributes(change: AttributeChange): void {
    this.filesystem.pin(this);
    this.node.change({ ...change, mode: undefined });
  }
}
