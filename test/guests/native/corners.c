/* Corners of the native calls: processes, ends of things while others wait, signals, and threads of the C library. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"
#include "runikraft.h"

static const int64_t MS = 1000000;

static void end_child(void) {
  _exit(failed_expectations);
}

static void join_child(void) {
  int status = -1;
  EXPECT(wait(&status) > 0 && status == 0);
}

/* A ring in shared memory: each process waits for the other, at other addresses. */
static void ring_between_processes(void) {
  enum { WORDS = 3000 };
  struct rk_ring *ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  uint64_t sum = 0, word = 0;
  EXPECT(rk_ring_create(ring, 16) == 0);
  if (fork() == 0) {
    struct rk_ring *moved = mremap(ring, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)0x700000000);
    EXPECT(moved == (void *)0x700000000);
    for (uint64_t i = 1; i <= WORDS; i++) EXPECT(rk_ring_put(moved, i, RK_FOREVER) == 0);
    end_child();
  }
  for (int i = 0; i < WORDS; i++) {
    EXPECT(rk_ring_take(ring, &word, RK_FOREVER) == 0);
    sum += word;
  }
  EXPECT(sum == (uint64_t)WORDS * (WORDS + 1) / 2);
  join_child();
  EXPECT(rk_ring_create(ring, 3) == -RK_EINVAL && rk_ring_create((void *)((char *)ring + 4), 16) == -RK_EINVAL);
  EXPECT(rk_ring_create((void *)8, 16) == -RK_EFAULT);
  ring->producer_head = 5000;
  EXPECT(rk_ring_wait(ring, RK_CONSUMERS, RK_FOREVER) == -RK_EIO);
}

/* A child has its parent's handles, and closing its own ends nothing. */
static void handles_across_fork(void) {
  int box = rk_mailbox_create(2), mutex = rk_mutex_create(0);
  uint64_t word;
  EXPECT(rk_mutex_lock(mutex, RK_FOREVER) == 0);
  if (fork() == 0) {
    EXPECT(rk_mutex_lock(mutex, 0) == -RK_ETIMEDOUT);
    EXPECT(rk_mutex_unlock(mutex) == -1);
    EXPECT(rk_mailbox_post(box, ~(uint64_t)0, 0) == 0);
    EXPECT(rk_close(box) == 0 && rk_mailbox_count(box) == -9);
    EXPECT(rk_mutex_lock(mutex, RK_FOREVER) == 0);
    end_child();
  }
  EXPECT(rk_mailbox_receive(box, &word, RK_FOREVER) == 0 && word == ~(uint64_t)0);
  EXPECT(rk_mailbox_receive(box, (uint64_t *)8, 0) == -RK_ENOBUFS);
  EXPECT(rk_mailbox_post(box, 1, 0) == 0 && rk_mailbox_receive(box, (uint64_t *)8, 0) == -RK_EFAULT);
  EXPECT(rk_mailbox_count(box) == 1);
  EXPECT(rk_mutex_unlock(mutex) == 0);
  join_child();
  EXPECT(rk_close(box) == 0 && rk_close(mutex) == 0);
}

static int awaited;

static void *wait_for_gone(void *argument) {
  uint64_t word;
  return (void *)(long)(argument != NULL ? rk_mailbox_receive(awaited, &word, RK_FOREVER)
                                         : rk_mutex_lock(awaited, RK_FOREVER));
}

/* Who waits for what is closed is told so. */
static void closed_while_awaited(void) {
  void *results[3];
  int threads[3];
  awaited = rk_mailbox_create(1);
  for (int i = 0; i < 3; i++) threads[i] = rk_thread_create(wait_for_gone, &awaited, 0, 0);
  EXPECT(rk_thread_sleep(MS) == 0 && rk_close(awaited) == 0);
  for (int i = 0; i < 3; i++)
    EXPECT(rk_thread_join(threads[i], &results[i], RK_FOREVER) == 0 && (long)results[i] == -RK_EIDRM);
  awaited = rk_mutex_create(0);
  EXPECT(rk_mutex_lock(awaited, 0) == 0);
  for (int i = 0; i < 3; i++) threads[i] = rk_thread_create(wait_for_gone, NULL, 0, 0);
  EXPECT(rk_thread_sleep(MS) == 0 && rk_close(awaited) == 0);
  for (int i = 0; i < 3; i++)
    EXPECT(rk_thread_join(threads[i], &results[i], RK_FOREVER) == 0 && (long)results[i] == -RK_EIDRM);
}

