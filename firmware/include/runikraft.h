/*
 * The native calls of Runikraft, for programs written for it: allocators, threads and locks, mailboxes, rings in shared
 * memory, and queues of disk requests. Everything here is inline; C99 with the extensions of GCC and Clang, with a C
 * library or without one (-nostdlib -ffreestanding).
 *
 * A program that includes this file says so in an ELF note, and `runikraft run` then links the libraries that have these
 * calls. In a Runikraftfile they are named: rknative, rknativealloc, rknativesched, rknativempi, rknativering,
 * rknativeblkdev. Where one is not linked its calls answer -ENOSYS (-38), and those that give an address NULL.
 *
 * Unless it says otherwise, a call answers 0 or more, or an error number below 0 with Linux's values (-22: EINVAL).
 * Times are nanoseconds. A timeout is the longest time to wait: 0 does not wait, RK_FOREVER waits without end. A signal
 * ends a call that waits for a time with -EINTR.
 *
 * A handle is a number above 0 that names a mailbox, a lock or a queue. It belongs to the process; a child that `fork` makes
 * gets it too, and both then use the same object. `rk_close` ends it; when no process has it any more, whoever still
 * waits for the object is answered -EIDRM. `execve` closes all. A process has 1024 at most (-EMFILE).
 */
#ifndef RUNIKRAFT_H
#define RUNIKRAFT_H

#include <stddef.h>
#include <stdint.h>

#if !defined(__riscv) || __riscv_xlen != 64
#error "the native calls of Runikraft are for 64-bit RISC-V"
#endif

/* The note: name size, descriptor size, type (the version of the calls), name. */
__asm__(
    ".pushsection .note.runikraft, \"a\", @note\n"
    ".balign 4\n"
    ".word 10, 0, 1\n"
    ".asciz \"Runikraft\"\n"
    ".balign 4\n"
    ".popsection\n");

/* Error numbers that the calls below speak of, for programs without a C library. */
enum {
  RK_ENOENT = 2,
  RK_ESRCH = 3,
  RK_EINTR = 4,
  RK_EIO = 5,
  RK_EAGAIN = 11,
  RK_ENOMEM = 12,
  RK_EFAULT = 14,
  RK_EBUSY = 16,
  RK_ENODEV = 19,
  RK_EINVAL = 22,
  RK_EMFILE = 24,
  RK_EROFS = 30,
  RK_EDEADLK = 35,
  RK_ENOSYS = 38,
  RK_EIDRM = 43,
  RK_EOPNOTSUPP = 95,
  RK_ENOBUFS = 105,
  RK_ETIMEDOUT = 110
};

#define RK_FOREVER ((int64_t)-1)

/* ---- The call itself ------------------------------------------------------------------------------------------------ */

#define RK_CALL_BASE 0x524b0000L

static inline long rk_call5(long number, long a, long b, long c, long d, long e) {
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  register long a3 __asm__("a3") = d;
  register long a4 __asm__("a4") = e;
  register long a7 __asm__("a7") = RK_CALL_BASE + number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7) : "memory");
  return a0;
}

static inline long rk_call4(long number, long a, long b, long c, long d) {
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  register long a3 __asm__("a3") = d;
  register long a7 __asm__("a7") = RK_CALL_BASE + number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a7) : "memory");
  return a0;
}

static inline long rk_call3(long number, long a, long b, long c) {
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a2 __asm__("a2") = c;
  register long a7 __asm__("a7") = RK_CALL_BASE + number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
  return a0;
}

static inline long rk_call2(long number, long a, long b) {
  register long a0 __asm__("a0") = a;
  register long a1 __asm__("a1") = b;
  register long a7 __asm__("a7") = RK_CALL_BASE + number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
  return a0;
}

static inline long rk_call1(long number, long a) {
  register long a0 __asm__("a0") = a;
  register long a7 __asm__("a7") = RK_CALL_BASE + number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
  return a0;
}

/* An address, or NULL where the answer is an error number. */
static inline void *rk_address_(long answer) {
  return answer < 0 ? (void *)0 : (void *)answer;
}

/* The version of these calls: 1. -ENOSYS where they are not there. */
static inline int rk_version(void) {
  return (int)rk_call1(0, 0);
}

/* Ends a handle. */
static inline int rk_close(int handle) {
  return (int)rk_call1(1, handle);
}

