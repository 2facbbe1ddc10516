import type { SyscallHandler, SyscallRow } from "./row.ts";

/**
 * The native calls: `ecall` with NATIVE_BASE ("RK", far above Linux's numbers) and one of these in a7. Arguments and results are as of a system
 * call. What each does stands in firmware/include/runikraft.h.
 */
export const NATIVE_BASE = 0x524b_0000;
/** Numbers that are set aside, used or not. */
export const NATIVE_CALLS = 128;

export const nativeNumbers = {
  rk_version: 0,
  rk_close: 1,
  rk_time_monotonic: 2,
  rk_time_real: 3,
  rk_alloc_create: 16,
  rk_alloc_destroy: 17,
  rk_addmem: 18,
  rk_malloc: 19,
  rk_calloc: 20,
  rk_realloc: 21,
  rk_memalign: 22,
  rk_posix_memalign: 23,
  rk_free: 24,
  rk_palloc: 25,
  rk_pfree: 26,
  rk_usable_size: 27,
  rk_maxalloc: 28,
  rk_availmem: 29,
  rk_alloc_stats: 30,
  rk_thread_create: 32,
  rk_thread_exit: 33,
  rk_thread_join: 34,
  rk_thread_detach: 35,
  rk_thread_self: 36,
  rk_thread_yield: 37,
  rk_thread_sleep: 38,
  rk_thread_set_priority: 39,
  rk_mutex_create: 48,
  rk_mutex_lock: 49,
  rk_mutex_unlock: 50,
  rk_semaphore_create: 51,
  rk_semaphore_down: 52,
  rk_semaphore_up: 53,
  rk_condition_create: 54,
  rk_condition_wait: 55,
  rk_condition_signal: 56,
  rk_condition_broadcast: 57,
  rk_rwlock_create: 58,
  rk_rwlock_read: 59,
  rk_rwlock_write: 60,
  rk_rwlock_unlock: 61,
  rk_mailbox_create: 72,
  rk_mailbox_post: 73,
  rk_mailbox_receive: 74,
  rk_mailbox_count: 75,
  rk_ring_create: 80,
  rk_ring_wait: 81,
  rk_ring_wake: 82,
  rk_blkdev_count: 96,
  rk_blkdev_info: 97,
  rk_blkdev_queue: 98,
  rk_blkdev_kick: 99,
} as const;

export type NativeName = keyof typeof nativeNumbers;

/** One row of a native call. */
export function native(name: NativeName, run: SyscallHandler): SyscallRow {
  return { number: NATIVE_BASE + nativeNumbers[name], name, support: "full", note: "", run };
}
