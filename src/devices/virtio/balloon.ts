import { FRAME_SIZE } from "../../memory/arena.ts";
import type { State } from "../state.ts";
import { listOf, optional, record, type Shaped, u32, u64 } from "../state-shape.ts";
import type { Chain, VirtioDevice, VirtioLink } from "./device.ts";

const BalloonFeature = { statistics: 1n << 1n, deflateOnOom: 1n << 2n, reporting: 1n << 5n } as const;
const Queue = { inflate: 0, deflate: 1, statistics: 2 } as const;
/** What a chain is read or looked through for at most; Linux sends 256 page numbers, or reports 32 ranges of 4 MiB. */
const MOST_NUMBERS = 1 << 14;
const MOST_REPORTED = 1 << 15;
const ACTUAL = 4;
const CONFIG_SIZE = 8;

/** What a driver tells of its memory, by tag (section 5.5.6.3). All but the counts of events are bytes. */
export const STATISTICS = [
  "swap-in",
  "swap-out",
  "major-faults",
  "minor-faults",
  "free-memory",
  "total-memory",
  "available-memory",
  "disk-caches",
  "hugetlb-allocations",
  "hugetlb-failures",
] as const;
/** A `u16` tag and a `u64` value. */
const STATISTIC_SIZE = 10;

const STATE = record({
  target: u32,
  actual: u32,
  statistics: listOf(optional(u64), 0, STATISTICS.length),
});
type BalloonState = Shaped<typeof STATE>;

/**
 * The memory balloon (VIRTIO 1.2, section 5.5): pages that the driver puts into it, and free ones that it reports, go
 * back to the host. They read as zero when the guest uses them again, which it may at any time.
 *
 *     config: 0  u32 pages that the balloon should have    4  u32 pages that it has; the driver writes it
 *
 * The specification numbers the reporting queue 4; Linux and QEMU number only queues that exist.
 * So every queue behind the statistics' reports.
 */
export class BalloonDevice implements VirtioDevice {
  readonly name = "virtio-balloon";
  readonly type = 5;
  readonly features = BalloonFeature.statistics | BalloonFeature.deflateOnOom | BalloonFeature.reporting;
  readonly queueSizes = [128, 128, 128, 128, 128];
  private readonly discard: (page: number) => void;
  private link!: VirtioLink;
  private wanted = 0;
  private had = 0;
  private known: (bigint | undefined)[] = [];

  /** `discard` gives a page of RAM (address / 4096) back. */
  constructor(discard: (page: number) => void) {
    this.discard = discard;
  }

  /** Pages of 4 KiB that the guest is asked to put into the balloon. */
  get target(): number {
    return this.wanted;
  }

  set target(pages: number) {
    this.wanted = pages;
    this.link.configChanged();
  }

  /** Pages in the balloon, as the driver says. */
  get actual(): number {
    return this.had;
  }

  /** What the driver told last: undefined where it does not know. See `refreshStatistics`. */
  statistic(name: (typeof STATISTICS)[number]): bigint | undefined {
    return this.known[STATISTICS.indexOf(name)];
  }

  /** Asks the driver for its statistics, which come later. Its buffer is its own again until it has some. */
  refreshStatistics(): void {
    if (!this.hasStatistics) return;
    const queue = this.link.queue(Queue.statistics);
    const chain = queue.pop();
    if (chain) queue.push(chain, 0);
    // Left without one, so the driver has to notify.
    if (queue.isEmpty) return;
    this.readStatistics();
  }

  connect(link: VirtioLink): void {
    this.link = link;
  }

  config(): Uint8Array {
    const view = new DataView(new ArrayBuffer(CONFIG_SIZE));
    view.setUint32(0, this.wanted, true);
    view.setUint32(ACTUAL, this.had, true);
    return new Uint8Array(view.buffer);
  }

  writeConfig(offset: number, bytes: Uint8Array): void {
    const config = this.config();
    bytes.forEach((byte, i) => {
      if (offset + i >= ACTUAL && offset + i < CONFIG_SIZE) config[offset + i] = byte;
    });
    this.had = new DataView(config.buffer).getUint32(ACTUAL, true);
  }

  start(): void {
    this.queueSizes.forEach((_, queue) => {
      this.notify(queue);
    });
  }

  reset(): void {
    this.had = 0;
    this.known = [];
  }

  notify(index: number): void {
    if (index === Queue.statistics && this.hasStatistics) {
      this.readStatistics();
      return;
    }
    const queue = this.link.queue(index);
    for (let chain = queue.pop(); chain; chain = queue.pop()) {
      if (index === Queue.inflate) this.inflate(chain);
      else if (index !== Queue.deflate) this.takeReported(chain);
      queue.push(chain, 0);
    }
  }

  save(): BalloonState {
    return { target: this.wanted, actual: this.had, statistics: [...this.known] };
  }

  restore(state: State): void {
    const { target, actual, statistics } = STATE(state);
    this.wanted = target;
    this.had = actual;
    this.known = [...statistics];
  }

  private get hasStatistics(): boolean {
    return (this.link.features & BalloonFeature.statistics) !== 0n;
  }

  private inflate(chain: Chain): void {
    const bytes = chain.read(0, 4 * MOST_NUMBERS);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      const page = view.getUint32(at, true);
      if (this.link.memory.reaches(page * FRAME_SIZE, FRAME_SIZE)) this.discard(page);
    }
  }

  private takeReported(chain: Chain): void {
    if ((this.link.features & BalloonFeature.reporting) === 0n) return;
    let left = MOST_REPORTED;
    chain.eachWritable((address, length) => {
      const end = Math.floor((address + length) / FRAME_SIZE);
      for (let page = Math.ceil(address / FRAME_SIZE); page < end && left > 0; page++, left--)
        this.discard(page);
    });
  }

  /** The buffer stays in the queue until new statistics are wanted. */
  private readStatistics(): void {
    const queue = this.link.queue(Queue.statistics);
    const chain = queue.pop();
    if (!chain) return;
    const bytes = chain.read(0, STATISTIC_SIZE * 2 * STATISTICS.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let at = 0; at + STATISTIC_SIZE <= bytes.length; at += STATISTIC_SIZE) {
      const tag = view.getUint16(at, true);
      if (tag < STATISTICS.length) this.known[tag] = view.getBigUint64(at + 2, true);
    }
    queue.unpop(chain);
  }
}
