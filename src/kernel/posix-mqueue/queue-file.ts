import type { WaitQueue } from "../rksched/wait-queue.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import type { AttributeChange, Attributes } from "../vfs/inode.ts";
import { OpenFile } from "../vfs/open-file.ts";
import type { MessageQueue, Registration } from "./message-queue.ts";

/** An open message queue. */
export class QueueFile extends OpenFile {
  readonly queue: MessageQueue;
  /** The one that was made through this description. */
  registration: Registration | undefined;
  private readonly letGo: () => void;
  private position = 0;

  /** `letGo` is called when it is closed. */
  constructor(queue: MessageQueue, flags: number, letGo: () => void) {
    super(queue.location, flags & (O.ACCMODE | O.NONBLOCK));
    this.queue = queue;
    this.letGo = letGo;
  }

  override get waiters(): WaitQueue {
    return this.queue.changes;
  }

  override poll(): number {
    return this.queue.poll();
  }

  override read(into: Uint8Array): number {
    const count = this.readAt(into, this.position);
    this.position += count;
    return count;
  }

  override readAt(into: Uint8Array, position: number): number {
    const part = new TextEncoder().encode(this.queue.status()).subarray(position, position + into.length);
    into.set(part);
    return part.length;
  }

  override seek(offset: number, whence: number): number {
    const { size } = this.attributes();
    const from = [0, this.position, size][whence] ?? fail("EINVAL");
    if (from + offset < 0) fail("EINVAL");
    this.position = from + offset;
    return this.position;
  }

  override attributes(): Attributes {
    return this.queue.attributes();
  }

  override setAttributes(change: AttributeChange): void {
    super.setAttributes(change);
    this.queue.mode = change.mode ?? this.queue.mode;
    this.queue.uid = change.uid ?? this.queue.uid;
    this.queue.gid = change.gid ?? this.queue.gid;
  }

  protected override closed(): void {
    if (this.registration && this.queue.registration === this.registration)
      this.queue.registration = undefined;
    this.letGo();
  }
}
