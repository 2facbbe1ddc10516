import { WaitQueue } from "../rksched/wait-queue.ts";
import { fail } from "./error.ts";
import type { FdTable } from "./fd-table.ts";
import type { Budget } from "./limits.ts";
import type { OpenFile } from "./open-file.ts";

/**
 * Who has a record lock: the processes that share a table of descriptors (F_SETLK), or an open file description
 * (F_OFD_SETLK).
 */
export type LockOwner = FdTable | OpenFile;

/** A locked range of bytes: from `start` up to, not including, `end`, which is infinite for "to the end of the file". */
export interface RecordLock {
  readonly owner: LockOwner;
  readonly exclusive: boolean;
  readonly start: number;
  readonly end: number;
  /** Who took it; -1 for an open file description. */
  readonly pid: number;
}

/** Locked ranges that one owner may have in one file: each takes memory of the host, and time of each call. */
const MOST_RECORDS = 1024;

/** For whose locks somebody waits: from who waits to the owners in its way. Only processes can deadlock (fcntl(2)). */
const waitsFor = new WeakMap<LockOwner, LockOwner>();

/** The advisory locks of one file: record locks (fcntl_locking(2)) and those of flock(2), which know nothing of each other. */
export class FileLocks {
  /** Woken when a lock is gone or weaker. */
  readonly changed = new WaitQueue();
  private records: readonly RecordLock[] = [];
  /** Of the ranges of all files. */
  private readonly all: Budget;
  /** Holders of the flock: one, or several that share it. */
  private readonly holders = new Set<OpenFile>();
  private shared = true;

  constructor(all: Budget) {
    this.all = all;
  }

  /** The first lock that is in the way of `wanted`, if any is. */
  conflict(wanted: RecordLock): RecordLock | undefined {
    return this.records.find(
      (lock) =>
        lock.owner !== wanted.owner &&
        (lock.exclusive || wanted.exclusive) &&
        lock.start < wanted.end &&
        wanted.start < lock.end,
    );
  }

  /** Takes a lock in place of what its owner has there. Throws EAGAIN where another's is in the way, and ENOLCK. */
  setRecord(lock: RecordLock): void {
    if (this.conflict(lock)) fail("EAGAIN");
    const records = this.without(lock, lock.start, lock.end);
    const own = records.filter(({ owner }) => owner === lock.owner);
    if (own.length >= MOST_RECORDS) fail("ENOLCK");
    // Neighbours of the same kind become one.
    let { start, end } = lock;
    const touching = own.filter(
      (other) => other.exclusive === lock.exclusive && other.start <= end && start <= other.end,
    );
    for (const other of touching) {
      start = Math.min(start, other.start);
      end = Math.max(end, other.end);
    }
    const kept = records.filter((other) => !touching.includes(other));
    this.replace([...kept, { ...lock, start, end }].sort((a, b) => a.start - b.start));
  }

  /** Gives up what an owner has of a range. Throws ENOLCK where that makes too many pieces. */
  clearRecord(owner: LockOwner, start: number, end: number): void {
    const records = this.without({ owner }, start, end);
    if (records.filter((lock) => lock.owner === owner).length > MOST_RECORDS) fail("ENOLCK");
    this.replace(records);
  }

  /**
   * Notes that the owner of `wanted` is about to wait for it; `stopWaiting` when it does no more. Throws EDEADLK
   * where whom it waits for waits for it.
   */
  startWaiting(wanted: RecordLock): void {
    const blocker = this.conflict(wanted);
    if (!blocker) return;
    const seen = new Set<LockOwner>();
    for (let at: LockOwner | undefined = blocker.owner; at && !seen.has(at); at = waitsFor.get(at)) {
      if (at === wanted.owner) fail("EDEADLK");
      seen.add(at);
    }
    waitsFor.set(wanted.owner, blocker.owner);
  }

  stopWaiting(owner: LockOwner): void {
    waitsFor.delete(owner);
  }

  /** All of a process's record locks. */
  releaseRecords(owner: LockOwner): void {
    if (this.records.some((lock) => lock.owner === owner))
      this.replace(this.records.filter((lock) => lock.owner !== owner));
  }

  /** `flock`: takes the lock, or changes its kind. Throws EAGAIN where others hold it. */
  flock(file: OpenFile, exclusive: boolean): void {
    const others = this.holders.size - Number(this.holders.has(file));
    if (others > 0 && (exclusive || !this.shared)) {
      // A change of kind gives the old lock up first (flock(2)).
      this.unflock(file);
      fail("EAGAIN");
    }
    const weaker = this.holders.has(file) && !this.shared && !exclusive;
    this.holders.add(file);
    this.shared = !exclusive;
    if (weaker) this.changed.wake();
  }

  unflock(file: OpenFile): void {
    if (this.holders.delete(file)) this.changed.wake();
  }

  /** An open file description is closed. */
  releaseFile(file: OpenFile): void {
    this.unflock(file);
    this.releaseRecords(file);
  }

  /** The locks once `owner` has none between `start` and `end`. */
  private without({ owner }: { owner: LockOwner }, start: number, end: number): RecordLock[] {
    return this.records.flatMap((lock) => {
      if (lock.owner !== owner || lock.end <= start || end <= lock.start) return [lock];
      const rest: RecordLock[] = [];
      if (lock.start < start) rest.push({ ...lock, end: start });
      if (end < lock.end) rest.push({ ...lock, start: end });
      return rest;
    });
  }

  private replace(records: readonly RecordLock[]): void {
    const more = records.length - this.records.length;
    if (more > 0) this.all.charge(more);
    else this.all.discharge(-more);
    this.records = records;
    this.changed.wake();
  }
}

/** The locks of what a file has open. */
export function locksOf({ inode }: OpenFile, all: Budget): FileLocks {
  inode.locks ??= new FileLocks(all);
  return inode.locks;
}
