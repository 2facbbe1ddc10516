import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { type Mailbox, mailboxes } from "../rkmpi/mailbox.ts";
import type { Budget } from "../rknative/budget.ts";
import { NativeObject, waitFor } from "../rknative/handles.ts";
import { nativeHandles, nativeResources } from "../rknative/library.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { time } from "../rktime/time.ts";
import { errno } from "../syscalls/errno.ts";
import { native } from "../syscalls/native.ts";

/** A mailbox of 64-bit words. */
class MailboxObject extends NativeObject {
  readonly box: Mailbox<bigint>;
  private readonly messages: Budget;

  constructor(box: Mailbox<bigint>, messages: Budget) {
    super();
    this.box = box;
    this.messages = messages;
  }

  protected override dispose(): void {
    this.messages.give(this.box.capacity);
  }
}

function create({ process, kernel }: Thread, capacity: number): number {
  const box = kernel.use(mailboxes).create<bigint>(capacity);
  if (!box) return -errno.EINVAL;
  const { messages } = kernel.use(nativeResources);
  if (!messages.take(capacity)) return -errno.ENOMEM;
  return process.get(nativeHandles).add(new MailboxObject(box, messages));
}

const find = ({ process }: Thread, handle: number) => process.get(nativeHandles).get(handle, MailboxObject);

/** The second argument, all 64 bits of it. */
const A1 = 11;

function post(thread: Thread, handle: number, _word: number, timeout: number): number {
  const object = find(thread, handle);
  if (!object) return -errno.EBADF;
  const word = thread.kernel.hart.x(A1);
  const result = object.box.postTry(word);
  if (result === 0 || timeout === 0) return result;
  return object.box.post(word, waitFor(thread, object, timeout), timeout);
}

function receive(thread: Thread, handle: number, at: number, timeout: number): number {
  const object = find(thread, handle);
  if (!object) return -errno.EBADF;
  const deliver = (word: bigint) => {
    thread.memory.writeU64(at, BigInt.asUintN(64, word));
    return 0;
  };
  if (object.box.count > 0 || timeout === 0) return object.box.recvTry(deliver);
  return object.box.recv(deliver, waitFor(thread, object, timeout), timeout);
}

/** rkmpi for programs: mailboxes of words, between threads and, across `fork`, processes. */
export const rknativempi: Library = {
  name: "rknativempi",
  summary: librarySummary.rknativempi,
  provides: [],
  needs: [nativeResources, mailboxes, time],
  syscalls: [
    native("rk_mailbox_create", create),
    native("rk_mailbox_post", post),
    native("rk_mailbox_receive", receive),
    native("rk_mailbox_count", (thread, handle) => find(thread, handle)?.box.count ?? -errno.EBADF),
  ],
};
