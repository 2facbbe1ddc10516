import type { Condition } from "../rklock/condition.ts";
import { locks } from "../rklock/locks.ts";
import type { Mutex } from "../rklock/mutex.ts";
import type { RwLock } from "../rklock/rwlock.ts";
import type { Semaphore } from "../rklock/semaphore.ts";
import { NativeObject, waitFor } from "../rknative/handles.ts";
import { nativeHandles } from "../rknative/library.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { errno } from "../syscalls/errno.ts";
import { native } from "../syscalls/native.ts";
import type { SyscallRow } from "../syscalls/row.ts";

class MutexObject extends NativeObject {
  readonly lock: Mutex<Thread>;
  constructor(lock: Mutex<Thread>) {
    super();
    this.lock = lock;
  }
}

class SemaphoreObject extends NativeObject {
  readonly lock: Semaphore;
  constructor(lock: Semaphore) {
    super();
    this.lock = lock;
  }
}

class ConditionObject extends NativeObject {
  readonly lock: Condition;
  constructor(lock: Condition) {
    super();
    this.lock = lock;
  }
}

class RwLockObject extends NativeObject {
  readonly lock: RwLock<Thread>;
  constructor(lock: RwLock<Thread>) {
    super();
    this.lock = lock;
  }
}

const RECURSIVE = 1;
const SEM_VALUE_MAX = 2 ** 31 - 1;

const add = ({ process }: Thread, object: NativeObject) => process.get(nativeHandles).add(object);

/** A call on the object of one kind that the handle names. */
const on =
  <T extends NativeObject>(
    kind: abstract new (...args: never[]) => T,
    run: (thread: Thread, object: T, a: number, b: number) => number,
  ) =>
  (thread: Thread, handle: number, a: number, b: number): number => {
    const object = thread.process.get(nativeHandles).get(handle, kind);
    return object ? run(thread, object, a, b) : -errno.EBADF;
  };

/** `undefined`: for ever. */
const limit = (timeout: number): number | undefined => (timeout < 0 ? undefined : timeout);

/** Releases the mutex and waits for a signal; the program takes the mutex again. */
function waitForSignal(thread: Thread, object: ConditionObject, handle: number, timeout: number): number {
  const mutex = thread.process.get(nativeHandles).get(handle, MutexObject);
  if (!mutex) return -errno.EBADF;
  return object.lock.wait(mutex.lock, thread, waitFor(thread, object, timeout), limit(timeout));
}

export const lockCalls: readonly SyscallRow[] = [
  native("rk_mutex_create", (thread, flags) =>
    (flags & ~RECURSIVE) !== 0
      ? -errno.EINVAL
      : add(thread, new MutexObject(thread.kernel.use(locks).mutex((flags & RECURSIVE) !== 0))),
  ),
  native(
    "rk_mutex_lock",
    on(MutexObject, (thread, object, timeout) =>
      object.lock.tryAcquire(thread)
        ? 0
        : object.lock.acquire(thread, waitFor(thread, object, timeout), limit(timeout)),
    ),
  ),
  native(
    "rk_mutex_unlock",
    on(MutexObject, (thread, { lock }) => lock.release(thread)),
  ),
  native("rk_semaphore_create", (thread, permits) =>
    permits >= 0 && permits <= SEM_VALUE_MAX
      ? add(thread, new SemaphoreObject(thread.kernel.use(locks).semaphore(permits)))
      : -errno.EINVAL,
  ),
  native(
    "rk_semaphore_down",
    on(SemaphoreObject, (thread, object, timeout) =>
      object.lock.tryAcquire() ? 0 : object.lock.acquire(waitFor(thread, object, timeout), limit(timeout)),
    ),
  ),
  native(
    "rk_semaphore_up",
    on(SemaphoreObject, (_, { lock }) => lock.release()),
  ),
  native("rk_condition_create", (thread) =>
    add(thread, new ConditionObject(thread.kernel.use(locks).condition())),
  ),
  native("rk_condition_wait", on(ConditionObject, waitForSignal)),
  native(
    "rk_condition_signal",
    on(ConditionObject, (_, { lock }) => {
      lock.signal();
      return 0;
    }),
  ),
  native(
    "rk_condition_broadcast",
    on(ConditionObject, (_, { lock }) => {
      lock.broadcast();
      return 0;
    }),
  ),
  native("rk_rwlock_create", (thread) =>
    add(thread, new RwLockObject(thread.kernel.use(locks).rwlock<Thread>())),
  ),
  native(
    "rk_rwlock_read",
    on(RwLockObject, (thread, object, timeout) =>
      object.lock.tryRead() ? 0 : object.lock.read(waitFor(thread, object, timeout), limit(timeout)),
    ),
  ),
  native(
    "rk_rwlock_write",
    on(RwLockObject, (thread, object, timeout) =>
      object.lock.tryWrite(thread)
        ? 0
        : object.lock.write(thread, waitFor(thread, object, timeout), limit(timeout)),
    ),
  ),
  native(
    "rk_rwlock_unlock",
    on(RwLockObject, (thread, { lock }) =>
      lock.writer === thread ? lock.releaseWrite(thread) : lock.releaseRead(),
    ),
  ),
];
