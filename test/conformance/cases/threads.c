/* Threads, and the futex that all their waiting is made of. */
#include "case.h"
#include <linux/futex.h>
#include <semaphore.h>

static long futex(void *word, int operation, uint32_t value, const void *timeout, void *other, uint32_t bits) {
  return syscall(SYS_futex, word, operation, value, timeout, other, bits);
}
#define PRIVATE FUTEX_PRIVATE_FLAG

static void *returns(void *argument) { return argument; }
static void *exits(void *argument) { pthread_exit((void *)7); }

CASE(thread_results) {
  pthread_t thread;
  void *result;
  CODE(pthread_create(&thread, NULL, returns, (void *)5));
  CODE(pthread_join(thread, &result));
  SHOW(result);
  CODE(pthread_create(&thread, NULL, exits, NULL));
  CODE(pthread_join(thread, &result));
  SHOW(result);
  CODE(pthread_join(pthread_self(), &result));
  pthread_create(&thread, NULL, returns, NULL);
  CODE(pthread_detach(thread));
  CODE(pthread_detach(pthread_self()));
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile int counter;
static void *count_up(void *argument) {
  for (int i = 0; i < 5000; i++) {
    pthread_mutex_lock(&mutex);
    int value = counter;
    if (i % 500 == 0) sched_yield();
    counter = value + 1;
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

CASE(mutex_counts) {
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, count_up, NULL);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  SHOW(counter);
}

static void *own_and_wait(void *lock) {
  pthread_mutex_lock(lock);
  return NULL;
}

CASE(mutex_kinds) {
  pthread_mutexattr_t attributes;
  static pthread_mutex_t recursive, checking, robust, inheriting;
  pthread_t thread;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&recursive, &attributes);
  CODE(pthread_mutex_lock(&recursive));
  CODE(pthread_mutex_lock(&recursive));
  CODE(pthread_mutex_unlock(&recursive));
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&checking, &attributes);
  CODE(pthread_mutex_lock(&checking));
  CODE(pthread_mutex_lock(&checking));
  CODE(pthread_mutex_unlock(&checking));
  CODE(pthread_mutex_unlock(&checking));
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&robust, &attributes);
  pthread_create(&thread, NULL, own_and_wait, &robust);
  pthread_join(thread, NULL);
  CODE(pthread_mutex_lock(&robust));
  CODE(pthread_mutex_consistent(&robust));
  CODE(pthread_mutex_unlock(&robust));
  pthread_create(&thread, NULL, own_and_wait, &robust);
  pthread_join(thread, NULL);
  CODE(pthread_mutex_lock(&robust));
  CODE(pthread_mutex_unlock(&robust));
  CODE(pthread_mutex_lock(&robust));
  pthread_mutexattr_t other;
  pthread_mutexattr_init(&other);
  CODE(pthread_mutexattr_setprotocol(&other, PTHREAD_PRIO_INHERIT));
  CODE(pthread_mutex_init(&inheriting, &other));
  CODE(pthread_mutex_lock(&inheriting));
}

static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int turn;
static void *take_turns(void *argument) {
  int own = (int)(long)argument;
  for (int i = 0; i < 100; i++) {
    pthread_mutex_lock(&mutex);
    while (turn % 3 != own) pthread_cond_wait(&condition, &mutex);
    turn++;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

CASE(conditions) {
  pthread_t threads[3];
  for (long i = 0; i < 3; i++) pthread_create(&threads[i], NULL, take_turns, (void *)i);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
  SHOW(turn);
  struct timespec past = {1, 0};
  pthread_mutex_lock(&mutex);
  CODE(pthread_cond_timedwait(&condition, &mutex, &past));
  CODE(pthread_mutex_timedlock(&mutex, &past));
}

static pthread_barrier_t barrier;
static volatile int serial, passed;
static void *meet(void *argument) {
  for (int i = 0; i < 20; i++)
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) __atomic_add_fetch(&serial, 1, __ATOMIC_SEQ_CST);
  __atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
  return NULL;
}

CASE(barriers_and_semaphores) {
  pthread_t threads[4];
  pthread_barrier_init(&barrier, NULL, 4);
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, meet, NULL);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  SHOW(serial);
  SHOW(passed);
  sem_t *semaphore = shared_memory(4096);
  pid_t child;
  sem_init(semaphore, 1, 0);
  IN_CHILD(child) nap(20), sem_post(semaphore);
  SHOW(sem_wait(semaphore));
  SHOW(sem_trywait(semaphore));
  ENDED(child);
}

