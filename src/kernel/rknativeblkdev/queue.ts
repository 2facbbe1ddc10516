import { type BlockDevice, SECTOR } from "../rkblkdev/block-device.ts";
import { NativeObject } from "../rknative/handles.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { type Rings, rings } from "../rkring/ring.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { errno } from "../syscalls/errno.ts";
import { VfsError } from "../vfs/error.ts";

/** `struct rk_blkreq`: 0 operation, 4 result, 8 sector, 16 count, 24 buffer. What follows is the program's own. */
const REQUEST_BYTES = 32;
const RESULT = 4;
const Operation = { read: 0, write: 1, flush: 2 } as const;
/** Sectors of one request: 1 MiB. */
const MOST_SECTORS = 2048;
/** What one call does at most, so that it ends soon: requests, and sectors. */
const MOST_REQUESTS = 1024;
const MOST_AT_ONCE = 8192;
/** What is moved goes through it, piece by piece; one for all, as nobody waits in between. */
const PIECE = new Uint8Array(64 << 10);

/** A queue of requests to a disk: a ring of those that are submitted, and one of those that are done. */
export class BlockQueue extends NativeObject {
  private readonly device: BlockDevice;
  private readonly submissions: number;
  private readonly completions: number;
  private readonly capacity: number;

  /** Addresses of rings, both of that capacity. */
  constructor(device: BlockDevice, submissions: number, completions: number, capacity: number) {
    super();
    this.device = device;
    this.submissions = submissions;
    this.completions = completions;
    this.capacity = capacity;
  }

  /** Does what was submitted, as long as there is room to say so, and calls `done` when there was any: how many, or an errno. */
  kick(thread: Thread, done: (completions: number) => void): number {
    const { memory, kernel } = thread;
    const all: Rings = kernel.use(rings);
    const submitted = all.attach(memory, this.submissions, this.capacity, { singleConsumer: true });
    const completed = all.attach(memory, this.completions, this.capacity, { singleProducer: true });
    if (!submitted || !completed) return -errno.EINVAL;
    let count = 0;
    let sectors = 0;
    while (count < MOST_REQUESTS && sectors < MOST_AT_ONCE) {
      if (completed.count() < 0 || submitted.count() < 0) return -errno.EIO;
      if (completed.isFull()) break;
      const word = submitted.dequeue();
      if (word === undefined) break;
      sectors += this.serve(thread, Number(word));
      if (completed.enqueue(word) < 0) return -errno.EIO;
      count++;
    }
    if (count > 0) done(this.completions);
    return count;
  }

  /** Does one request and writes its result: how many sectors were moved. */
  private serve({ memory }: Thread, at: number): number {
    const request = memory.read(at, REQUEST_BYTES);
    const view = new DataView(request.buffer, request.byteOffset);
    const word = (offset: number) => Number(view.getBigUint64(offset, true));
    const [operation, sector, count] = [view.getUint32(0, true), word(8), word(16)];
    const refused = this.refusal(operation, sector, count);
    let result = refused;
    if (refused === 0)
      try {
        this.transfer(memory, operation, sector * SECTOR, count * SECTOR, word(24));
      } catch (error) {
        result = errorOf(error);
      }
    memory.writeU32(at + RESULT, result >>> 0);
    return refused === 0 ? count : 0;
  }

  private refusal(operation: number, sector: number, count: number): number {
    if (operation === Operation.flush) return sector === 0 && count === 0 ? 0 : -errno.EINVAL;
    if (operation !== Operation.read && operation !== Operation.write) return -errno.EOPNOTSUPP;
    if (count === 0 || count > MOST_SECTORS || (sector + count) * SECTOR > this.device.sizeBytes)
      return -errno.EINVAL;
    return operation === Operation.write && this.device.readOnly ? -errno.EROFS : 0;
  }

  private transfer(
    memory: Thread["memory"],
    operation: number,
    offset: number,
    length: number,
    buffer: number,
  ) {
    const { device } = this;
    if (operation === Operation.flush) return device.flush();
    for (let done = 0; done < length; done += PIECE.length) {
      const piece = PIECE.subarray(0, Math.min(PIECE.length, length - done));
      if (operation === Operation.read) {
        device.read(offset + done, piece);
        memory.write(buffer + done, piece);
      } else device.write(offset + done, memory.read(buffer + done, piece.length));
    }
  }
}

/** Of a transfer. */
function errorOf(error: unknown): number {
  if (error instanceof UserFault) return -errno.EFAULT;
  if (error instanceof VfsError) return -errno.EIO;
  throw error;
}
