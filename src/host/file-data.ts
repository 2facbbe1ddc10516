import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  readSync,
  writeSync,
} from "node:fs";
import { fail } from "../kernel/vfs/error.ts";
import type { AttributeChange, Attributes } from "../kernel/vfs/inode.ts";
import type { FileData } from "../kernel/vfs/regular-file.ts";
import { attributesOf, HOST_MODE, seconds, translated } from "./guest-terms.ts";

/** Bytes of zeros that one call may write. */
const MOST_ZEROS = 16 << 20;

/** An open file of the host. */
export class HostFileData implements FileData {
  private readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  get size(): number {
    return translated(() => fstatSync(this.fd).size);
  }

  attributes(): Attributes {
    return translated(() => attributesOf(fstatSync(this.fd, { bigint: true })));
  }

  setAttributes(change: AttributeChange): void {
    translated(() => {
      const old = fstatSync(this.fd, { bigint: true });
      if (change.uid !== undefined || change.gid !== undefined)
        fchownSync(this.fd, change.uid ?? Number(old.uid), change.gid ?? Number(old.gid));
      if (change.mode !== undefined) fchmodSync(this.fd, change.mode & HOST_MODE);
      if (change.atime !== undefined || change.mtime !== undefined)
        futimesSync(this.fd, seconds(change.atime ?? old.atimeNs), seconds(change.mtime ?? old.mtimeNs));
    });
  }

  readAt(into: Uint8Array, position: number): number {
    return translated(() => {
      let done = 0;
      while (done < into.length) {
        const count = readSync(this.fd, into, done, into.length - done, position + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    });
  }

  writeAt(from: Uint8Array, position: number): number {
    return translated(() => writeSync(this.fd, from, 0, from.length, position));
  }

  resize(size: number): void {
    translated(() => ftruncateSync(this.fd, size));
  }

  /** Node cannot reserve room on the host: a write may still find none. */
  reserve(): void {}

  /** Node cannot punch holes either, so zeros are written; EOPNOTSUPP where that would be very many. */
  zero(from: number, to: number): void {
    if (to - from > MOST_ZEROS) fail("EOPNOTSUPP");
    const zeros = new Uint8Array(Math.min(65536, Math.max(0, to - from)));
    for (let at = from; at < to; ) at += this.writeAt(zeros.subarray(0, to - at), at);
  }

  sync(): void {
    translated(() => fsyncSync(this.fd));
  }

  close(): void {
    translated(() => closeSync(this.fd));
  }
}