static pthread_key_t key;
static __thread int local = 5;
static void destroy(void *value) { say("destroyed %ld\n", (long)value); }
static void clean(void *argument) { say("cleaned up\n"); }
static void *with_locals(void *argument) {
  SHOW(local);
  local = 6;
  pthread_setspecific(key, (void *)9);
  return NULL;
}
static void *cancelled(void *argument) {
  pthread_cleanup_push(clean, NULL);
  open_gate(*(struct gate *)argument);
  for (;;) pause();
  pthread_cleanup_pop(0);
}

CASE(thread_locals_and_cancelling) {
  pthread_t thread;
  void *result;
  struct gate gate = new_gate();
  pthread_key_create(&key, destroy);
  pthread_create(&thread, NULL, with_locals, NULL);
  pthread_join(thread, NULL);
  SHOW(local);
  pthread_create(&thread, NULL, cancelled, &gate);
  wait_gate(gate);
  int cancelling = pthread_cancel(thread);
  pthread_join(thread, &result);
  CODE(cancelling);
  YES(result == PTHREAD_CANCELED);
}

static volatile pid_t thread_id;
static void *show_ids(void *argument) {
  thread_id = gettid();
  YES(getpid() == *(pid_t *)argument);
  YES(gettid() != getpid());
  char name[16];
  pthread_setname_np(pthread_self(), "second");
  prctl(PR_GET_NAME, name);
  TEXT(name);
  return NULL;
}

CASE(thread_ids) {
  pthread_t thread;
  pid_t pid = getpid();
  char name[16];
  prctl(PR_SET_NAME, "a-name-that-is-too-long");
  pthread_create(&thread, NULL, show_ids, &pid);
  pthread_join(thread, NULL);
  prctl(PR_GET_NAME, name);
  TEXT(name);
  for (int i = 0; i < 100 && syscall(SYS_tgkill, pid, thread_id, 0) == 0; i++) nap(5);
  SHOW(syscall(SYS_tgkill, pid, thread_id, 0));
  SHOW(syscall(SYS_set_tid_address, &pid) == gettid());
}

static void *end_process(void *argument) { exit(6); }
static void *sleep_on(void *argument) {
  for (;;) pause();
}
static void *fault(void *argument) {
  *(volatile int *)8 = 1;
  return NULL;
}

CASE(ends_of_processes) {
  pid_t child;
  pthread_t thread;
  IN_CHILD(child) pthread_create(&thread, NULL, end_process, NULL), sleep_on(NULL);
  ENDED(child);
  IN_CHILD(child) pthread_create(&thread, NULL, fault, NULL), sleep_on(NULL);
  ENDED(child);
  IN_CHILD(child) pthread_create(&thread, NULL, sleep_on, NULL), _exit(3);
  ENDED(child);
  IN_CHILD(child) {
    pthread_create(&thread, NULL, returns, NULL);
    pthread_exit(NULL);
  }
  ENDED(child);
  IN_CHILD(child) {
    pthread_create(&thread, NULL, sleep_on, NULL);
    pid_t grandchild;
    IN_CHILD(grandchild) {
      DIR *stream = opendir("/proc/self/task");
      int count = -2;
      while (readdir(stream)) count++;
      SHOW(count);
    }
    waitpid(grandchild, NULL, 0);
  }
  ENDED(child);
}

static volatile pid_t handled_by;
static void on_signal(int number) { handled_by = gettid(); }
static void *with_unblocked(void *argument) {
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  open_gate(*(struct gate *)argument);
  while (!handled_by) nap(5);
  YES(handled_by == gettid());
  return NULL;
}

