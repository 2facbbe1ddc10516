import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { type WaitFor, WaitQueue, type WaitRequest } from "../rksched/wait-queue.ts";
import { errno } from "../syscalls/errno.ts";
import type { Budget } from "./budget.ts";

/** Handles of one process. */
const MOST_HANDLES = 1024;

/** Something that programs name by a handle. It lives as long as a process has it. */
export abstract class NativeObject {
  /** No process has it any more: who still waits for it is told so. */
  isGone = false;
  readonly end = new WaitQueue();
  private references = 0;

  retain(): void {
    this.references++;
  }

  release(): void {
    if (--this.references > 0) return;
    this.isGone = true;
    this.dispose();
    this.end.wake();
  }

  /** Gives back what it took. */
  protected dispose(): void {}
}

/** The handles of a process: 1 and up. A child gets copies that name the same objects, as of file descriptors. */
export class HandleTable {
  private readonly objects: (NativeObject | undefined)[] = [];
  private readonly budget: Budget;

  /** `budget`: handles of all processes. */
  constructor(budget: Budget) {
    this.budget = budget;
  }

  /** A handle for a new object, or -EMFILE, and then the object is gone. */
  add(object: NativeObject): number {
    object.retain();
    const free = this.objects.indexOf(undefined);
    const index = free === -1 ? this.objects.length : free;
    if (index >= MOST_HANDLES || !this.budget.take(1)) {
      object.release();
      return -errno.EMFILE;
    }
    this.objects[index] = object;
    return index + 1;
  }

  /** The object of that kind that a handle names. */
  get<T extends NativeObject>(handle: number, kind: abstract new (...args: never[]) => T): T | undefined {
    const object = this.objects[handle - 1];
    return object instanceof kind ? object : undefined;
  }

  /** 0 or -EBADF. */
  close(handle: number): number {
    const object = this.objects[handle - 1];
    if (!object) return -errno.EBADF;
    this.objects[handle - 1] = undefined;
    this.budget.give(1);
    object.release();
    return 0;
  }

  closeAll(): void {
    for (let handle = 1; handle <= this.objects.length; handle++) this.close(handle);
  }

  /** For a child. Where there may be no more handles it gets none from there on. */
  copy(): HandleTable {
    const copy = new HandleTable(this.budget);
    for (const [i, object] of this.objects.entries()) {
      if (object && !this.budget.take(1)) break;
      object?.retain();
      copy.objects[i] = object;
    }
    return copy;
  }
}

/**
 * How a native call waits for an object: `timeout` nanoseconds, less than 0 for ever. One that is gone answers -EIDRM.
 */
export const waitFor =
  (thread: Thread, object: NativeObject, timeout: number): WaitFor =>
  (request) => {
    // Of a wait that ends one after the other, this ends all.
    const stop = object.end.add(() => thread.wake());
    const { timedOut, queues, exclusive, interrupted } = request;
    return waitUntil(thread, {
      attempt: () => (object.isGone ? -errno.EIDRM : request.attempt()),
      queues,
      exclusive,
      timedOut,
      timeout: timeout < 0 ? undefined : timeout,
      interrupted: interrupted ?? interruption(timeout),
      finished() {
        stop();
        request.finished?.();
      },
    });
  };

/** A call that waits for a time is not made again after a signal, as it would begin anew. */
const interruption = (timeout: number): (() => number) | undefined =>
  timeout < 0 ? undefined : () => -errno.EINTR;

/** `timeout` of a call that waits for no object. */
export const limitedTo = (timeout: number): Pick<WaitRequest, "timeout" | "interrupted"> => ({
  timeout: timeout < 0 ? undefined : timeout,
  interrupted: interruption(timeout),
});
