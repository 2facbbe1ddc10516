import { closeSync, fsync, read, write } from "node:fs";
import { promisify } from "node:util";
import type { SharedFile } from "../devices/virtio/p9/tree.ts";
import { translated } from "./guest-terms.ts";
import { HostFile } from "./host-file.ts";

const reading = promisify(read);
const writing = promisify(write);
const syncing = promisify(fsync);

/** An open file of the host whose data moves while harts go on. */
export class SharedHostFile extends HostFile implements SharedFile {
  private underWay = 0;
  private isClosed = false;

  read(position: number, length: number): Promise<Uint8Array> {
    return this.during(async () => {
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const { bytesRead } = await reading(this.fd, bytes, done, length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return bytes.subarray(0, done);
    });
  }

  write(position: number, bytes: Uint8Array): Promise<number> {
    return this.during(async () => (await writing(this.fd, bytes, 0, bytes.length, position)).bytesWritten);
  }

  sync(): Promise<void> {
    return this.during(() => syncing(this.fd));
  }

  close(): void {
    this.isClosed = true;
    this.closeWhenIdle();
  }

  /** The descriptor stays open meanwhile: its number may be another file's after that. */
  private async during<T>(work: () => Promise<T>): Promise<T> {
    this.underWay++;
    try {
      return await work();
    } catch (error) {
      return translated(() => {
        throw error;
      });
    } finally {
      this.underWay--;
      if (this.isClosed) this.closeWhenIdle();
    }
  }

  private closeWhenIdle(): void {
    if (this.underWay === 0) closeSync(this.fd);
  }
}
