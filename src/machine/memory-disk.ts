import type { Disk } from "../devices/disk.ts";
import { OverlayDisk } from "./overlay-disk.ts";

const SECTOR = 512;

/** A disk in memory: beside what it starts with, only what was written takes room. */
export class MemoryDisk extends OverlayDisk {
  /** `contents`: what is on it, filled up to whole sectors, or its size in bytes. The rest is zeroes. */
  constructor(contents: Uint8Array | number) {
    super(typeof contents === "number" ? new Contents(NONE, contents) : new Contents(contents.slice()));
  }
}

const NONE = new Uint8Array(0);

/** What a disk in memory starts with. */
class Contents implements Disk {
  readonly sizeBytes: number;
  readonly readOnly = true;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array, size = bytes.length) {
    this.bytes = bytes;
    this.sizeBytes = Math.ceil(size / SECTOR) * SECTOR;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const found = new Uint8Array(length);
    found.set(this.bytes.subarray(offset, offset + length));
    return found;
  }

  async write(): Promise<void> {
    throw new Error("what a disk starts with does not change");
  }

  discard = this.write;
  writeZeroes = this.write;

  async flush(): Promise<void> {}

  async close(): Promise<void> {}
}
