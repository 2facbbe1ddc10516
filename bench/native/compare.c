/*
 * The same work through POSIX and through native calls. Prints a line for each: instructions retired in user mode and
 * nanoseconds, for one operation, POSIX first. With an argument (a file on a mounted disk) it compares disks too, and takes the
 * first one that is not mounted.
 *
 *     compare [FILE [ROUNDS]]
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "runikraft.h"

struct cost {
  uint64_t instructions, nanoseconds;
};

static uint64_t retired(void) {
  uint64_t count;
  __asm__ volatile("rdinstret %0" : "=r"(count));
  return count;
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void must(int holds, const char *what) {
  if (holds) return;
  printf("failed: %s\n", what);
  exit(1);
}

#define MUST(condition) must(condition, #condition)

/* The best of several rounds: others use the machine too, and the first finds nothing prepared. */
static int rounds_of_each = 25;

static struct cost measure(void (*work)(int), int operations) {
  struct cost best = {UINT64_MAX, UINT64_MAX};
  for (int i = 0; i < rounds_of_each; i++) {
    uint64_t time = now(), count = retired();
    work(operations);
    count = (retired() - count) / (uint64_t)operations;
    time = (now() - time) / (uint64_t)operations;
    if (count < best.instructions) best.instructions = count;
    if (time < best.nanoseconds) best.nanoseconds = time;
  }
  return best;
}

static void compare(const char *what, void (*posix)(int), void (*native)(int), int operations) {
  struct cost a = measure(posix, operations), b = measure(native, operations);
  printf("%s: %lu %lu %lu %lu\n", what, a.instructions, b.instructions, a.nanoseconds, b.nanoseconds);
}

/* A block of up to 512 bytes in place of another one, among 256. */
enum { BLOCKS = 256 };
static void *blocks[BLOCKS];
static uint32_t random_state = 1;

static uint32_t next_random(void) {
  return random_state = random_state * 1664525 + 1013904223;
}

static void small_posix(int count) {
  for (int i = 0; i < count; i++) {
    void **block = &blocks[next_random() >> 24];
    free(*block);
    MUST((*block = malloc(next_random() >> 23)) != NULL);
  }
  for (int i = 0; i < BLOCKS; i++) free(blocks[i]), blocks[i] = NULL;
}

static void small_native(int count) {
  for (int i = 0; i < count; i++) {
    void **block = &blocks[next_random() >> 24];
    rk_free(RK_DEFAULT, *block);
    MUST((*block = rk_malloc(RK_DEFAULT, next_random() >> 23)) != NULL);
  }
  for (int i = 0; i < BLOCKS; i++) rk_free(RK_DEFAULT, blocks[i]), blocks[i] = NULL;
}

/* 64 pages, the first of them touched. */
static void pages_posix(int count) {
  for (int i = 0; i < count; i++) {
    char *at = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(at != MAP_FAILED);
    *at = 1;
    MUST(munmap(at, 64 * 4096) == 0);
  }
}

static void pages_native(int count) {
  for (int i = 0; i < count; i++) {
    char *at = rk_palloc(RK_DEFAULT, 64);
    MUST(at != NULL);
    *at = 1;
    MUST(rk_pfree(RK_DEFAULT, at, 64) == 0);
  }
}

/* A thread that is made and waited for. */
static void *nothing(void *argument) {
  return argument;
}

static void threads_posix(int count) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 65536);
  for (int i = 0; i < count; i++) {
    pthread_t thread;
    MUST(pthread_create(&thread, &attributes, nothing, NULL) == 0);
    MUST(pthread_join(thread, NULL) == 0);
  }
}

static void threads_native(int count) {
  for (int i = 0; i < count; i++) {
    int thread = rk_thread_create(nothing, NULL, 65536, 0);
    MUST(thread > 0);
    MUST(rk_thread_join(thread, NULL, RK_FOREVER) == 0);
  }
}

/* A lock that nobody else wants. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int native_mutex;

static void lock_posix(int count) {
  for (int i = 0; i < count; i++) {
    MUST(pthread_mutex_lock(&mutex) == 0);
    MUST(pthread_mutex_unlock(&mutex) == 0);
  }
}

static void lock_native(int count) {
  for (int i = 0; i < count; i++) {
    MUST(rk_mutex_lock(native_mutex, RK_FOREVER) == 0);
    MUST(rk_mutex_unlock(native_mutex) == 0);
  }
}

/* A word there and back between two threads: each waits for the other. */
static int there[2], back[2], mailbox_there, mailbox_back, rounds;
static sem_t ping, pong;
static int native_ping, native_pong;

static void *pipe_partner(void *argument) {
  uint64_t word;
  for (int i = 0; i < rounds; i++) {
    MUST(read(there[0], &word, 8) == 8);
    MUST(write(back[1], &word, 8) == 8);
  }
  return argument;
}