CASE(signals_and_threads) {
  pthread_t thread;
  sigset_t set;
  struct gate gate = new_gate();
  signal(SIGUSR1, on_signal);
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  pthread_create(&thread, NULL, with_unblocked, &gate);
  wait_gate(gate);
  kill(getpid(), SIGUSR1);
  pthread_join(thread, NULL);
  YES(handled_by != getpid());
  handled_by = 0;
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  CODE(pthread_kill(pthread_self(), SIGUSR1));
  YES(handled_by == gettid());
  CODE(pthread_kill(pthread_self(), 65));
}

static uint32_t word, other_word;
struct waiter {
  int operation;
  uint32_t *at, value, bits;
  pid_t tid;
  long result;
};
static void *waits(void *argument) {
  struct waiter *waiter = argument;
  waiter->tid = gettid();
  waiter->result = futex(waiter->at, waiter->operation, waiter->value, NULL, &other_word, waiter->bits);
  if (waiter->result < 0) waiter->result = -errno;
  return NULL;
}
static void start_waiter(pthread_t *thread, struct waiter *waiter) {
  waiter->tid = 0;
  pthread_create(thread, NULL, waits, waiter);
  while (!*(volatile pid_t *)&waiter->tid) nap(1);
  until_thread(getpid(), waiter->tid, 'S');
}

CASE(futex_errors) {
  struct timespec zero = {0, 0}, bad = {0, -1};
  word = 1;
  SHOW(futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0));
  SHOW(futex(&word, FUTEX_WAIT, 1, &zero, NULL, 0));
  SHOW(futex(&word, FUTEX_WAIT, 1, &bad, NULL, 0));
  SHOW(futex((char *)&word + 1, FUTEX_WAIT, 1, NULL, NULL, 0));
  SHOW(futex((void *)8, FUTEX_WAIT, 1, NULL, NULL, 0));
  SHOW(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
  SHOW(futex((void *)0x1000, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
  SHOW(futex(&word, 99, 1, NULL, NULL, 0));
  SHOW(futex(&word, FUTEX_WAIT_BITSET, 1, &zero, NULL, 0));
  SHOW(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
  SHOW(futex(&word, FUTEX_WAIT_BITSET, 1, &zero, NULL, ~0u));
  SHOW(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &other_word, 5));
  SHOW(futex(&word, FUTEX_REQUEUE, -1, (void *)1, &other_word, 0));
  SHOW(futex(&word, FUTEX_FD, 1, NULL, NULL, 0));
}

CASE(futex_waking) {
  pthread_t threads[3];
  struct waiter waiters[3];
  for (int i = 0; i < 3; i++) waiters[i] = (struct waiter){FUTEX_WAIT | PRIVATE, &word}, start_waiter(&threads[i], &waiters[i]);
  SHOW(futex(&word, FUTEX_WAKE, 9, NULL, NULL, 0));
  SHOW(futex(&word, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
  SHOW(futex(&word, FUTEX_WAKE | PRIVATE, 9, NULL, NULL, 0));
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL), say("waiter %ld\n", waiters[i].result);
}

CASE(futex_requeuing) {
  pthread_t threads[4];
  struct waiter waiters[4];
  for (int i = 0; i < 4; i++) waiters[i] = (struct waiter){FUTEX_WAIT, &word}, start_waiter(&threads[i], &waiters[i]);
  SHOW(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)2, &other_word, 7));
  SHOW(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)2, &other_word, 0));
  SHOW(futex(&word, FUTEX_WAKE, 9, NULL, NULL, 0));
  SHOW(futex(&other_word, FUTEX_WAKE, 9, NULL, NULL, 0));
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL), say("waiter %ld\n", waiters[i].result);
}

CASE(futex_bits) {
  pthread_t threads[2];
  struct waiter waiters[2];
  for (int i = 0; i < 2; i++) waiters[i] = (struct waiter){FUTEX_WAIT_BITSET, &word, 0, 1u << i}, start_waiter(&threads[i], &waiters[i]);
  SHOW(futex(&word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 4));
  SHOW(futex(&word, FUTEX_WAKE_BITSET, 9, NULL, NULL, 2));
  pthread_join(threads[1], NULL);
  SHOW(futex(&word, FUTEX_WAKE, 9, NULL, NULL, 0));
  pthread_join(threads[0], NULL);
}

