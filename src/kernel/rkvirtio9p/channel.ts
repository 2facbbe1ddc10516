import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import { type P9Transport, SHORT_ANSWER } from "../rk9p/transport.ts";
import type { VirtioTransport } from "../rkvirtio/mmio.ts";
import { SplitQueue } from "../rkvirtio/split-queue.ts";
import { fail } from "../vfs/error.ts";

/** What a 9P device is (VIRTIO 1.2, section 5). */
export const P9_DEVICE = 9;
const FEATURE_MOUNT_TAG = 1n << 0n;
const PAGE = 4096;
const QUEUE_SIZE = 8;
/** In the page of a channel, behind the queue: short answers, then short requests. */
const ANSWER_AT = 512;
const REQUEST_AT = ANSWER_AT + SHORT_ANSWER;
/** What stands before the data of Tread's and Treaddir's answers, and of Twrite: with it data begins on a page's edge. */
const ANSWER_HEAD = 11;
const REQUEST_HEAD = 23;
/** The chains: their first descriptors. */
const Chain = { short: 0, longAnswer: 2, longRequest: 4 } as const;

/** Memory that data goes through, one device at a time: whole pages, of which the first is for what stands before it. */
export interface DataPages {
  readonly address: number;
  readonly pages: number;
}

/**
 * A 9P server behind a virtio device, one request at a time; one that answers at once. There are three chains that never
 * change:
 *
 *     short request, short answer    short request, long answer    long request, short answer
 */
export class VirtioChannel implements P9Transport {
  readonly tag: string;
  readonly mostData: number;
  private readonly transport: VirtioTransport;
  private readonly ram: PhysicalMemory;
  private readonly queue: SplitQueue;
  private readonly control: number;
  private readonly longAnswer: number;
  private readonly longRequest: number;
  /** Where the last answer is. */
  private answer = 0;

  private constructor(transport: VirtioTransport, ram: PhysicalMemory, control: number, data: DataPages) {
    this.transport = transport;
    this.ram = ram;
    this.control = control;
    this.tag = tagOf(transport);
    this.mostData = (data.pages - 1) * PAGE;
    this.longAnswer = data.address + PAGE - ANSWER_HEAD;
    this.longRequest = data.address + PAGE - REQUEST_HEAD;
    this.queue = new SplitQueue(ram, control, QUEUE_SIZE);
    const from = (address: number, length: number) => ({ address, length, isWritable: false });
    const to = (address: number, length: number) => ({ address, length, isWritable: true });
    const request = from(control + REQUEST_AT, PAGE - REQUEST_AT);
    const answer = to(control + ANSWER_AT, SHORT_ANSWER);
    this.queue.describe(Chain.short, [request, answer]);
    this.queue.describe(Chain.longAnswer, [request, to(this.longAnswer, ANSWER_HEAD + this.mostData)]);
    this.queue.describe(Chain.longRequest, [from(this.longRequest, REQUEST_HEAD + this.mostData), answer]);
    transport.setQueue(0, this.queue.areas);
    transport.ready();
  }

  /** Takes the device into use, with a page of its own at `control`. Undefined where it refuses. */
  static start(
    transport: VirtioTransport,
    ram: PhysicalMemory,
    control: number,
    data: DataPages,
  ): VirtioChannel | undefined {
    if (transport.begin(FEATURE_MOUNT_TAG) === undefined) return undefined;
    if (transport.queueSize(0) < QUEUE_SIZE) return undefined;
    return new VirtioChannel(transport, ram, control, data);
  }

  exchange(request: Uint8Array, isLong: boolean, data?: Uint8Array): number {
    const { control, queue, ram, transport } = this;
    const isLongRequest = data !== undefined || request.length > PAGE - REQUEST_AT;
    if (isLongRequest) {
      ram.write(this.longRequest, request);
      if (data) ram.write(this.longRequest + request.length, data);
    } else ram.write(control + REQUEST_AT, request);
    queue.offer(isLongRequest ? Chain.longRequest : isLong ? Chain.longAnswer : Chain.short);
    transport.notify(0);
    const isShort = isLongRequest || !isLong;
    this.answer = isShort ? control + ANSWER_AT : this.longAnswer;
    if (!queue.take()) fail("EIO");
    return Math.min(queue.written, isShort ? SHORT_ANSWER : ANSWER_HEAD + this.mostData);
  }

  copy(offset: number, into: Uint8Array): void {
    const { ram } = this;
    for (let done = 0; done < into.length; ) {
      const at = this.answer + offset + done;
      let page = Math.floor(at / PAGE);
      const from = ram.readable(page) + (at % PAGE);
      let count = PAGE - (at % PAGE);
      while (done + count < into.length && ram.readable(++page) === from + count) count += PAGE;
      count = Math.min(count, into.length - done);
      into.set(ram.arena.u8.subarray(from, from + count), done);
      done += count;
    }
  }
}

/** Text that the device gives as the name of what it shares. */
function tagOf(transport: VirtioTransport): string {
  const length = transport.configU8(0) + transport.configU8(1) * 256;
  const bytes = Uint8Array.from({ length: Math.min(length, 255) }, (_, i) => transport.configU8(2 + i));
  return new TextDecoder().decode(bytes);
}