static void pipe_posix(int count) {
  pthread_t partner;
  rounds = count;
  MUST(pthread_create(&partner, NULL, pipe_partner, NULL) == 0);
  for (uint64_t i = 0; i < (uint64_t)count; i++) {
    uint64_t word = 0;
    MUST(write(there[1], &i, 8) == 8);
    MUST(read(back[0], &word, 8) == 8 && word == i);
  }
  pthread_join(partner, NULL);
}

static void *mailbox_partner(void *argument) {
  uint64_t word;
  for (int i = 0; i < rounds; i++) {
    MUST(rk_mailbox_receive(mailbox_there, &word, RK_FOREVER) == 0);
    MUST(rk_mailbox_post(mailbox_back, word, RK_FOREVER) == 0);
  }
  return argument;
}

static void mailbox_native(int count) {
  int partner;
  rounds = count;
  partner = rk_thread_create(mailbox_partner, NULL, 0, 0);
  for (uint64_t i = 0; i < (uint64_t)count; i++) {
    uint64_t word = 0;
    MUST(rk_mailbox_post(mailbox_there, i, RK_FOREVER) == 0);
    MUST(rk_mailbox_receive(mailbox_back, &word, RK_FOREVER) == 0 && word == i);
  }
  MUST(rk_thread_join(partner, NULL, RK_FOREVER) == 0);
}

static void *semaphore_partner(void *argument) {
  for (int i = 0; i < rounds; i++) {
    MUST(sem_wait(&ping) == 0);
    MUST(sem_post(&pong) == 0);
  }
  return argument;
}

static void semaphore_posix(int count) {
  pthread_t partner;
  rounds = count;
  MUST(pthread_create(&partner, NULL, semaphore_partner, NULL) == 0);
  for (int i = 0; i < count; i++) {
    MUST(sem_post(&ping) == 0);
    MUST(sem_wait(&pong) == 0);
  }
  pthread_join(partner, NULL);
}

static void *native_semaphore_partner(void *argument) {
  for (int i = 0; i < rounds; i++) {
    MUST(rk_semaphore_down(native_ping, RK_FOREVER) == 0);
    MUST(rk_semaphore_up(native_pong) == 0);
  }
  return argument;
}

static void semaphore_native(int count) {
  int partner;
  rounds = count;
  partner = rk_thread_create(native_semaphore_partner, NULL, 0, 0);
  for (int i = 0; i < count; i++) {
    MUST(rk_semaphore_up(native_ping) == 0);
    MUST(rk_semaphore_down(native_pong, RK_FOREVER) == 0);
  }
  MUST(rk_thread_join(partner, NULL, RK_FOREVER) == 0);
}

/* Words from one thread to another, which takes as many as there are: a queue of 256. */
enum { ROOM = 256 };
static struct {
  pthread_mutex_t lock;
  pthread_cond_t filled, emptied;
  unsigned first, count;
  uint64_t words[ROOM];
} queue = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, {0}};
static struct rk_ring *ring;

static void *queue_partner(void *argument) {
  uint64_t sum = 0;
  for (int i = 0; i < rounds; i++) {
    pthread_mutex_lock(&queue.lock);
    while (queue.count == 0) pthread_cond_wait(&queue.filled, &queue.lock);
    sum += queue.words[queue.first++ % ROOM];
    if (queue.count-- == ROOM) pthread_cond_signal(&queue.emptied);
    pthread_mutex_unlock(&queue.lock);
  }
  *(uint64_t *)argument = sum;
  return NULL;
}

static void queue_posix(int count) {
  pthread_t partner;
  uint64_t sum = 0;
  rounds = count;
  MUST(pthread_create(&partner, NULL, queue_partner, &sum) == 0);
  for (uint64_t i = 0; i < (uint64_t)count; i++) {
    pthread_mutex_lock(&queue.lock);
    while (queue.count == ROOM) pthread_cond_wait(&queue.emptied, &queue.lock);
    queue.words[(queue.first + queue.count) % ROOM] = i;
    if (queue.count++ == 0) pthread_cond_signal(&queue.filled);
    pthread_mutex_unlock(&queue.lock);
  }
  pthread_join(partner, NULL);
  MUST(sum == (uint64_t)count * (uint64_t)(count - 1) / 2);
}

static void *ring_partner(void *argument) {
  uint64_t sum = 0, word;
  for (int i = 0; i < rounds; i++) {
    MUST(rk_ring_take(ring, &word, RK_FOREVER) == 0);
    sum += word;
  }
  *(uint64_t *)argument = sum;
  return NULL;
}

