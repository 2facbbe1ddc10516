/* Threads that never wait: all of them get on, in proportion to their weights; the one that sleeps wakes in between. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define THREADS 4
static const int niceness[THREADS] = {0, 0, 5, 10};
static volatile unsigned long counts[THREADS];
static volatile int started, stop;

static void *busy(void *at) {
  int i = (int)(long)at;
  setpriority(PRIO_PROCESS, syscall(SYS_gettid), niceness[i]);
  __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
  while (started < THREADS) sched_yield();
  while (!stop) counts[i]++;
  return 0;
}

int main(void) {
  pthread_t threads[THREADS];
  int late = 0;
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, busy, (void *)i);
  while (started < THREADS) sched_yield();
  for (int i = 0; i < 50; i++) {
    struct timespec before, after, pause = {0, 20000000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    nanosleep(&pause, 0);
    clock_gettime(CLOCK_MONOTONIC, &after);
    long took = (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
    if (took > 21000) late++;
  }
  stop = 1;
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  for (int i = 0; i < THREADS; i++) printf("nice %d: %.2f\n", niceness[i], (double)counts[i] / counts[0]);
  printf("late: %d\n", late);
}
