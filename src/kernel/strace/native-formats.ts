import type { Thread } from "../rkprocess/thread.ts";
import type { NativeName } from "../syscalls/native.ts";
import type { ArgumentFormat } from "./formats.ts";
import { pointer, stringAt } from "./values.ts";

const number: ArgumentFormat = { show: (_thread, _value, raw) => String(BigInt.asIntN(64, raw)) };
const size: ArgumentFormat = { show: (_thread, _value, raw) => String(raw) };
const address: ArgumentFormat = { show: (_thread, _value, raw) => pointer(raw) };
const name: ArgumentFormat = { show: stringAt };
const timeout: ArgumentFormat = {
  show: (_thread, value, raw) => (value === -1 ? "RK_FOREVER" : String(BigInt.asIntN(64, raw))),
};
/** A word that the call fills in. */
const wordOut: ArgumentFormat = {
  after: true,
  show: (thread: Thread, value, raw) => (value === 0 ? "NULL" : (wordAt(thread, value) ?? pointer(raw))),
};

function wordAt({ memory }: Thread, at: number): string | undefined {
  try {
    return `[${memory.readU64(at)}]`;
  } catch {
    return undefined;
  }
}

const handle = number;

/** How the arguments of native calls are shown. */
export const nativeFormats: Readonly<Partial<Record<string, readonly ArgumentFormat[]>>> = {
  rk_close: [handle],
  rk_time_real: [wordOut],
  rk_alloc_create: [name, size, size],
  rk_alloc_destroy: [number],
  rk_addmem: [number, address, size],
  rk_malloc: [number, size],
  rk_calloc: [number, size, size],
  rk_realloc: [number, address, size],
  rk_memalign: [number, size, size],
  rk_posix_memalign: [number, size, size],
  rk_free: [number, address],
  rk_palloc: [number, size],
  rk_pfree: [number, address, size],
  rk_usable_size: [number, address],
  rk_maxalloc: [number],
  rk_availmem: [number],
  rk_alloc_stats: [number, address],
  rk_thread_create: [address, address, address, size, number],
  rk_thread_exit: [address],
  rk_thread_join: [number, wordOut, timeout],
  rk_thread_detach: [number],
  rk_thread_sleep: [number],
  rk_thread_set_priority: [number, number],
  rk_mutex_create: [number],
  rk_mutex_lock: [handle, timeout],
  rk_mutex_unlock: [handle],
  rk_semaphore_create: [size],
  rk_semaphore_down: [handle, timeout],
  rk_semaphore_up: [handle],
  rk_condition_wait: [handle, handle, timeout],
  rk_condition_signal: [handle],
  rk_condition_broadcast: [handle],
  rk_rwlock_read: [handle, timeout],
  rk_rwlock_write: [handle, timeout],
  rk_rwlock_unlock: [handle],
  rk_mailbox_create: [size],
  rk_mailbox_post: [handle, size, timeout],
  rk_mailbox_receive: [handle, wordOut, timeout],
  rk_mailbox_count: [handle],
  rk_ring_create: [address, size],
  rk_ring_wait: [address, size, number, timeout],
  rk_ring_wake: [address, number],
  rk_blkdev_info: [number, address],
  rk_blkdev_queue: [number, address, address, size],
  rk_blkdev_kick: [handle],
} satisfies Partial<Record<NativeName, readonly ArgumentFormat[]>>;

/** Those whose result is an address. */
export const NATIVE_ADDRESSES: readonly NativeName[] = [
  "rk_malloc",
  "rk_calloc",
  "rk_realloc",
  "rk_memalign",
  "rk_posix_memalign",
  "rk_palloc",
];