static void ring_native(int count) {
  int partner;
  uint64_t sum = 0;
  rounds = count;
  partner = rk_thread_create(ring_partner, &sum, 0, 0);
  for (uint64_t i = 0; i < (uint64_t)count; i++) MUST(rk_ring_put(ring, i, RK_FOREVER) == 0);
  MUST(rk_thread_join(partner, NULL, RK_FOREVER) == 0);
  MUST(sum == (uint64_t)count * (uint64_t)(count - 1) / 2);
}

/* Records of 512 bytes, in an order of no use to anybody. */
enum { RECORDS = 4096, DEPTH = 64, SECTOR = 512 };
static int file, disk_queue;
static char *records;
static struct rk_ring *requests, *done;
static struct rk_blkreq entries[DEPTH + 1];

static uint64_t place(int i) {
  return (uint64_t)i * 2654435761u % RECORDS;
}

/* After every DEPTH of them they are safe on the disk. */
static void file_write(int count) {
  for (int i = 0; i < count; i++) {
    MUST(pwrite(file, records + i % DEPTH * SECTOR, SECTOR, (off_t)(place(i) * SECTOR)) == SECTOR);
    if (i % DEPTH == DEPTH - 1) MUST(fdatasync(file) == 0);
  }
}

static void file_read(int count) {
  for (int i = 0; i < count; i++)
    MUST(pread(file, records + i % DEPTH * SECTOR, SECTOR, (off_t)(place(i) * SECTOR)) == SECTOR);
}

static void kick(int count) {
  uint64_t word;
  MUST(rk_blkdev_kick(disk_queue) == count);
  for (int i = 0; i < count; i++) {
    MUST(rk_ring_dequeue(done, &word) == 0);
    MUST(((struct rk_blkreq *)word)->result == 0);
  }
}

static void request(int i, uint32_t operation, uint64_t sector, uint64_t count) {
  entries[i] = (struct rk_blkreq){operation, 0, sector, count, records + i % DEPTH * SECTOR};
  MUST(rk_ring_enqueue(requests, (uint64_t)&entries[i]) == 0);
}

static void move(int count, uint32_t operation) {
  for (int i = 0; i < count; i += DEPTH) {
    for (int j = 0; j < DEPTH; j++) request(j, operation, place(i + j), 1);
    if (operation == RK_BLK_WRITE) request(DEPTH, RK_BLK_FLUSH, 0, 0);
    kick(operation == RK_BLK_WRITE ? DEPTH + 1 : DEPTH);
  }
}

static void disk_write(int count) {
  move(count, RK_BLK_WRITE);
}

static void disk_read(int count) {
  move(count, RK_BLK_READ);
}

int main(int argc, char **argv) {
  MUST(rk_version() == 1);
  if (argc > 2) rounds_of_each = atoi(argv[2]);
  native_mutex = rk_mutex_create(0);
  MUST(pipe(there) == 0 && pipe(back) == 0);
  mailbox_there = rk_mailbox_create(1);
  mailbox_back = rk_mailbox_create(1);
  sem_init(&ping, 0, 0);
  sem_init(&pong, 0, 0);
  native_ping = rk_semaphore_create(0);
  native_pong = rk_semaphore_create(0);
  ring = rk_palloc(RK_DEFAULT, 1 + RK_RING_BYTES(ROOM) / 4096);
  MUST(rk_ring_create(ring, ROOM) == 0);
  compare("a block of memory", small_posix, small_native, 4000);
  compare("64 pages", pages_posix, pages_native, 400);
  compare("a thread", threads_posix, threads_native, 100);
  compare("a free lock", lock_posix, lock_native, 4000);
  compare("a semaphore, there and back", semaphore_posix, semaphore_native, 500);
  compare("a word, there and back", pipe_posix, mailbox_native, 500);
  compare("a word of a stream", queue_posix, ring_native, 4000);
  if (argc < 2) return 0;
  file = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
  MUST(file >= 0 && ftruncate(file, RECORDS * SECTOR) == 0);
  records = rk_palloc(RK_DEFAULT, DEPTH * SECTOR / 4096);
  requests = rk_palloc(RK_DEFAULT, 1);
  done = rk_palloc(RK_DEFAULT, 1);
  MUST(rk_ring_create(requests, 2 * DEPTH) == 0 && rk_ring_create(done, 2 * DEPTH) == 0);
  for (int i = 0; i < rk_blkdev_count() && disk_queue <= 0; i++) disk_queue = rk_blkdev_queue(i, requests, done);
  MUST(disk_queue > 0);
  memset(records, 7, DEPTH * SECTOR);
  compare("a record written", file_write, disk_write, RECORDS / 8);
  compare("a record read", file_read, disk_read, RECORDS / 8);
  return 0;
}
