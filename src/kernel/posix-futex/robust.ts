import type { Thread } from "../rkprocess/thread.ts";
import { OutOfMemory } from "../rkvm/resident-pages.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { OWNER_DIED, TID_MASK, WAITERS } from "./lock-pi.ts";

/** Most locks that are looked at (ROBUST_LIST_LIMIT): the list is the program's, and may be a circle. */
const MOST_LOCKS = 2048;

/**
 * A thread ends: the locks of its robust list that it holds are marked so, and one who waits for each is woken
 * (Linux's Documentation/locking/robust-futexes). `struct robust_list_head`: 0 first entry, 8 offset from an entry to
 * its futex, 16 the lock being taken or released. Bit 0 of a pointer says that the lock inherits priority.
 */
export function leaveRobustFutexes(thread: Thread, wake: (address: number) => void): void {
  const { memory, robustList: head } = thread;
  if (head === 0) return;
  try {
    const offset = memory.readWord(head + 8);
    const pending = memory.readWord(head + 16);
    let entry = memory.readWord(head);
    for (let i = 0; entry !== head && i < MOST_LOCKS; i++) {
      const next = memory.readWord(withoutFlag(entry));
      if (entry !== pending) release(thread, withoutFlag(entry) + offset, false, wake);
      entry = next;
    }
    if (pending !== 0) release(thread, withoutFlag(pending) + offset, true, wake);
  } catch (error) {
    // The rest of a broken list is left alone, as under Linux.
    if (!(error instanceof UserFault || error instanceof OutOfMemory)) throw error;
  }
}

const withoutFlag = (pointer: number): number => pointer - (pointer % 2);

function release(thread: Thread, address: number, isPending: boolean, wake: (address: number) => void): void {
  const { memory } = thread;
  const word = memory.readU32(address);
  // It died between unlocking and waking: someone may still wait.
  if (isPending && word === 0) wake(address);
  if ((word & TID_MASK) !== thread.tid) return;
  memory.writeU32(address, ((word & WAITERS) | OWNER_DIED) >>> 0);
  if (word & WAITERS) wake(address);
}
