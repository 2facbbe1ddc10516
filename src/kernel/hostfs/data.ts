import { fail } from "../vfs/error.ts";
import type { AttributeChange, Attributes } from "../vfs/inode.ts";
import type { FileData } from "../vfs/regular-file.ts";
import type { HostFilesystem } from "./filesystem.ts";

/** From so many bytes on, a request is worth its while. */
const LONG_READ = 32768;
/** Bytes of zeros that one call may write. */
const MOST_ZEROS = 16 << 20;
const ZEROS = new Uint8Array(65536);

/** A file of the host that is open: it stays what it is, wherever its name goes. */
export class HostData implements FileData {
  private readonly filesystem: HostFilesystem;
  private readonly fid: number;
  private last: Attributes | undefined;
  private seenAt = 0;
  /** Where who reads on would do so. */
  private readTo = -1;

  /** `fid` has been opened, and is closed with it. */
  constructor(filesystem: HostFilesystem, fid: number) {
    this.filesystem = filesystem;
    this.fid = fid;
  }

  get size(): number {
    return this.attributes().size;
  }

  attributes(): Attributes {
    const { client, stamp } = this.filesystem;
    if (!this.last || this.seenAt !== stamp) {
      this.last = client.attributes(this.fid) ?? fail("EIO");
      this.seenAt = stamp;
    }
    return this.last;
  }

  setAttributes(change: AttributeChange): void {
    this.filesystem.change(() => this.filesystem.client.setAttributes(this.fid, change));
  }

  readAt(into: Uint8Array, position: number): number {
    const { readAhead } = this.filesystem;
    if (into.length >= LONG_READ) return this.read(position, into);
    const { stamp } = this.filesystem;
    let count = readAhead.take(this, stamp, position, into);
    if (count === -1 && position === this.readTo) {
      readAhead.fill(this, stamp, position, (bytes) => this.read(position, bytes));
      count = readAhead.take(this, stamp, position, into);
    }
    if (count === -1) count = this.read(position, into);
    this.readTo = position + count;
    return count;
  }

  private read(position: number, into: Uint8Array): number {
    return this.filesystem.client.read(this.fid, position, into);
  }

  writeAt(from: Uint8Array, position: number): number {
    return this.filesystem.change(() => this.filesystem.client.write(this.fid, position, from));
  }

  resize(size: number): void {
    this.filesystem.change(() => this.filesystem.client.setAttributes(this.fid, {}, size));
  }

  /** 9P cannot reserve room on the host: a write may still find none. */
  reserve(): void {}

  /** It cannot punch holes either, so zeros are written; EOPNOTSUPP where that would be very many. */
  zero(from: number, to: number): void {
    if (to - from > MOST_ZEROS) fail("EOPNOTSUPP");
    for (let at = from; at < to; ) at += this.writeAt(ZEROS.subarray(0, to - at), at);
  }

  sync(): void {
    this.filesystem.client.sync(this.fid);
  }

  close(): void {
    this.filesystem.client.clunk(this.fid);
  }
}
