import type { Disk } from "../disk.ts";
import type { HostWork } from "../host-work.ts";
import { flag, optional, record, type Shaped } from "../state-shape.ts";
import { begin, type Job, MAX_RANGE_SECTORS, MAX_RANGES, SECTOR, Status } from "./blk-request.ts";
import type { Chain, VirtioDevice, VirtioLink } from "./device.ts";

/** Feature bits (VIRTIO 1.2, section 5.2.3). */
const Feature = {
  segmentMax: 1n << 2n,
  readOnly: 1n << 5n,
  blockSize: 1n << 6n,
  flush: 1n << 9n,
  topology: 1n << 10n,
  configWriteback: 1n << 11n,
  discard: 1n << 13n,
  writeZeroes: 1n << 14n,
} as const;

const QUEUE_SIZE = 256;
const CONFIG_SIZE = 60;
const CONFIG_WRITEBACK = 32;
/** Physical blocks are 8 sectors: what host filesystems write at once, too. */
const PHYSICAL_BLOCK_EXPONENT = 3;
/** Bytes of all requests that are on their way at once. */
const MOST_UNDER_WAY = 16 << 20;

const STATE = record({ writeback: optional(flag) });
export type BlockState = Shaped<typeof STATE>;

/**
 * A disk (VIRTIO 1.2, section 5.2), with one queue.
 *
 *     config   0 capacity in sectors of 512 bytes    12 most buffers of a request      20 block size
 *             24 physical block exponent             25 alignment   26 least, 28 best transfer in blocks
 *             32 writeback                           36 discard: most sectors, 40 ranges, 44 alignment
 *             48 write zeroes: most sectors, 52 ranges, 56 may give room back
 *
 * Requests are under way side by side and end in any order. As many are taken from the queue as fit in a bounded
 * amount of memory; the rest waits there.
 */
export class BlockDevice implements VirtioDevice<BlockState> {
  readonly name = "virtio-blk";
  readonly type = 2;
  readonly queueSizes = [QUEUE_SIZE];
  readonly features: bigint;
  private readonly disk: Disk;
  private readonly work: HostWork;
  private readonly serial: string;
  private link!: VirtioLink;
  /** What the driver set; undefined after reset. */
  private writeback: boolean | undefined;
  private jobs = 0;
  private bytesUnderWay = 0;
  /** Requests from before a reset are under way: a write of theirs must not land after a new one. */
  private isDraining = false;

  /** `serial`: what the driver reads as the disk's serial number, up to 20 bytes. */
  constructor(disk: Disk, work: HostWork, serial = "") {
    this.disk = disk;
    this.work = work;
    this.serial = serial;
    const { readOnly, discard, writeZeroes, ...always } = Feature;
    const changing = disk.readOnly ? readOnly : discard | writeZeroes;
    this.features = Object.values(always).reduce((all, bit) => all | bit, changing);
  }

  connect(link: VirtioLink): void {
    this.link = link;
  }

  config(): Uint8Array {
    const bytes = new Uint8Array(CONFIG_SIZE);
    const view = new DataView(bytes.buffer);
    const canChange = !this.disk.readOnly;
    view.setBigUint64(0, BigInt(this.disk.sizeBytes / SECTOR), true);
    // A buffer for the header and one for the status.
    view.setUint32(12, QUEUE_SIZE - 2, true);
    view.setUint32(20, SECTOR, true);
    bytes[24] = PHYSICAL_BLOCK_EXPONENT;
    view.setUint16(26, 1 << PHYSICAL_BLOCK_EXPONENT, true);
    bytes[CONFIG_WRITEBACK] = this.isWriteThrough ? 0 : 1;
    if (canChange) {
      for (const at of [36, 48]) {
        view.setUint32(at, MAX_RANGE_SECTORS, true);
        view.setUint32(at + 4, MAX_RANGES, true);
      }
      view.setUint32(44, 1 << PHYSICAL_BLOCK_EXPONENT, true);
      bytes[56] = 1;
    }
    return bytes;
  }

  writeConfig(offset: number, bytes: Uint8Array): void {
    const value = bytes[CONFIG_WRITEBACK - offset];
    if (value !== undefined && this.has(Feature.configWriteback)) this.writeback = (value & 1) !== 0;
  }

  start(): void {
    this.pump();
  }

  reset(): void {
    this.writeback = undefined;
    this.isDraining = this.jobs > 0;
  }

  notify(): void {
    this.pump();
  }

  save(): BlockState {
    return { writeback: this.writeback };
  }

  restore(state: BlockState): void {
    this.writeback = STATE(state).writeback;
  }

  private has(feature: bigint): boolean {
    return (this.link.features & feature) !== 0n;
  }

  /** Section 5.2.5.2: a driver that knows neither the mode nor flushes has to find its writes stable. */
  private get isWriteThrough(): boolean {
    const chosen = this.has(Feature.configWriteback) ? this.writeback : undefined;
    return !(chosen ?? this.has(Feature.flush));
  }

  /** Begins what waits in the queue: never more at once than an honest driver can have there. */
  private pump(): void {
    const queue = this.link.queue(0);
    for (let i = 0; !this.isDraining && !queue.isEmpty && i < QUEUE_SIZE; i++) {
      const chain = queue.pop();
      if (!chain) return;
      if (chain.writable === 0) {
        this.link.fail();
        return;
      }
      const job = begin(chain, this.disk, this.serial, this.isWriteThrough);
      if (typeof job === "number") this.answer(chain, job);
      else if (this.jobs > 0 && this.bytesUnderWay + job.weight > MOST_UNDER_WAY) {
        queue.unpop(chain);
        return;
      } else {
        this.jobs++;
        this.bytesUnderWay += job.weight;
        this.advance(job, undefined);
      }
    }
  }

  /** Goes on with a job until the host needs time, or to its end. */
  private advance(job: Job, outcome: unknown): void {
    let answer = outcome;
    for (;;) {
      const step = this.step(job, answer);
      if (typeof step === "number") {
        this.finish(job, step);
        return;
      }
      answer = step.value;
      if (answer instanceof Promise) break;
    }
    this.work.follow(
      answer,
      (value) => {
        this.advance(job, value);
        this.pump();
      },
      () => {
        this.finish(job, Status.ioError);
        this.pump();
      },
    );
  }

  /** What the host is doing next; or the status of a job that has ended. */
  private step(job: Job, outcome: unknown): { readonly value: unknown } | number {
    if (job.chain.isDead) return Status.ok;
    try {
      const step = job.steps.next(outcome);
      return step.done ? Status.ok : step;
    } catch {
      return Status.ioError;
    }
  }

  private finish(job: Job, status: number): void {
    this.jobs--;
    this.bytesUnderWay -= job.weight;
    if (this.jobs === 0) this.isDraining = false;
    this.answer(job.chain, status);
  }

  /** All of the writable part counts as written, as drivers know it from QEMU: the status is its last byte. */
  private answer(chain: Chain, status: number): void {
    chain.write(chain.writable - 1, Uint8Array.of(status));
    this.link.queue(0).push(chain, chain.writable);
  }
}
