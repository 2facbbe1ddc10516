/*
 * Producers and consumers, without a C library: producers post numbers into a mailbox, workers square them and put the
 * results into a ring, and the first thread adds them up. At the end it checks what the threads returned, and that what
 * waits for a time ends in time.
 */
#include "runikraft.h"

enum { PRODUCERS = 3, WORKERS = 4, EACH = 2000, STOP = 0 };

static int numbers, gate, counted, counter_lock;
static uint64_t counter;
static unsigned char ring_memory[RK_RING_BYTES(64)] __attribute__((aligned(64)));
static struct rk_ring *const results = (struct rk_ring *)ring_memory;

static long write_out(const char *text, unsigned long length) {
  register long a0 __asm__("a0") = 1;
  register long a1 __asm__("a1") = (long)text;
  register long a2 __asm__("a2") = (long)length;
  register long a7 __asm__("a7") = 64;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
  return a0;
}

static void __attribute__((noreturn)) finish(int code) {
  register long a0 __asm__("a0") = code;
  register long a7 __asm__("a7") = 94;
  for (;;) __asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
}

static void print(const char *name, uint64_t value) {
  char line[80];
  unsigned at = 0, digits = 0;
  char reversed[20];
  while (name[at] != '\0') {
    line[at] = name[at];
    at++;
  }
  line[at++] = ' ';
  do reversed[digits++] = (char)('0' + value % 10);
  while ((value /= 10) != 0);
  while (digits > 0) line[at++] = reversed[--digits];
  line[at++] = '\n';
  write_out(line, at);
}

/* Ends the program with the line of what is not so. */
#define EXPECT(condition)                                  \
  do {                                                     \
    if (!(condition)) {                                    \
      print("not so: line", __LINE__);                     \
      finish(1);                                           \
    }                                                      \
  } while (0)

static void *produce(void *argument) {
  uint64_t first = (uint64_t)argument * EACH;
  EXPECT(rk_semaphore_down(gate, RK_FOREVER) == 0);
  for (uint64_t i = 1; i <= EACH; i++) EXPECT(rk_mailbox_post(numbers, first + i, RK_FOREVER) == 0);
  return argument;
}

static void *work(void *argument) {
  uint64_t number, done = 0;
  (void)argument;
  for (;;) {
    EXPECT(rk_mailbox_receive(numbers, &number, RK_FOREVER) == 0);
    if (number == STOP) break;
    EXPECT(rk_ring_put(results, number * number, RK_FOREVER) == 0);
    done++;
    EXPECT(rk_mutex_lock(counter_lock, RK_FOREVER) == 0);
    if (++counter == PRODUCERS * EACH) EXPECT(rk_condition_broadcast(counted) == 0);
    EXPECT(rk_mutex_unlock(counter_lock) == 0);
  }
  return (void *)done;
}

static void *sum_up(void *argument) {
  uint64_t sum = 0, word;
  (void)argument;
  for (int i = 0; i < PRODUCERS * EACH; i++) {
    EXPECT(rk_ring_take(results, &word, RK_FOREVER) == 0);
    sum += word;
  }
  return (void *)sum;
}

void __attribute__((noreturn)) run(void) {
  int producers[PRODUCERS], workers[WORKERS], adder;
  uint64_t sum = 0, worked = 0, word;
  void *value;
  int64_t before;
  EXPECT(rk_version() == 1);
  numbers = rk_mailbox_create(16);
  gate = rk_semaphore_create(0);
  counted = rk_condition_create();
  counter_lock = rk_mutex_create(0);
  EXPECT(numbers > 0 && gate > 0 && counted > 0 && counter_lock > 0);
  EXPECT(rk_ring_create(results, 64) == 0);
  adder = rk_thread_create(sum_up, 0, 0, 0);
  for (long i = 0; i < WORKERS; i++) workers[i] = rk_thread_create(work, 0, 0, 0);
  for (long i = 0; i < PRODUCERS; i++) producers[i] = rk_thread_create(produce, (void *)i, 16384, i == 0 ? 10 : 0);
  EXPECT(adder > 0 && workers[WORKERS - 1] > 0 && producers[PRODUCERS - 1] > 0);
  /* Nobody can have begun. */
  EXPECT(rk_thread_join(producers[0], 0, 1000000) == -RK_ETIMEDOUT);
  EXPECT(rk_mailbox_count(numbers) == 0);
  for (int i = 0; i < PRODUCERS; i++) EXPECT(rk_semaphore_up(gate) == 0);

  EXPECT(rk_mutex_lock(counter_lock, RK_FOREVER) == 0);
  EXPECT(rk_mutex_lock(counter_lock, RK_FOREVER) == -RK_EDEADLK);
  while (counter < PRODUCERS * EACH) EXPECT(rk_condition_wait(counted, counter_lock, RK_FOREVER) == 0);
  EXPECT(rk_mutex_unlock(counter_lock) == 0);
  EXPECT(rk_mutex_unlock(counter_lock) == -1);

  for (long i = 0; i < PRODUCERS; i++) {
    EXPECT(rk_thread_join(producers[i], &value, RK_FOREVER) == 0);
    EXPECT(value == (void *)i);
  }
  for (int i = 0; i < WORKERS; i++) EXPECT(rk_mailbox_post(numbers, STOP, RK_FOREVER) == 0);
  for (int i = 0; i < WORKERS; i++) {
    EXPECT(rk_thread_join(workers[i], &value, RK_FOREVER) == 0);
    worked += (uint64_t)value;
  }
  EXPECT(rk_thread_join(adder, &value, RK_FOREVER) == 0);
  EXPECT(rk_thread_join(adder, &value, RK_FOREVER) == -RK_ESRCH);
  sum = (uint64_t)value;
  EXPECT(worked == PRODUCERS * EACH);
  EXPECT(rk_ring_dequeue(results, &word) == -RK_ENOENT);

  /* What does not come in time. */
  before = rk_time_monotonic();
  EXPECT(rk_mailbox_receive(numbers, &word, 5000000) == -RK_ENOBUFS);
  EXPECT(rk_ring_take(results, &word, 5000000) == -RK_ETIMEDOUT);
  EXPECT(rk_semaphore_down(gate, 0) == -RK_ETIMEDOUT);
  EXPECT(rk_time_monotonic() - before >= 10000000);
  EXPECT(rk_close(numbers) == 0 && rk_close(numbers) == -9);
  EXPECT(rk_mailbox_post(numbers, 1, 0) == -9);

  print("messages", worked);
  print("sum of squares", sum);
  finish(0);
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  .option push\n"
    "  .option norelax\n"
    "  la gp, __global_pointer$\n"
    "  .option pop\n"
    "  call run\n");
