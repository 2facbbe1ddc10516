import type { Process } from "../rkprocess/process.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { WaitQueue } from "../rksched/wait-queue.ts";
import { errno } from "../syscalls/errno.ts";
import { IPC_NOWAIT, IpcObject, now } from "./object.ts";
import type { UndoList } from "./undo.ts";

/** SEMVMX; what is undone at the end is as much at most (SEMAEM). */
export const MOST_VALUE = 32767;
export const SEM_UNDO = 0o10000;

/** `struct sembuf` */
export interface Operation {
  readonly index: number;
  readonly change: number;
  readonly flags: number;
}

/** Operations that wait until all of them can be done at once. */
export interface PendingOperations {
  readonly operations: readonly Operation[];
  readonly thread: Thread;
  /** Of who wants some to be undone at his end. */
  readonly undo: UndoList | undefined;
  /** Some of them change a value. */
  readonly alters: boolean;
  /** Which one could not be done when it was tried last. */
  blocking: Operation;
  /** Set when it is over: 0, or a negative errno. */
  result: number | undefined;
  readonly done: WaitQueue;
}

/** A set of semaphores (sysvipc(7)). */
export class SemaphoreSet extends IpcObject {
  readonly values: Int32Array;
  /** Who changed each last. */
  readonly pids: Int32Array;
  operatedAt = 0;
  /** In the order they came. */
  private readonly pending = new Set<PendingOperations>();
  /** Who has something of it to undo. */
  readonly undoers = new Set<UndoList>();

  constructor(thread: Thread, key: number, flags: number, count: number) {
    super(thread, key, flags);
    this.values = new Int32Array(count);
    this.pids = new Int32Array(count);
  }

  get weight(): number {
    return this.values.length;
  }

  /**
   * Does all operations or none. Returns 0, a negative errno (EAGAIN where one that does not wait could not be done,
   * ERANGE, ENOMEM), or the operation that has to be waited for.
   */
  attempt(
    operations: readonly Operation[],
    { process }: Thread,
    undo: UndoList | undefined,
  ): number | Operation {
    const { values } = this;
    for (let done = 0; done < operations.length; done++) {
      let failed: number | Operation | undefined;
      const { index, change, flags } = operations[done];
      const value = values[index] + change;
      const cannot = change === 0 ? values[index] !== 0 : value < 0;
      if (cannot) failed = flags & IPC_NOWAIT ? -errno.EAGAIN : operations[done];
      else if (value > MOST_VALUE) failed = -errno.ERANGE;
      else if (flags & SEM_UNDO && undo) failed = undo.add(this, index, -change) || undefined;
      if (failed !== undefined) {
        this.takeBack(operations.slice(0, done), undo);
        return failed;
      }
      values[index] = value;
    }
    for (const { index } of operations) this.pids[index] = process.pid;
    return 0;
  }

  /** Operations have been done, by a thread at some time: others may be possible now. */
  operated(thread: Thread): void {
    this.operatedAt = now(thread);
    this.wake();
  }

  add(pending: PendingOperations): void {
    this.pending.add(pending);
  }

  delete(pending: PendingOperations): void {
    this.pending.delete(pending);
  }

  /** How many wait for a semaphore to grow, or to become zero. */
  countWaiting(index: number, forZero: boolean): number {
    let count = 0;
    for (const { blocking } of this.pending)
      if (blocking.index === index && (blocking.change === 0) === forZero) count++;
    return count;
  }

  /** A value is set by someone: what was to be undone of it is not any more. */
  set(process: Process, index: number, value: number): void {
    this.values[index] = value;
    this.pids[index] = process.pid;
    for (const undo of this.undoers) undo.forget(this, index);
  }

  /** The same of all. */
  setAll({ pid }: Process, values: ArrayLike<number>): void {
    this.values.set(values);
    this.pids.fill(pid);
    for (const undo of [...this.undoers]) undo.forgetSet(this);
  }

  /** Does what can be done now, those who wait for zero first, then in the order they came, until nothing changes. */
  wake(): void {
    for (let isDone = false; !isDone; ) {
      isDone = true;
      const waiting = [...this.pending];
      for (const one of [
        ...waiting.filter(({ alters }) => !alters),
        ...waiting.filter(({ alters }) => alters),
      ]) {
        const result = this.attempt(one.operations, one.thread, one.undo);
        if (typeof result !== "number") {
          one.blocking = result;
          continue;
        }
        if (result === 0) this.operatedAt = now(one.thread);
        this.finish(one, result);
        if (result === 0 && one.alters) isDone = false;
      }
    }
  }

  removed(): void {
    for (const one of [...this.pending]) this.finish(one, -errno.EIDRM);
    for (const undo of [...this.undoers]) undo.forgetSet(this);
  }

  private finish(one: PendingOperations, result: number): void {
    this.pending.delete(one);
    one.result = result;
    one.done.wake();
  }

  private takeBack(operations: readonly Operation[], undo: UndoList | undefined): void {
    for (const { index, change, flags } of operations) {
      this.values[index] -= change;
      if (flags & SEM_UNDO) undo?.add(this, index, change);
    }
  }
}