static volatile int caught;

static void on_alarm(int signal) {
  caught = signal;
}

/* A signal ends a wait for a time, and not one without end. */
static void signals(void) {
  struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
  int box = rk_mailbox_create(1);
  uint64_t word;
  sigaction(SIGALRM, &action, NULL);
  ualarm(2000, 0);
  EXPECT(rk_mailbox_receive(box, &word, 1000 * MS) == -RK_EINTR && caught == SIGALRM);
  caught = 0;
  ualarm(2000, 0);
  EXPECT(rk_thread_sleep(1000 * MS) == -RK_EINTR && caught == SIGALRM);
  caught = 0;
  if (fork() == 0) {
    rk_thread_sleep(20 * MS);
    EXPECT(rk_mailbox_post(box, 5, 0) == 0);
    end_child();
  }
  ualarm(2000, 0);
  EXPECT(rk_mailbox_receive(box, &word, RK_FOREVER) == 0 && word == 5 && caught == SIGALRM);
  join_child();
  rk_close(box);
}

static int lock, order, first_in_order[8];

static void *write_later(void *argument) {
  EXPECT(rk_rwlock_write(lock, RK_FOREVER) == 0);
  first_in_order[order++] = (int)(long)argument;
  EXPECT(rk_rwlock_unlock(lock) == 0);
  return NULL;
}

static void *read_later(void *argument) {
  EXPECT(rk_rwlock_read(lock, RK_FOREVER) == 0);
  first_in_order[order++] = (int)(long)argument;
  EXPECT(rk_rwlock_unlock(lock) == 0);
  return NULL;
}

/* Many readers or one writer; a recursive mutex; a condition. */
static void locks(void) {
  int threads[2], mutex = rk_mutex_create(RK_RECURSIVE), condition = rk_condition_create();
  lock = rk_rwlock_create();
  EXPECT(rk_rwlock_read(lock, 0) == 0 && rk_rwlock_read(lock, 0) == 0);
  EXPECT(rk_rwlock_write(lock, MS) == -RK_ETIMEDOUT);
  threads[0] = rk_thread_create(write_later, (void *)1, 0, 0);
  EXPECT(rk_thread_sleep(MS) == 0);
  threads[1] = rk_thread_create(read_later, (void *)2, 0, 0);
  EXPECT(rk_thread_sleep(MS) == 0 && order == 0);
  EXPECT(rk_rwlock_unlock(lock) == 0 && rk_rwlock_unlock(lock) == 0);
  for (int i = 0; i < 2; i++) EXPECT(rk_thread_join(threads[i], NULL, RK_FOREVER) == 0);
  EXPECT(first_in_order[0] == 1 && first_in_order[1] == 2);
  EXPECT(rk_rwlock_unlock(lock) == -1);

  EXPECT(rk_mutex_lock(mutex, 0) == 0 && rk_mutex_lock(mutex, 0) == 0);
  EXPECT(rk_mutex_unlock(mutex) == 0 && rk_mutex_unlock(mutex) == 0 && rk_mutex_unlock(mutex) == -1);
  EXPECT(rk_condition_wait(condition, mutex, 0) == -1);
  EXPECT(rk_mutex_lock(mutex, 0) == 0);
  EXPECT(rk_condition_wait(condition, mutex, MS) == -RK_ETIMEDOUT);
  EXPECT(rk_mutex_unlock(mutex) == 0);
  EXPECT(rk_mutex_lock(condition, 0) == -9 && rk_semaphore_up(mutex) == -9);
  EXPECT(rk_mutex_create(2) == -RK_EINVAL);
}