/* ---- Time ----------------------------------------------------------------------------------------------------------- */

/* Since the machine was started. */
static inline int64_t rk_time_monotonic(void) {
  return rk_call1(2, 0);
}

/* Since 1970-01-01 00:00 UTC. */
static inline int rk_time_real(uint64_t *time) {
  return (int)rk_call1(3, (long)time);
}

/* ---- Allocators (rkalloc) -------------------------------------------------------------------------------------------- */

/*
 * A process has several allocators at once. RK_DEFAULT is there from the beginning; others are made by the name of the
 * library that has them: "rkalloctlsf", "rkallocbuddy", "rkallocpool" (objects of one size) and "rkallocregion" (takes
 * nothing back). An allocator maps memory as it is used up, besides what `rk_addmem` gives it. The kernel keeps the books
 * apart from the memory: what a program writes beyond a block harms its neighbour, never the allocator, and a wild or
 * double free is answered -EINVAL and does nothing. After `fork` the child has copies of all of them.
 *
 * Blocks are aligned to 16 bytes at least. Calls that give a block answer NULL where there is none.
 */
typedef int rk_alloc;
#define RK_DEFAULT ((rk_alloc)0)

struct rk_alloc_stats {
  uint64_t total;    /* bytes of memory that it has */
  uint64_t used;     /* bytes in blocks */
  uint64_t max_used;
  uint64_t allocations;
  uint64_t frees;
  uint64_t blocks;   /* that are out */
  uint64_t max_blocks;
  uint64_t last_size, min_size, max_size; /* that were asked for */
  uint64_t failures; /* requests that its memory could not meet */
};

/*
 * A new allocator, or -ENOENT where no library of that name is linked. The sizes are those of a pool's objects (the
 * alignment a power of two); 0 for any other.
 */
static inline rk_alloc rk_alloc_create(const char *name, size_t object_size, size_t object_alignment) {
  return (rk_alloc)rk_call3(16, (long)name, (long)object_size, (long)object_alignment);
}

/* Ends an allocator and unmaps what was mapped for it. Not for RK_DEFAULT. */
static inline int rk_alloc_destroy(rk_alloc a) {
  return (int)rk_call1(17, a);
}

/* Adds memory of one's own. */
static inline int rk_addmem(rk_alloc a, void *base, size_t size) {
  return (int)rk_call3(18, a, (long)base, (long)size);
}

static inline void *rk_malloc(rk_alloc a, size_t size) {
  return rk_address_(rk_call2(19, a, (long)size));
}

static inline void *rk_calloc(rk_alloc a, size_t count, size_t size) {
  return rk_address_(rk_call3(20, a, (long)count, (long)size));
}

/* NULL leaves the block as it was, unless the size is 0, which frees it. */
static inline void *rk_realloc(rk_alloc a, void *block, size_t size) {
  return rk_address_(rk_call3(21, a, (long)block, (long)size));
}

/* `alignment`: a power of two. */
static inline void *rk_memalign(rk_alloc a, size_t alignment, size_t size) {
  return rk_address_(rk_call3(22, a, (long)alignment, (long)size));
}

/* As posix_memalign(3), but that the error number is below 0. */
static inline int rk_posix_memalign(rk_alloc a, void **block, size_t alignment, size_t size) {
  long answer = rk_call3(23, a, (long)alignment, (long)size);
  if (answer < 0) return (int)answer;
  *block = (void *)answer;
  return 0;
}

/* -EINVAL: no block begins there. -EOPNOTSUPP: this allocator takes nothing back. NULL: 0. */
static inline int rk_free(rk_alloc a, void *block) {
  return (int)rk_call2(24, a, (long)block);
}

/* Whole pages of 4096 bytes. */
static inline void *rk_palloc(rk_alloc a, size_t pages) {
  return rk_address_(rk_call2(25, a, (long)pages));
}

static inline int rk_pfree(rk_alloc a, void *block, size_t pages) {
  return (int)rk_call3(26, a, (long)block, (long)pages);
}

/* Bytes that a block really has; 0: no block begins there. */
static inline size_t rk_usable_size(rk_alloc a, void *block) {
  long answer = rk_call2(27, a, (long)block);
  return answer < 0 ? 0 : (size_t)answer;
}

/* The largest block, and all that is free, in the memory that it has now. */
static inline size_t rk_maxalloc(rk_alloc a) {
  long answer = rk_call1(28, a);
  return answer < 0 ? 0 : (size_t)answer;
}

