import type { Random } from "../rkswrand/random.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { OpenFile } from "../vfs/open-file.ts";

/** A device that is only data (null(4), full(4), random(4)): no position, never unready. */
abstract class DataFile extends OpenFile {
  override get divisible(): boolean {
    return true;
  }
  override readAt(into: Uint8Array): number {
    return this.read(into);
  }
  override write(from: Uint8Array): number {
    return from.length;
  }
  override writeAt(from: Uint8Array): number {
    return this.write(from);
  }
  override seek(): number {
    return 0;
  }
}

export class NullFile extends DataFile {
  override get discards(): boolean {
    return true;
  }
  override read(): number {
    return 0;
  }
}

export class ZeroFile extends DataFile {
  override get discards(): boolean {
    return true;
  }
  override read(into: Uint8Array): number {
    into.fill(0);
    return into.length;
  }
  override backing(): undefined {
    return undefined;
  }
}

export class FullFile extends ZeroFile {
  override get discards(): boolean {
    return false;
  }
  override write(): number {
    return fail("ENOSPC");
  }
  override backing(): undefined {
    return fail("ENODEV");
  }
}

/** random(4): a read returns at most 32 MiB - 1. */
const RANDOM_TRANSFER = 2 ** 25 - 1;

/** What is written is not mixed in: the guest cannot weaken its own source. */
export class RandomFile extends DataFile {
  private readonly random: Random;

  constructor(location: Location, flags: number, random: Random) {
    super(location, flags);
    this.random = random;
  }

  override get longestTransfer(): number {
    return RANDOM_TRANSFER;
  }
  override read(into: Uint8Array): number {
    this.random.fill(into);
    return into.length;
  }
}
