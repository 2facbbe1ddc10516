/* Real-time priorities: an urgent process has the hart at once, and what is below it waits. */
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long *counts;

static void become(int policy, int priority) {
  struct sched_param parameters = {priority};
  if (sched_setscheduler(0, policy, &parameters) != 0) perror("sched_setscheduler");
}

/* Counts for so many milliseconds of the clock. */
static void busy(int which, long milliseconds) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  long end = now.tv_sec * 1000 + now.tv_nsec / 1000000 + milliseconds;
  do {
    counts[which]++;
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (now.tv_sec * 1000 + now.tv_nsec / 1000000 < end);
}

static int start(int policy, int priority, int which, long milliseconds) {
  int child = fork();
  if (child != 0) return child;
  become(policy, priority);
  busy(which, milliseconds);
  _exit(0);
}

int main(void) {
  counts = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  setvbuf(stdout, 0, _IONBF, 0);
  become(SCHED_FIFO, 90);
  start(SCHED_OTHER, 0, 0, 400);
  start(SCHED_FIFO, 10, 1, 200);
  start(SCHED_RR, 20, 2, 300);
  start(SCHED_RR, 20, 3, 300);
  struct timespec pause = {0, 50000000};
  nanosleep(&pause, 0);
  /* Nobody but the round robin pair, of which one has had its first slice of 100 ms. */
  printf("%d %d %d %d\n", counts[0] > 0, counts[1] > 0, counts[2] > 0, counts[3] > 0);
  pause.tv_nsec = 100000000;
  nanosleep(&pause, 0);
  printf("%d %d %d %d\n", counts[0] > 0, counts[1] > 0, counts[2] > 0, counts[3] > 0);
  while (wait(0) > 0);
  printf("%d %d %d %d\n", counts[0] > 0, counts[1] > 0, counts[2] > 0, counts[3] > 0);
}
