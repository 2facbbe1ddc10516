import type { Process } from "../rkprocess/process.ts";
import type { AddressSpace } from "../rkvm/address-space.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { OpenFile, Seek } from "../vfs/open-file.ts";

/** Bytes of one transfer: nobody else runs meanwhile. */
const LONGEST_TRANSFER = 2 ** 28;

/**
 * `/proc/PID/mem`: a process's memory by its addresses, whatever its areas permit (proc_pid_mem(5)). What has ended, or runs
 * another program since, has none.
 */
export class MemoryContents extends OpenFile {
  private readonly process: Process;
  private readonly memory: AddressSpace;
  private position = 0;

  constructor(location: Location, flags: number, process: Process) {
    super(location, flags);
    this.process = process;
    this.memory = process.memory;
  }

  override get divisible(): boolean {
    return true;
  }

  override get longestTransfer(): number {
    return LONGEST_TRANSFER;
  }

  override read(into: Uint8Array): number {
    const count = this.readAt(into, this.position);
    this.position += count;
    return count;
  }

  override write(from: Uint8Array): number {
    const count = this.writeAt(from, this.position);
    this.position += count;
    return count;
  }

  override readAt(into: Uint8Array, position: number): number {
    return this.eachPart(position, into.length, "read", (bytes, done) => into.set(bytes, done));
  }

  override writeAt(from: Uint8Array, position: number): number {
    return this.eachPart(position, from.length, "write", (bytes, done) =>
      bytes.set(from.subarray(done, done + bytes.length)),
    );
  }

  override seek(offset: number, whence: number): number {
    const target = whence === Seek.current ? this.position + offset : offset;
    if (whence > Seek.current || target < 0) fail("EINVAL");
    this.position = target;
    return target;
  }

  private eachPart(
    position: number,
    length: number,
    access: "read" | "write",
    visit: (bytes: Uint8Array, done: number) => void,
  ): number {
    if (this.process.exitStatus || this.process.memory !== this.memory) return 0;
    for (let done = 0; done < length; ) {
      const bytes = this.memory.forced(position + done, access);
      if (!bytes) return done || fail("EIO");
      const part = bytes.subarray(0, length - done);
      visit(part, done);
      done += part.length;
    }
    return length;
  }
}