CASE(futex_wake_operation) {
  pthread_t threads[2];
  struct waiter waiters[2] = {{FUTEX_WAIT, &word, 0}, {FUTEX_WAIT, &other_word, 3}};
  other_word = 3;
  for (int i = 0; i < 2; i++) start_waiter(&threads[i], &waiters[i]);
  SHOW(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &other_word, FUTEX_OP(FUTEX_OP_ADD, 4, FUTEX_OP_CMP_EQ, 3)));
  SHOW(other_word);
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  SHOW(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &other_word, FUTEX_OP(FUTEX_OP_ANDN, 1, FUTEX_OP_CMP_GT, 100)));
  SHOW(other_word);
  SHOW(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &other_word, FUTEX_OP(FUTEX_OP_XOR | FUTEX_OP_OPARG_SHIFT, 4, FUTEX_OP_CMP_LT, 1)));
  SHOW(other_word);
}

CASE(futex_priority_inheritance) {
  pthread_t thread;
  struct waiter waiter = {FUTEX_LOCK_PI, &word};
  word = 0;
  SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
  YES(word == (uint32_t)gettid());
  SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
  SHOW(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
  start_waiter(&thread, &waiter);
  YES(word == (gettid() | FUTEX_WAITERS));
  SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
  pthread_join(thread, NULL);
  SHOW(waiter.result);
  YES((word & FUTEX_TID_MASK) == (uint32_t)waiter.tid);
  SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
  word = 999999;
  SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
}

CASE(futex_between_processes) {
  uint32_t *shared = shared_memory(4096);
  pid_t child;
  IN_CHILD(child) {
    SHOW(futex(shared, FUTEX_WAIT, 0, NULL, NULL, 0));
  }
  until_asleep(child);
  SHOW(futex(shared, FUTEX_WAKE | PRIVATE, 1, NULL, NULL, 0));
  while (futex(shared, FUTEX_WAKE, 1, NULL, NULL, 0) == 0) nap(5);
  ENDED(child);
  int fd = open("a", O_RDWR | O_CREAT, 0644);
  ftruncate(fd, 4096);
  uint32_t *file = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  IN_CHILD(child) {
    uint32_t *again = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, open("a", O_RDWR), 0);
    SHOW(futex(again, FUTEX_WAIT, 0, NULL, NULL, 0));
  }
  until_asleep(child);
  while (futex(file, FUTEX_WAKE, 1, NULL, NULL, 0) == 0) nap(5);
  ENDED(child);
}

CASE(robust_lists) {
  struct {
    struct robust_list_head head;
    struct robust_list entry;
    uint32_t lock;
  } *shared = shared_memory(4096);
  pid_t child;
  size_t length;
  struct robust_list_head *head;
  IN_CHILD(child) {
    shared->head.list.next = &shared->entry;
    shared->head.futex_offset = (char *)&shared->lock - (char *)&shared->entry;
    shared->entry.next = &shared->head.list;
    shared->lock = gettid() | FUTEX_WAITERS;
    SHOW(syscall(SYS_set_robust_list, &shared->head, sizeof shared->head));
    SHOW(syscall(SYS_get_robust_list, 0, &head, &length));
    YES(head == &shared->head);
    SHOW(length);
  }
  ENDED(child);
  HEX(shared->lock);
  SHOW(syscall(SYS_set_robust_list, &shared->head, 5));
  SHOW(syscall(SYS_get_robust_list, 999999, &head, &length));
}

CASE(futex_interrupted) {
  signal(SIGALRM, on_signal);
  struct itimerval timer = {.it_value = {0, 30000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  struct timespec second = {1, 0};
  word = 0;
  struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGALRM, &action, NULL);
  SHOW(futex(&word, FUTEX_WAIT, 0, &second, NULL, 0));
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &timer, NULL);
  struct timespec short_time = {0, 100000000};
  SHOW(futex(&word, FUTEX_WAIT, 0, &short_time, NULL, 0));
}
