import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { Condition } from "./condition.ts";
import { type Locks, locks } from "./locks.ts";
import { Mutex } from "./mutex.ts";
import { RwLock } from "./rwlock.ts";
import { Semaphore } from "./semaphore.ts";

const implementation: Locks = {
  mutex: (isRecursive) => new Mutex(isRecursive),
  semaphore: (permits, most) => new Semaphore(permits, most),
  condition: () => new Condition(),
  rwlock: () => new RwLock(),
};

export const rklock: Library = {
  name: "rklock",
  summary: librarySummary.rklock,
  provides: [locks],
  needs: [],
  start(kernel) {
    kernel.provide(locks, implementation);
  },
};
