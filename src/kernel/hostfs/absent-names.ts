import type { ByteString } from "../vfs/names.ts";

/** Names that are kept: a guest may look for any number of them. */
const MOST = 4096;

/** Names that directories were seen not to have, at one moment. */
export class AbsentNames<D extends object> {
  private readonly names = new Map<D, Set<ByteString>>();
  private count = 0;
  private seenAt = -1;

  has(moment: number, directory: D, name: ByteString): boolean {
    return this.seenAt === moment && (this.names.get(directory)?.has(name) ?? false);
  }

  add(moment: number, directory: D, name: ByteString): void {
    if (this.seenAt !== moment || this.count === MOST) {
      this.names.clear();
      this.count = 0;
      this.seenAt = moment;
    }
    const known = this.names.get(directory);
    if (known) known.add(name);
    else this.names.set(directory, new Set([name]));
    this.count++;
  }

  /** The directory may have others now. */
  forget(directory: D): void {
    this.names.delete(directory);
  }
}