static inline size_t rk_availmem(rk_alloc a) {
  long answer = rk_call1(29, a);
  return answer < 0 ? 0 : (size_t)answer;
}

static inline int rk_alloc_stats(rk_alloc a, struct rk_alloc_stats *stats) {
  return (int)rk_call2(30, a, (long)stats);
}

/* ---- Threads (rksched) ----------------------------------------------------------------------------------------------- */

/*
 * The kernel gives a thread its stack, with a page below it that nobody may touch, and takes it back. In a program with a C
 * library such a thread has that library's thread-local storage in common with its maker: it must not use errno, malloc or
 * stdio. (Threads of the C library may make all calls of this file.)
 */
static void __attribute__((noreturn, unused)) rk_thread_exit(void *value) {
  for (;;) rk_call1(33, (long)value);
}

static void __attribute__((noreturn, unused)) rk_thread_main_(void *argument, void *(*entry)(void *)) {
  rk_thread_exit(entry(argument));
}

/*
 * A thread that runs entry(argument): its number. `stack`: bytes, 0 for 64 KiB. `priority`: 0 as everybody, 1 to 99 before
 * all with less (-EPERM without the right to). -EAGAIN: there are too many.
 */
static inline int rk_thread_create(void *(*entry)(void *), void *argument, size_t stack, int priority) {
  return (int)rk_call5(32, (long)&rk_thread_main_, (long)argument, (long)entry, (long)stack, priority);
}

/* Waits for a thread's end and takes what its entry returned; `value` may be NULL. -ESRCH: nobody to join. */
static inline int rk_thread_join(int thread, void **value, int64_t timeout) {
  return (int)rk_call3(34, thread, (long)value, timeout);
}

/* Nobody will join it. */
static inline int rk_thread_detach(int thread) {
  return (int)rk_call1(35, thread);
}

/* The number of the calling thread. */
static inline int rk_thread_self(void) {
  return (int)rk_call1(36, 0);
}

/* Lets others run first. */
static inline int rk_thread_yield(void) {
  return (int)rk_call1(37, 0);
}

static inline int rk_thread_sleep(int64_t duration) {
  return (int)rk_call1(38, duration);
}

/* Of a thread of this process; 0: the caller. */
static inline int rk_thread_set_priority(int thread, int priority) {
  return (int)rk_call2(39, thread, priority);
}

/* ---- Locks (rklock): handles ----------------------------------------------------------------------------------------- */

/* For rk_mutex_create: its owner may take it again, and releases it as often. */
#define RK_RECURSIVE 1

static inline int rk_mutex_create(int flags) {
  return (int)rk_call1(48, flags);
}

/* -EDEADLK: the caller has it. -ETIMEDOUT. A thread that ends keeps what it has. */
static inline int rk_mutex_lock(int mutex, int64_t timeout) {
  return (int)rk_call2(49, mutex, timeout);
}

/* -EPERM: the caller does not have it. */
static inline int rk_mutex_unlock(int mutex) {
  return (int)rk_call1(50, mutex);
}

static inline int rk_semaphore_create(unsigned permits) {
  return (int)rk_call1(51, (long)permits);
}

static inline int rk_semaphore_down(int semaphore, int64_t timeout) {
  return (int)rk_call2(52, semaphore, timeout);
}

static inline int rk_semaphore_up(int semaphore) {
  return (int)rk_call1(53, semaphore);
}

static inline int rk_condition_create(void) {
  return (int)rk_call1(54, 0);
}

/*
 * Releases the mutex, waits for a signal, and takes the mutex again: 0, -ETIMEDOUT. -EPERM: the caller does not have the
 * mutex. What is waited for has to be looked at again: the wait may end without a reason.
 */
static inline int rk_condition_wait(int condition, int mutex, int64_t timeout) {
  int result = (int)rk_call3(55, condition, mutex, timeout);
  int locked;
  if (result == -1 || result == -9 || result == -RK_ENOSYS) return result;
  locked = rk_mutex_lock(mutex, RK_FOREVER);
  return locked < 0 ? locked : result;
}

/* Wakes one, or all. */
static inline int rk_condition_signal(int condition) {
  return (int)rk_call1(56, condition);
}

static inline int rk_condition_broadcast(int condition) {
  return (int)rk_call1(57, condition);
}

