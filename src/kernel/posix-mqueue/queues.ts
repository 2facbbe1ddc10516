import { eventPlace } from "../vfs/anonymous.ts";
import { fail } from "../vfs/error.ts";
import type { Owner } from "../vfs/inode.ts";
import { type ByteString, NAME_MAX } from "../vfs/names.ts";
import { MessageQueue, type QueueSize, reckonedBytes } from "./message-queue.ts";
import { QueueFile } from "./queue-file.ts";

/** Linux's bounds (mq_overview(7), HARD_MSGMAX and HARD_MSGSIZEMAX), and what a queue has without attributes. */
const MOST_MESSAGES = 65_536;
const LONGEST_MESSAGE = 2 ** 24;
export const DEFAULT_SIZE: QueueSize = { most: 10, messageSize: 8192 };

/** Bytes reckoned for all queues together, whatever RLIMIT_MSGQUEUE was raised to. */
const MOST_BYTES = 64 << 20;

/** How often a queue is open, and whether it still has its name. */
interface Use {
  files: number;
  isNamed: boolean;
}

/** The message queues of a kernel, by name. */
export class MessageQueues {
  private readonly named = new Map<ByteString, MessageQueue>();
  private readonly uses = new Map<MessageQueue, Use>();
  private bytes = 0;

  /** Undefined where there is none. Throws what a name that is none gets. */
  find(name: ByteString): MessageQueue | undefined {
    if (name === "") fail("ENOENT");
    if (name === "." || name === ".." || name.includes("/")) fail("EACCES");
    if (name.length > NAME_MAX) fail("ENAMETOOLONG");
    return this.named.get(name);
  }

  /** Makes one; `limit`: RLIMIT_MSGQUEUE. */
  create(
    name: ByteString,
    size: QueueSize,
    mode: number,
    owner: Owner,
    limit: number,
    now: bigint,
  ): MessageQueue {
    const { most, messageSize } = size;
    if (!(most > 0 && most <= MOST_MESSAGES && messageSize > 0 && messageSize <= LONGEST_MESSAGE))
      fail("EINVAL");
    const reckoned = reckonedBytes(size);
    if (this.bytes + reckoned > Math.min(limit, MOST_BYTES)) fail("EMFILE");
    const queue = new MessageQueue(size, eventPlace("[mqueue]", now), mode, owner);
    this.bytes += reckoned;
    this.named.set(name, queue);
    this.uses.set(queue, { files: 0, isNamed: true });
    return queue;
  }

  open(queue: MessageQueue, flags: number): QueueFile {
    this.change(queue, (use) => use.files++);
    return new QueueFile(queue, flags, () => this.change(queue, (use) => use.files--));
  }

  /** Who has it open keeps it. */
  unlink(name: ByteString): void {
    const queue = this.find(name) ?? fail("ENOENT");
    this.named.delete(name);
    this.change(queue, (use) => {
      use.isNamed = false;
    });
  }

  /** Nobody can be told any more. */
  forget(owner: object): void {
    for (const queue of this.uses.keys())
      if (queue.registration?.owner === owner) queue.registration = undefined;
  }

  private change(queue: MessageQueue, how: (use: Use) => void): void {
    const use = this.uses.get(queue);
    if (!use) return;
    how(use);
    if (use.files > 0 || use.isNamed) return;
    this.uses.delete(queue);
    this.bytes -= reckonedBytes(queue.size);
  }
}
