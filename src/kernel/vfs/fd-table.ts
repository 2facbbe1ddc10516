import { DEFAULT_LIMITS } from "../limits.ts";
import { fail } from "./error.ts";
import { Budget } from "./limits.ts";
import type { OpenFile } from "./open-file.ts";

export interface Descriptor {
  readonly file: OpenFile;
  closeOnExec: boolean;
}

/** What one process may have whatever its limits say: descriptors take memory of the host. */
const MOST_DESCRIPTORS = 65536;

/** File descriptors of a process. Throws EBADF for what is not open and EMFILE at the limit. */
export class FdTable {
  private readonly slots: (Descriptor | undefined)[] = [];
  /** Every number below it is in use: a table of thousands is not searched from its start each time. */
  private leastFree = 0;
  private users = 1;
  private readonly softLimit: () => number;
  /** What all tables may have together. */
  private readonly all: Budget;
  private count = 0;

  /** `softLimit`: RLIMIT_NOFILE. */
  constructor(softLimit: () => number, all = new Budget(DEFAULT_LIMITS.openFiles, "ENFILE")) {
    this.softLimit = softLimit;
    this.all = all;
  }

  /** Whether there may be a copy. */
  get mayCopy(): boolean {
    return this.all.has(this.count);
  }

  /** Descriptors are below it. */
  get limit(): number {
    return Math.min(this.softLimit(), MOST_DESCRIPTORS);
  }

  /**
   * Numbers from here on are not looked at by `select`: as far as Linux's tables would reach, which grow to a power of two
   * times 128 for what was opened.
   */
  get capacity(): number {
    const highest = this.slots.length - 1;
    return highest < 64 ? 64 : 128 * 2 ** Math.ceil(Math.log2(Math.floor(highest / 128) + 1));
  }

  /** Whether `add` will find a number. */
  get hasRoom(): boolean {
    for (let fd = this.leastFree; fd < this.limit; fd++) if (!this.slots[fd]) return true;
    return false;
  }

  /** The descriptor, O_PATH ones included. */
  get(fd: number): Descriptor {
    return this.slots[fd] ?? fail("EBADF");
  }

  has(fd: number): boolean {
    return this.slots[fd] !== undefined;
  }

  /** Takes over one hold on `file`, also where it throws; gives the lowest free number from `least` on. */
  add(file: OpenFile, closeOnExec: boolean, least = 0): number {
    let fd = Math.max(least, this.leastFree);
    while (this.slots[fd]) fd++;
    if (least <= this.leastFree) this.leastFree = fd;
    if (fd >= this.limit) {
      file.release();
      fail("EMFILE");
    }
    this.charge(file);
    this.put(fd, { file, closeOnExec });
    return fd;
  }

  /** Puts `file` at `fd`, closing what was there. */
  set(fd: number, file: OpenFile, closeOnExec: boolean): void {
    if (fd < 0 || fd >= this.limit) {
      file.release();
      fail("EBADF");
    }
    const old = this.slots[fd];
    if (!old) this.charge(file);
    this.put(fd, { file, closeOnExec });
    if (old) this.letGo(old.file);
  }

  close(fd: number): void {
    const { file } = this.get(fd);
    this.slots[fd] = undefined;
    this.count--;
    this.all.discharge(1);
    this.leastFree = Math.min(this.leastFree, fd);
    this.letGo(file);
  }

  /** Numbers in use, ascending. */
  numbers(): number[] {
    const numbers: number[] = [];
    this.slots.forEach((slot, fd) => {
      if (slot) numbers.push(fd);
    });
    return numbers;
  }

  closeOnExec(): void {
    for (const fd of this.numbers()) if (this.get(fd).closeOnExec) this.close(fd);
  }

  /** One more process has the table (CLONE_FILES). */
  share(): this {
    this.users++;
    return this;
  }

  /** A process has it no more; with the last one all is closed. */
  release(): void {
    if (--this.users === 0) for (const fd of this.numbers()) this.close(fd);
  }

  /** A table for one of its processes alone, which lets go of this one: itself, where nobody else has it. */
  unshare(softLimit: () => number): FdTable {
    if (this.users === 1) return this;
    const own = this.copy(softLimit);
    this.release();
    return own;
  }

  /** The same files under the same numbers, for a forked child. */
  copy(softLimit: () => number): FdTable {
    const table = new FdTable(softLimit, this.all);
    table.count = this.count;
    this.all.charge(this.count);
    for (const fd of this.numbers()) {
      const { file, closeOnExec } = this.get(fd);
      table.put(fd, { file: file.retain(), closeOnExec });
    }
    return table;
  }

  private charge(file: OpenFile): void {
    if (!this.all.tryCharge(1)) {
      file.release();
      fail("ENFILE");
    }
    this.count++;
  }

  /** Closing any descriptor of a file gives up all record locks that the process has on it (fcntl(2)). */
  private letGo(file: OpenFile): void {
    file.inode.locks?.releaseRecords(this);
    file.release();
  }

  /** The array stays dense: a hole would turn it into a dictionary. */
  private put(fd: number, descriptor: Descriptor): void {
    while (this.slots.length < fd) this.slots.push(undefined);
    this.slots[fd] = descriptor;
  }
}
