import type { HostWork } from "../../host-work.ts";
import type { Chain, VirtioDevice, VirtioLink } from "../device.ts";
import { HEADER_SIZE, MessageWriter, Type } from "./message.ts";
import { failed, MOST_MSIZE, Session, type SessionState } from "./session.ts";
import type { SharedTree } from "./tree.ts";

const FEATURE_MOUNT_TAG = 1n << 0n;
const MOST_TAG_BYTES = 31;
/** What an error takes up: the least a driver has to have room for. */
const ERROR_SIZE = HEADER_SIZE + 4;

/** What most requests are not longer than, in bytes. */
const USUAL_SIZE = 64;

/**
 * A directory shared with the guest by 9P (device ID 9; VIRTIO 1.2 reserves the number, Linux's `virtio_9p.h` has the
 * layout). Each chain holds a request and room for its answer.
 *
 *     config   0 length of the tag   2 the tag, by which a driver mounts it
 *
 * Reads and writes of files are under way side by side; their answers may overtake each other.
 */
export class P9Device implements VirtioDevice<SessionState> {
  readonly name = "virtio-9p";
  readonly type = 9;
  readonly features = FEATURE_MOUNT_TAG;
  readonly queueSizes = [128];
  private readonly tag: Uint8Array;
  private readonly work: HostWork;
  private readonly session: Session;
  private link!: VirtioLink;
  private underWay = new UnderWay();

  /** `tag`: 1 to 31 bytes of UTF-8. */
  constructor(tag: string, tree: SharedTree, work: HostWork) {
    this.tag = new TextEncoder().encode(tag);
    if (this.tag.length === 0 || this.tag.length > MOST_TAG_BYTES) throw new RangeError(`tag ${tag}`);
    this.work = work;
    this.session = new Session(tree);
  }

  connect(link: VirtioLink): void {
    this.link = link;
  }

  config(): Uint8Array {
    return Uint8Array.of(this.tag.length, 0, ...this.tag);
  }

  writeConfig(): void {}

  start(): void {}

  reset(): void {
    this.session.clear();
    this.underWay = new UnderWay();
  }

  notify(): void {
    const queue = this.link.queue(0);
    for (let chain = queue.pop(); chain; chain = queue.pop()) this.serve(chain);
  }

  save(): SessionState {
    return this.session.save();
  }

  restore(state: SessionState): void {
    this.session.restore(state);
  }

  private serve(chain: Chain): void {
    const first = chain.read(0, Math.min(chain.readable, USUAL_SIZE));
    const size = first.length < HEADER_SIZE ? 0 : lengthOf(first);
    const isWhole = size >= HEADER_SIZE && size <= Math.min(chain.readable, MOST_MSIZE);
    if (!isWhole || chain.writable < ERROR_SIZE) {
      // Such a request cannot be answered.
      this.link.queue(0).push(chain, 0);
      this.link.fail();
      return;
    }
    const tag = first[5] | (first[6] << 8);
    const request = size <= first.length ? first : chain.read(0, size);
    if (first[4] === Type.flush) this.flush(chain, tag, request);
    else this.handle(chain, tag, request, size);
  }

  private handle(chain: Chain, tag: number, request: Uint8Array, size: number): void {
    const place = (offset: number, length: number) => this.place(chain, offset, length);
    const answer = this.session.handle(request, chain.writable, size, place);
    if (!(answer instanceof Promise)) {
      this.answer(chain, answer);
      return;
    }
    const { underWay } = this;
    underWay.begin(tag);
    const done = (parts: Uint8Array[]) => {
      this.answer(chain, parts);
      underWay.end(tag);
    };
    this.work.follow(answer, done, (error) => done(failed(error, tag)));
  }

  /** A request goes on until it ends, and is answered: until then its buffers are not the driver's. */
  private flush(chain: Chain, tag: number, request: Uint8Array): void {
    const old = request[HEADER_SIZE] | (request[HEADER_SIZE + 1] << 8);
    const done = new MessageWriter(HEADER_SIZE).header(Type.flush + 1, tag, 0).result;
    this.underWay.afterwards(old, () => this.answer(chain, [done]));
  }

  private answer(chain: Chain, parts: readonly Uint8Array[]): void {
    let at = 0;
    for (const part of parts) at += chain.write(at, part);
    this.link.queue(0).push(chain, lengthOf(parts[0]));
  }

  /** The memory of an answer, in pieces. */
  private place(chain: Chain, offset: number, length: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let skip = offset;
    let left = length;
    chain.eachWritable((address, size) => {
      const count = Math.min(left, Math.max(0, size - skip));
      if (count > 0) pieces.push(...(this.link.memory.pieces(address + skip, count) ?? []));
      skip = Math.max(0, skip - size);
      left -= count;
    });
    return pieces;
  }
}

/** `size[4]` of a message. */
function lengthOf(bytes: Uint8Array): number {
  return (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0;
}

/** Requests under way by tag, and who waits for their end. */
class UnderWay {
  private readonly counts = new Map<number, number>();
  private readonly waiting = new Map<number, (() => void)[]>();

  begin(tag: number): void {
    this.counts.set(tag, (this.counts.get(tag) ?? 0) + 1);
  }

  end(tag: number): void {
    const left = this.counts.get(tag)! - 1;
    if (left > 0) this.counts.set(tag, left);
    else this.counts.delete(tag);
    const waiting = left > 0 ? [] : (this.waiting.get(tag) ?? []);
    if (left === 0) this.waiting.delete(tag);
    for (const callback of waiting) callback();
  }

  /** Calls `callback` once nothing with this tag is under way. */
  afterwards(tag: number, callback: () => void): void {
    if (!this.counts.has(tag)) callback();
    else this.waiting.set(tag, [...(this.waiting.get(tag) ?? []), callback]);
  }
}