static int ran[3], turn;

static void *note_turn(void *argument) {
  ran[turn++] = (int)(long)argument;
  return argument;
}

/* Who is more urgent runs first; nobody joins who is detached; a stack is as large as asked for. */
static void threads(void) {
  int one, two, three;
  EXPECT(rk_thread_set_priority(0, 50) == 0);
  one = rk_thread_create(note_turn, (void *)1, 0, 5);
  two = rk_thread_create(note_turn, (void *)2, 0, 9);
  three = rk_thread_create(note_turn, (void *)3, 1 << 20, 7);
  EXPECT(one > 0 && two > 0 && three > 0 && turn == 0);
  EXPECT(rk_thread_set_priority(one, 8) == 0 && rk_thread_set_priority(999999, 1) == -RK_ESRCH);
  EXPECT(rk_thread_set_priority(0, 100) == -RK_EINVAL);
  EXPECT(rk_thread_detach(three) == 0 && rk_thread_join(three, NULL, 0) == -RK_ESRCH);
  EXPECT(rk_thread_join(one, NULL, RK_FOREVER) == 0 && rk_thread_join(two, NULL, RK_FOREVER) == 0);
  rk_thread_sleep(MS);
  EXPECT(ran[0] == 2 && ran[1] == 1 && ran[2] == 3);
  EXPECT(rk_thread_set_priority(0, 0) == 0);
  EXPECT(rk_thread_join(rk_thread_self(), NULL, 0) == -RK_EDEADLK);
  EXPECT(rk_thread_create(note_turn, NULL, (size_t)1 << 40, 0) == -RK_EINVAL);
  /* Their memory is given back. */
  for (int i = 0; i < 2000; i++) {
    turn = 0;
    one = rk_thread_create(note_turn, NULL, 1 << 20, 0);
    EXPECT(one > 0 && rk_thread_join(one, NULL, RK_FOREVER) == 0);
  }
}

static void *post_from_libc(void *argument) {
  char *text = malloc(100);
  memset(text, 1, 100);
  free(text);
  EXPECT(rk_mailbox_post((int)(long)argument, 77, RK_FOREVER) == 0);
  return NULL;
}

/* Threads of the C library make all calls. */
static void with_pthreads(void) {
  pthread_t thread;
  uint64_t word;
  int box = rk_mailbox_create(1);
  EXPECT(pthread_create(&thread, NULL, post_from_libc, (void *)(long)box) == 0);
  EXPECT(rk_mailbox_receive(box, &word, RK_FOREVER) == 0 && word == 77);
  pthread_join(thread, NULL);
}

/* Another program begins with no handles and no heap. */
static void across_exec(const char *self) {
  char text[20];
  int box = rk_mailbox_create(1);
  void *block = rk_malloc(RK_DEFAULT, 10);
  snprintf(text, sizeof text, "%p", block);
  EXPECT(box > 0 && block != NULL);
  if (fork() == 0) {
    char handle[20];
    snprintf(handle, sizeof handle, "%d", box);
    execl(self, self, handle, text, (char *)NULL);
    _exit(99);
  }
  join_child();
  EXPECT(rk_usable_size(RK_DEFAULT, block) >= 10);
}

int main(int argc, char **argv) {
  if (argc > 2) {
    EXPECT(rk_mailbox_count(atoi(argv[1])) == -9);
    EXPECT(rk_usable_size(RK_DEFAULT, (void *)strtoul(argv[2], NULL, 0)) == 0);
    for (int i = 0; i < 20; i++) memset(rk_calloc(RK_DEFAULT, 1, 200000), 1, 200000);
    return failed_expectations;
  }
  ring_between_processes();
  handles_across_fork();
  closed_while_awaited();
  signals();
  locks();
  threads();
  with_pthreads();
  across_exec("/proc/self/exe");
  if (failed_expectations == 0) puts("all as it should be");
  return failed_expectations;
}