static inline int rk_rwlock_create(void) {
  return (int)rk_call1(58, 0);
}

static inline int rk_rwlock_read(int lock, int64_t timeout) {
  return (int)rk_call2(59, lock, timeout);
}

static inline int rk_rwlock_write(int lock, int64_t timeout) {
  return (int)rk_call2(60, lock, timeout);
}

static inline int rk_rwlock_unlock(int lock) {
  return (int)rk_call1(61, lock);
}

/* ---- Mailboxes (rkmpi): handles -------------------------------------------------------------------------------------- */

/* For `capacity` words of 64 bits, 1 to 65536. */
static inline int rk_mailbox_create(unsigned capacity) {
  return (int)rk_call1(72, (long)capacity);
}

/* -ENOBUFS: it has been full for so long. */
static inline int rk_mailbox_post(int mailbox, uint64_t word, int64_t timeout) {
  return (int)rk_call3(73, mailbox, (long)word, timeout);
}

/* The oldest word. -ENOBUFS: it has been empty for so long. */
static inline int rk_mailbox_receive(int mailbox, uint64_t *word, int64_t timeout) {
  return (int)rk_call3(74, mailbox, (long)word, timeout);
}

/* How many words are in it. */
static inline int rk_mailbox_count(int mailbox) {
  return (int)rk_call1(75, mailbox);
}

/* ---- Rings (rkring) -------------------------------------------------------------------------------------------------- */

/*
 * A ring of 64-bit words in memory that threads, or processes that share it, have in common. Putting in and taking out
 * needs no call: those are for who has to wait. Indices count on without end; a word's place is its index modulo the
 * capacity. Who puts a word in moves the producers' head, writes, and moves their tail when those before him have; taking
 * out is alike.
 */
struct rk_ring {
  uint32_t producer_head;
  uint32_t producer_tail;
  uint32_t capacity;
  uint32_t consumers_wait; /* not 0: whoever puts a word in is to wake them */
  uint32_t unused0_[12];
  uint32_t consumer_head;
  uint32_t consumer_tail;
  uint32_t unused1_;
  uint32_t producers_wait;
  uint32_t unused2_[12];
  uint64_t words[];
};

/* Bytes of a ring for `capacity` words, a power of two up to 2^20. */
#define RK_RING_BYTES(capacity) (sizeof(struct rk_ring) + (size_t)(capacity) * 8)

enum { RK_CONSUMERS = 0, RK_PRODUCERS = 1 };

/* Makes an empty ring at `ring`, which is aligned to 8 bytes and has RK_RING_BYTES(capacity). */
static inline int rk_ring_create(struct rk_ring *ring, uint32_t capacity) {
  return (int)rk_call2(80, (long)ring, (long)capacity);
}

/* Waits until there is a word to take (RK_CONSUMERS) or room for one (RK_PRODUCERS): 0, -ETIMEDOUT; -EIO: it is no ring. */
static inline int rk_ring_wait(struct rk_ring *ring, int side, int64_t timeout) {
  return (int)rk_call4(81, (long)ring, (long)ring->capacity, side, timeout);
}

/* Wakes those who wait on a side. The functions below do so where somebody waits. */
static inline int rk_ring_wake(struct rk_ring *ring, int side) {
  return (int)rk_call2(82, (long)ring, side);
}

static inline void rk_ring_woken_(struct rk_ring *ring, uint32_t *waiting, int side) {
  /* The index was moved before this is read: whoever did not see that is seen here. */
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  if (__atomic_load_n(waiting, __ATOMIC_RELAXED) != 0) rk_ring_wake(ring, side);
}

