import { type Api, api } from "../library.ts";
import type { Condition } from "./condition.ts";
import type { Mutex } from "./mutex.ts";
import type { RwLock } from "./rwlock.ts";
import type { Semaphore } from "./semaphore.ts";

/**
 * Locks for threads of guests and of the kernel. What waits takes a `WaitFor`, how its caller waits, and a time in
 * nanoseconds, which is for ever where it is left out. `Owner` is whatever tells callers apart: a `Thread`.
 */
export interface Locks {
  mutex<Owner>(isRecursive?: boolean): Mutex<Owner>;
  semaphore(permits: number, most?: number): Semaphore;
  condition(): Condition;
  rwlock<Owner>(): RwLock<Owner>;
}

export const locks: Api<Locks> = api("rklock");
