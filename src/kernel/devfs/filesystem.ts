import { RamFilesystem } from "../ramfs/filesystem.ts";
import type { Random } from "../rkswrand/random.ts";
import type { PtsFilesystem } from "../tty/devpts.ts";
import type { Terminals } from "../tty/terminals.ts";
import { TtyFile } from "../tty/tty.ts";
import type { Devices, Driver } from "../vfs/devices.ts";
import { deviceNumber, FileType } from "../vfs/inode.ts";
import { FullFile, NullFile, RandomFile, ZeroFile } from "./data-files.ts";
import { DeviceInode } from "./device-inode.ts";

/** Bytes for what a guest makes in `/dev` itself. */
const LIMIT = 1 << 20;

/** `/dev`: a ramfs with the devices already in it (Documentation/admin-guide/devices.txt has their numbers). */
export class DeviceFilesystem extends RamFilesystem {
  override readonly name = "devtmpfs";
  override readonly source = "devtmpfs";

  /** `devices`: where their drivers are put. */
  constructor(now: () => bigint, random: Random, terminals: Terminals, pts: PtsFilesystem, devices: Devices) {
    super({ limit: LIMIT, now });
    const randomDriver: Driver = (location, flags) => new RandomFile(location, flags, random);
    const { console } = terminals;
    const consoleDriver: Driver = (location, flags) =>
      terminals.opened(new TtyFile(location, flags, console), console, flags);
    const nodes: [name: string, permissions: number, major: number, minor: number, driver: Driver][] = [
      ["null", 0o666, 1, 3, (location, flags) => new NullFile(location, flags)],
      ["zero", 0o666, 1, 5, (location, flags) => new ZeroFile(location, flags)],
      ["full", 0o666, 1, 7, (location, flags) => new FullFile(location, flags)],
      ["random", 0o666, 1, 8, randomDriver],
      ["urandom", 0o666, 1, 9, randomDriver],
      ["tty", 0o666, 5, 0, (location, flags) => terminals.openControlling(location, flags)],
      ["console", 0o600, 5, 1, consoleDriver],
      ["ptmx", 0o666, 5, 2, (location, flags) => pts.open(location, flags)],
    ];
    const { root } = this;
    for (const [name, permissions, major, minor, driver] of nodes) {
      const number = deviceNumber(major, minor);
      devices.add(number, driver);
      root.add(name, new DeviceInode(this, permissions, number, driver));
    }
    root.symlink("fd", "/proc/self/fd");
    root.symlink("stdin", "/proc/self/fd/0");
    root.symlink("stdout", "/proc/self/fd/1");
    root.symlink("stderr", "/proc/self/fd/2");
    root.create("pts", { mode: FileType.directory | 0o755, rdev: 0 });
    root.create("shm", { mode: FileType.directory | 0o1777, rdev: 0 });
  }
}