/* Puts a word in: 0, or -ENOBUFS. */
static inline int rk_ring_enqueue(struct rk_ring *ring, uint64_t word) {
  const uint32_t capacity = ring->capacity;
  uint32_t head = __atomic_load_n(&ring->producer_head, __ATOMIC_RELAXED);
  do {
    uint32_t used = head - __atomic_load_n(&ring->consumer_tail, __ATOMIC_ACQUIRE);
    if (used >= capacity) {
      uint32_t now = __atomic_load_n(&ring->producer_head, __ATOMIC_RELAXED);
      if (now == head) return -RK_ENOBUFS;
      head = now;
      continue;
    }
    if (__atomic_compare_exchange_n(&ring->producer_head, &head, head + 1, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      break;
  } while (1);
  ring->words[head & (capacity - 1)] = word;
  while (__atomic_load_n(&ring->producer_tail, __ATOMIC_RELAXED) != head) rk_thread_yield();
  __atomic_store_n(&ring->producer_tail, head + 1, __ATOMIC_RELEASE);
  rk_ring_woken_(ring, &ring->consumers_wait, RK_CONSUMERS);
  return 0;
}

/* Takes the oldest word out: 0, or -ENOENT. */
static inline int rk_ring_dequeue(struct rk_ring *ring, uint64_t *word) {
  const uint32_t capacity = ring->capacity;
  uint32_t head = __atomic_load_n(&ring->consumer_head, __ATOMIC_RELAXED);
  do {
    uint32_t count = __atomic_load_n(&ring->producer_tail, __ATOMIC_ACQUIRE) - head;
    if (count == 0 || count > capacity) {
      uint32_t now = __atomic_load_n(&ring->consumer_head, __ATOMIC_RELAXED);
      if (now == head) return -RK_ENOENT;
      head = now;
      continue;
    }
    if (__atomic_compare_exchange_n(&ring->consumer_head, &head, head + 1, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      break;
  } while (1);
  *word = ring->words[head & (capacity - 1)];
  while (__atomic_load_n(&ring->consumer_tail, __ATOMIC_RELAXED) != head) rk_thread_yield();
  __atomic_store_n(&ring->consumer_tail, head + 1, __ATOMIC_RELEASE);
  rk_ring_woken_(ring, &ring->producers_wait, RK_PRODUCERS);
  return 0;
}

/* The same, waiting for room: -ETIMEDOUT, -EINTR. */
static inline int rk_ring_put(struct rk_ring *ring, uint64_t word, int64_t timeout) {
  for (;;) {
    int result;
    if (rk_ring_enqueue(ring, word) == 0) return 0;
    result = rk_ring_wait(ring, RK_PRODUCERS, timeout);
    if (result < 0) return result;
  }
}

/* The same, waiting for a word. */
static inline int rk_ring_take(struct rk_ring *ring, uint64_t *word, int64_t timeout) {
  for (;;) {
    int result;
    if (rk_ring_dequeue(ring, word) == 0) return 0;
    result = rk_ring_wait(ring, RK_CONSUMERS, timeout);
    if (result < 0) return result;
  }
}

/* ---- Disks (rkblkdev) ------------------------------------------------------------------------------------------------ */

/*
 * A queue of requests to a disk is two rings of words that are addresses of `struct rk_blkreq`: requests are put into one,
 * `rk_blkdev_kick` has them done, and they come out of the other. However many there are, that is one call.
 */
struct rk_blkdev_info {
  char name[16];
  uint64_t sectors;
  uint32_t sector_bytes; /* 512 */
  uint32_t flags;        /* RK_BLKDEV_* */
};

enum { RK_BLKDEV_READ_ONLY = 1, RK_BLKDEV_MOUNTED = 2 };
enum { RK_BLK_READ = 0, RK_BLK_WRITE = 1, RK_BLK_FLUSH = 2 };

struct rk_blkreq {
  uint32_t operation;
  int32_t result;  /* 0, or an error number below 0: -EINVAL beyond the disk, -EROFS, -EFAULT, -EIO */
  uint64_t sector; /* the first one; of a flush 0 */
  uint64_t count;  /* sectors, 1 to 2048; of a flush 0 */
  void *buffer;
};

/* How many disks there are. */
static inline int rk_blkdev_count(void) {
  return (int)rk_call1(96, 0);
}

/* -ENODEV: there are not so many. */
static inline int rk_blkdev_info(int disk, struct rk_blkdev_info *info) {
  return (int)rk_call2(97, disk, (long)info);
}

/* A queue over two rings of the same capacity: a handle. -EBUSY: a file system is mounted from the disk. */
static inline int rk_blkdev_queue(int disk, struct rk_ring *requests, struct rk_ring *done) {
  return (int)rk_call4(98, disk, (long)requests, (long)done, (long)requests->capacity);
}

/*
 * Has requests done: how many were. Those that are left (of very many, or where the second ring is full) wait for the next
 * call. -EFAULT: a request's own address was bad, and it is dropped. -EIO: one of the two is no ring any more.
 */
static inline int rk_blkdev_kick(int queue) {
  return (int)rk_call1(99, queue);
}

#endif
