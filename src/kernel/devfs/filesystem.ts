import { RamFilesystem } from "../ramfs/filesystem.ts";
import { RamNode } from "../ramfs/node.ts";
import type { Random } from "../rkswrand/random.ts";
import { type Tty, TtyFile } from "../tty/tty.ts";
import type { Location } from "../vfs/dentry.ts";
import { type AttributeChange, type Attributes, deviceNumber, FileType, Inode } from "../vfs/inode.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { FullFile, NullFile, RandomFile, ZeroFile } from "./data-files.ts";

/** Bytes for what a guest makes in `/dev` itself. */
const LIMIT = 1 << 20;

type Driver = (location: Location, flags: number) => OpenFile;

/** A character device with a driver behind it. */
class DeviceInode extends Inode {
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

/** `/dev`: a ramfs with the devices already in it (Documentation/admin-guide/devices.txt has their numbers). */
export class DeviceFilesystem extends RamFilesystem {
  override readonly name = "devtmpfs";
  override readonly source = "devtmpfs";

  constructor(now: () => bigint, random: Random, tty: Tty) {
    super({ limit: LIMIT, now });
    const randomDriver: Driver = (location, flags) => new RandomFile(location, flags, random);
    const ttyDriver: Driver = (location, flags) => new TtyFile(location, flags, tty);
    const devices: [name: string, permissions: number, major: number, minor: number, driver: Driver][] = [
      ["null", 0o666, 1, 3, (location, flags) => new NullFile(location, flags)],
      ["zero", 0o666, 1, 5, (location, flags) => new ZeroFile(location, flags)],
      ["full", 0o666, 1, 7, (location, flags) => new FullFile(location, flags)],
      ["random", 0o666, 1, 8, randomDriver],
      ["urandom", 0o666, 1, 9, randomDriver],
      ["tty", 0o666, 5, 0, ttyDriver],
      ["console", 0o600, 5, 1, ttyDriver],
    ];
    const { root } = this;
    for (const [name, permissions, major, minor, driver] of devices)
      root.add(name, new DeviceInode(this, permissions, deviceNumber(major, minor), driver));
    root.symlink("fd", "/proc/self/fd");
    root.symlink("stdin", "/proc/self/fd/0");
    root.symlink("stdout", "/proc/self/fd/1");
    root.symlink("stderr", "/proc/self/fd/2");
    root.create("shm", { mode: FileType.directory | 0o1777, rdev: 0 });
  }
}
