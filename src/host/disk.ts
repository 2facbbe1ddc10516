import {
  type BigIntStats,
  close,
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  openSync,
  read,
  readFileSync,
  readSync,
  write,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";
import type { Disk, ImmediateDisk } from "../devices/disk.ts";
import { diskText } from "../messages/disk.ts";
import { RefusedError } from "../messages/errors.ts";
import { why } from "./why.ts";

const SECTOR = 512;
const ZEROES = new Uint8Array(1 << 20);
/** What images of other formats begin with, or have at an offset. */
const FORMATS: readonly { readonly name: string; readonly at: number; readonly magic: string }[] = [
  { name: "qcow2", at: 0, magic: "QFI\xfb" },
  { name: "QED", at: 0, magic: "QED\0" },
  { name: "VMDK", at: 0, magic: "KDMV" },
  { name: "VMDK", at: 0, magic: "COWD" },
  { name: "VMDK", at: 0, magic: "# Disk DescriptorFile" },
  { name: "VHDX", at: 0, magic: "vhdxfile" },
  { name: "VHD", at: 0, magic: "conectix" },
  { name: "VDI", at: 64, magic: "\x7f\x10\xda\xbe" },
];

/** By device and inode: how many machines of this process read the file, or WRITER. */
const inUse = new Map<string, number>();
const WRITER = -1;

interface DiskOptions {
  readonly readOnly: boolean;
}

/**
 * A raw image or a block device as a disk. Like QEMU, an image that ends within a sector has the rest of it as zeroes,
 * and grows by it when that is written. In this process a file with a writer has no other user; Node has no locks that
 * hold against other processes. Throws `RefusedError` where the file cannot be one.
 */
export async function openRawDisk(path: string, options: DiskOptions): Promise<Disk> {
  return open(path, options, (file) => new RawDisk(file));
}

/** The same, answering at once. */
export function openImmediateDisk(path: string, options: DiskOptions): ImmediateDisk {
  return open(path, options, (file) => new ImmediateRawDisk(file));
}

interface DiskFile {
  readonly fd: number;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Called when it is let go. */
  readonly closed: () => void;
}

function open<T>(path: string, { readOnly }: DiskOptions, make: (file: DiskFile) => T): T {
  let fd: number;
  try {
    // Opening a fifo would wait for its other end.
    fd = openSync(path, (readOnly ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK);
  } catch (error) {
    throw refused(path, why(error));
  }
  try {
    const stats = fstatSync(fd, { bigint: true });
    const sizeBytes = sizeOf(stats, path);
    checkFormat(fd, path);
    const key = claim(stats, path, readOnly);
    return make({ fd, sizeBytes, readOnly, closed: () => release(key) });
  } catch (error) {
    closeSync(fd);
    throw error instanceof RefusedError ? error : refused(path, why(error));
  }
}

function refused(path: string, reason: string): RefusedError {
  return new RefusedError(diskText.cannotOpen(path, reason));
}

function sizeOf(stats: BigIntStats, path: string): number {
  if (stats.isDirectory()) throw refused(path, why({ code: "EISDIR" }));
  if (!stats.isFile() && !stats.isBlockDevice()) throw refused(path, diskText.notDisk());
  const size = stats.isFile() ? Number(stats.size) : deviceSize(stats.rdev, path);
  if (size === 0) throw refused(path, diskText.empty());
  return Math.ceil(size / SECTOR) * SECTOR;
}

/** Linux tells a block device's size in sectors; its numbers are packed as in glibc's `gnu_dev_makedev`. */
function deviceSize(device: bigint, path: string): number {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  try {
    return Number(readFileSync(`/sys/dev/block/${major}:${minor}/size`, "ascii")) * SECTOR;
  } catch {
    throw refused(path, diskText.noSize());
  }
}

function checkFormat(fd: number, path: string): void {
  const start = new Uint8Array(SECTOR);
  readSync(fd, start, 0, SECTOR, 0);
  const text = String.fromCharCode(...start);
  const format = FORMATS.find(({ at, magic }) => text.startsWith(magic, at));
  if (format) throw new RefusedError(diskText.otherFormat(path, format.name));
}

function claim({ dev, ino }: BigIntStats, path: string, readOnly: boolean): string {
  const key = `${dev}:${ino}`;
  const users = inUse.get(key) ?? 0;
  if (users === WRITER || (users > 0 && !readOnly)) throw refused(path, diskText.inUse());
  inUse.set(key, readOnly ? users + 1 : WRITER);
  return key;
}

function release(key: string): void {
  const users = inUse.get(key) ?? 0;
  if (users > 1) inUse.set(key, users - 1);
  else inUse.delete(key);
}

/** Node's functions with callbacks: `fs.promises` was seen to be slower. */
class RawDisk implements Disk {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  private readonly fd: number;
  private readonly closed: () => void;

  constructor({ fd, sizeBytes, readOnly, closed }: DiskFile) {
    this.fd = fd;
    this.sizeBytes = sizeBytes;
    this.readOnly = readOnly;
    this.closed = closed;
  }

  /** Behind the end of the file are zeroes. */
  read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(length);
    return new Promise((resolve, reject) => {
      const readFrom = (done: number): void =>
        read(this.fd, bytes, done, length - done, offset + done, (error, count) => {
          if (error) reject(error);
          else if (count > 0 && done + count < length) readFrom(done + count);
          else resolve(bytes.fill(0, done + count));
        });
      readFrom(0);
    });
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.writeAll(offset, bytes.slice());
  }

  flush(): Promise<void> {
    return promisify(fdatasync)(this.fd);
  }

  /** Node cannot punch holes, so the room stays taken. */
  async discard(): Promise<void> {}

  async writeZeroes(offset: number, length: number): Promise<void> {
    for (let done = 0; done < length; done += ZEROES.length)
      await this.writeAll(offset + done, ZEROES.subarray(0, length - done));
  }

  close(): Promise<void> {
    this.closed();
    return promisify(close)(this.fd);
  }

  private writeAll(offset: number, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const writeFrom = (done: number): void =>
        write(this.fd, bytes, done, bytes.length - done, offset + done, (error, count) => {
          if (error) reject(error);
          else if (done + count < bytes.length) writeFrom(done + count);
          else resolve();
        });
      writeFrom(0);
    });
  }
}

class ImmediateRawDisk implements ImmediateDisk {
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  private readonly fd: number;
  private readonly closed: () => void;

  constructor({ fd, sizeBytes, readOnly, closed }: DiskFile) {
    this.fd = fd;
    this.sizeBytes = sizeBytes;
    this.readOnly = readOnly;
    this.closed = closed;
  }

  /** Behind the end of the file are zeroes. */
  read(offset: number, length: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.fd, bytes, done, length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return bytes.fill(0, done);
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; )
      done += writeSync(this.fd, bytes, done, bytes.length - done, offset + done);
  }

  flush(): void {
    fdatasyncSync(this.fd);
  }

  discard(): void {}

  writeZeroes(offset: number, length: number): void {
    for (let done = 0; done < length; done += ZEROES.length)
      this.write(offset + done, ZEROES.subarray(0, length - done));
  }

  async close(): Promise<void> {
    this.closed();
    closeSync(this.fd);
  }
}
