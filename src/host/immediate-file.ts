import { closeSync, fsyncSync, readSync, writeSync } from "node:fs";
import type { ImmediateFile } from "../devices/virtio/p9/tree.ts";
import { translated } from "./guest-terms.ts";
import { HostFile } from "./host-file.ts";

/** An open file of the host whose data moves at once. */
export class ImmediateHostFile extends HostFile implements ImmediateFile {
  read(position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, this.readInto(position, bytes));
  }

  readInto(position: number, into: Uint8Array): number {
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

  write(position: number, bytes: Uint8Array): number {
    return translated(() => writeSync(this.fd, bytes, 0, bytes.length, position));
  }

  sync(): void {
    translated(() => fsyncSync(this.fd));
  }

  close(): void {
    translated(() => closeSync(this.fd));
  }
}
