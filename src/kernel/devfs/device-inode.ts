import type { RamFilesystem } from "../ramfs/filesystem.ts";
import { RamNode } from "../ramfs/node.ts";
import type { Location } from "../vfs/dentry.ts";
import type { Driver } from "../vfs/devices.ts";
import { type AttributeChange, type Attributes, FileType, Inode } from "../vfs/inode.ts";
import type { OpenFile } from "../vfs/open-file.ts";

/** A character device with a driver behind it. */
export class DeviceInode extends Inode {
  readonly filesystem: RamFilesystem;
  readonly type: number = FileType.character;
  readonly node: RamNode;
  private readonly rdev: number;
  private readonly driver: Driver;

  constructor(filesystem: RamFilesystem, permissions: number, rdev: number, driver: Driver) {
    super();
    this.filesystem = filesystem;
    this.rdev = rdev;
    this.driver = driver;
    this.node = new RamNode(filesystem, FileType.character | permissions, () => {});
  }

  attributes(): Attributes {
    return this.node.attributes(0, 0, this.rdev);
  }

  setAttributes(change: AttributeChange): void {
    this.node.change(change);
  }

  open(location: Location, flags: number): OpenFile {
    return this.driver(location, flags);
  }
}
