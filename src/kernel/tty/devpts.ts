import { DeviceInode } from "../devfs/device-inode.ts";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { deviceNumber } from "../vfs/inode.ts";
import { toByteString } from "../vfs/names.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { processFiles } from "../vfs/process-files.ts";
import { MasterFile, type Pty, SlaveFile } from "./pty.ts";
import type { Terminals } from "./terminals.ts";

/** Most pseudoterminals at a time (`kernel.pty.max`). */
const MOST = 256;
const SLAVE_MAJOR = 136;
const LIMIT = 1 << 20;

/** `/dev/pts`: the slaves of pseudoterminals, by number, and the multiplexer that makes them. */
export class PtsFilesystem extends RamFilesystem {
  override readonly name = "devpts";
  override readonly source = "devpts";
  override readonly magic = 0x1cd1;
  private readonly terminals: Terminals;
  private readonly numbers = new Set<number>();
  /** Where it is mounted, once that is known: slaves are opened by TIOCGPTPEER without a path. */
  place: Location | undefined;

  constructor(now: () => bigint, terminals: Terminals) {
    super({ limit: LIMIT, now });
    this.terminals = terminals;
    const multiplexer = new DeviceInode(this, 0o666, deviceNumber(5, 2), (at, flags) => this.open(at, flags));
    this.root.add("ptmx", multiplexer);
  }

  /** Opens the multiplexer: a new pseudoterminal's master. */
  open(location: Location, flags: number): OpenFile {
    let number = 0;
    while (this.numbers.has(number)) number++;
    if (number >= MOST) fail("ENOSPC");
    this.numbers.add(number);
    const pty = this.terminals.newPty(number);
    const name = toByteString(String(number));
    const slave = new DeviceInode(this, 0o620, deviceNumber(SLAVE_MAJOR, number), (at, how) =>
      this.openSlave(pty, at, how),
    );
    slave.node.give(this.terminals.callerIds);
    this.root.add(name, slave);
    const peer = (thread: Thread, how: number) => {
      const place = this.place ?? fail("EIO");
      const at = { mount: place.mount, dentry: place.dentry.child(name, slave) };
      const file = this.openSlave(pty, at, how & ~O.CLOEXEC);
      return thread.process.get(processFiles).fds.add(file, (how & O.CLOEXEC) !== 0);
    };
    return new MasterFile(location, flags, pty, peer, () => {
      this.numbers.delete(number);
      this.root.unlink(name, slave);
    });
  }

  private openSlave(pty: Pty, location: Location, flags: number): OpenFile {
    if (pty.locked || !this.numbers.has(pty.number)) fail("EIO");
    return this.terminals.opened(new SlaveFile(location, flags, pty), pty.tty, flags);
  }
}
