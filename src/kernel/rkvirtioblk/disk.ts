import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { FrameAllocator } from "../rkalloc/frames.ts";
import { type BlockDevice, SECTOR } from "../rkblkdev/block-device.ts";
import type { VirtioTransport } from "../rkvirtio/mmio.ts";
import { type Buffer, SplitQueue } from "../rkvirtio/split-queue.ts";
import { fail } from "../vfs/error.ts";

/** What a block device is (VIRTIO 1.2, section 5.2). */
export const BLOCK_DEVICE = 2;
const Feature = { readOnly: 1n << 5n, flush: 1n << 9n } as const;
const Request = { read: 0, write: 1, flush: 4 } as const;
const OK = 0;
const HEADER = 16;
/** Header, data and status. */
const QUEUE_SIZE = 4;
const PAGE = 4096;

/** Pages of the buffer that data goes through: 2^order of them, at most, and one of so many of the machine's. */
const BUFFER_ORDER = 8;
const SHARE = 64;

/** A disk behind a virtio block device, one request at a time. It is one that answers at once. */
export class VirtioDisk implements BlockDevice {
  readonly name: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  private readonly transport: VirtioTransport;
  private readonly ram: PhysicalMemory;
  private readonly queue: SplitQueue;
  private readonly canFlush: boolean;
  /** A page with the queue, then the header and the status; and where data goes. */
  private readonly header: number;
  private readonly data: number;
  private readonly dataBytes: number;

  private constructor(
    transport: VirtioTransport,
    name: string,
    features: bigint,
    ram: PhysicalMemory,
    [control, data, dataBytes]: readonly [number, number, number],
  ) {
    this.transport = transport;
    this.name = name;
    this.ram = ram;
    this.sizeBytes = (transport.configU32(0) + transport.configU32(4) * 2 ** 32) * SECTOR;
    this.readOnly = (features & Feature.readOnly) !== 0n;
    this.canFlush = (features & Feature.flush) !== 0n;
    this.queue = new SplitQueue(ram, control, QUEUE_SIZE);
    this.header = control + Math.ceil(SplitQueue.bytes(QUEUE_SIZE) / HEADER) * HEADER;
    this.data = data;
    this.dataBytes = dataBytes;
    transport.setQueue(0, this.queue.areas);
    transport.ready();
  }

  /** Takes the device into use. Undefined where it refuses, or where there is no memory for its buffers. */
  static start(
    transport: VirtioTransport,
    name: string,
    ram: PhysicalMemory,
    frames: FrameAllocator,
  ): VirtioDisk | undefined {
    const features = transport.begin(Feature.readOnly | Feature.flush);
    if (features === undefined || transport.queueSize(0) < QUEUE_SIZE) return undefined;
    const control = frames.allocate(0);
    let order = BUFFER_ORDER;
    while (order > 0 && 2 ** order * SHARE > frames.totalPages) order--;
    const data = frames.allocate(order);
    if (control === -1 || data === -1) return undefined;
    return new VirtioDisk(transport, name, features, ram, [control * PAGE, data * PAGE, 2 ** order * PAGE]);
  }

  read(offset: number, into: Uint8Array): void {
    for (let done = 0; done < into.length; done += this.dataBytes) {
      const length = Math.min(this.dataBytes, into.length - done);
      this.request(Request.read, offset + done, { address: this.data, length, isWritable: true });
      into.set(this.ram.read(this.data, length), done);
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; done += this.dataBytes) {
      const piece = bytes.subarray(done, done + this.dataBytes);
      this.ram.write(this.data, piece);
      const data = { address: this.data, length: piece.length, isWritable: false };
      this.request(Request.write, offset + done, data);
    }
  }

  flush(): void {
    if (this.canFlush) this.request(Request.flush, 0);
  }

  /** Throws `VfsError` EIO, also where the device does not answer at once: nobody could wait for it. */
  private request(type: number, offset: number, data?: Buffer): void {
    const { ram, header, queue, transport } = this;
    const bytes = new Uint8Array(HEADER + 1);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, type, true);
    view.setBigUint64(8, BigInt(offset / SECTOR), true);
    bytes[HEADER] = 0xff;
    ram.write(header, bytes);
    queue.add([
      { address: header, length: HEADER, isWritable: false },
      ...(data ? [data] : []),
      { address: header + HEADER, length: 1, isWritable: true },
    ]);
    transport.notify(0);
    transport.acknowledgeInterrupts();
    if (!queue.take() || ram.read(header + HEADER, 1)[0] !== OK) fail("EIO");
  }
}
