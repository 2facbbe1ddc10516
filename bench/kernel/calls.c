// What the kernel's work costs, one kind at a time, by the machine's own monotonic clock:
//
//     calls null|pipe|switch|fork|fork-large|fault
//     calls write|read|open FILE
//     calls command RUNS PROGRAM [ARGUMENT...]
//
// prints nanoseconds, what was done in them (how often, or bytes), and a result that is the same on every machine.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096L
#define BLOCK 65536L
#define RESIDENT (64L << 20)
#define FILE_BYTES (32L << 20)

static unsigned char block[BLOCK];

static void need(int condition, const char *what) {
  if (condition) return;
  perror(what);
  exit(1);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long null_calls(long count) {
  long sum = 0, parent = getppid();
  for (long i = 0; i < count; i++) sum += syscall(SYS_getppid) == parent;
  return sum;
}

// A byte into a pipe and out of it again, by one process.
static long pipe_bytes(long count) {
  static int ends[2] = {-1, -1};
  if (ends[0] < 0) need(pipe(ends) == 0, "pipe");
  long sum = 0;
  for (long i = 0; i < count; i++) {
    unsigned char out = i, in = 0;
    need(write(ends[1], &out, 1) == 1 && read(ends[0], &in, 1) == 1, "pipe");
    sum += in;
  }
  return sum;
}

static pid_t child_or_exit(void) {
  pid_t pid = fork();
  need(pid >= 0, "fork");
  return pid;
}

static int exit_code(void) {
  int status;
  need(wait(&status) > 0, "wait");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1000000;
}

// A byte to another process and one back: two switches.
static long switches(long count) {
  int there[2], back[2];
  need(pipe(there) == 0 && pipe(back) == 0, "pipe");
  if (child_or_exit() == 0) {
    unsigned char byte;
    close(there[1]);
    while (read(there[0], &byte, 1) == 1) {
      byte++;
      if (write(back[1], &byte, 1) != 1) break;
    }
    _exit(0);
  }
  close(there[0]);
  close(back[1]);
  long sum = 0;
  for (long i = 0; i < count; i++) {
    unsigned char byte = i;
    need(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1, "pipe");
    sum += byte;
  }
  close(there[1]);
  close(back[0]);
  return sum + exit_code();
}

static long forks(long count) {
  long sum = 0;
  for (long i = 0; i < count; i++) {
    if (child_or_exit() == 0) _exit(i & 127);
    sum += exit_code();
  }
  return sum;
}

static unsigned char *fresh(long size) {
  unsigned char *memory = mmap(0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  need(memory != MAP_FAILED, "mmap");
  return memory;
}

static long large_forks(long count) {
  static unsigned char *memory;
  if (!memory) {
    memory = fresh(RESIDENT);
    for (long at = 0; at < RESIDENT; at += PAGE) memory[at] = 1;
  }
  return forks(count);
}

static long faults(long count) {
  unsigned char *memory = fresh(count * PAGE);
  long sum = 0;
  for (long i = 0; i < count; i++) {
    sum += memory[i * PAGE];
    memory[i * PAGE] = 1;
  }
  for (long i = 0; i < count; i++) sum += memory[i * PAGE];
  munmap(memory, count * PAGE);
  return sum;
}

static const char *file;

static int opened(int flags) {
  int fd = open(file, flags, 0600);
  need(fd >= 0, file);
  return fd;
}

static long writes(long bytes) {
  int fd = opened(O_RDWR | O_CREAT | O_TRUNC);
  memset(block, 7, BLOCK);
  for (long at = 0; at < bytes; at += BLOCK) need(write(fd, block, BLOCK) == BLOCK, file);
  unsigned char last = 0;
  need(pread(fd, &last, 1, bytes - 1) == 1, file);
  close(fd);
  return last;
}

static long reads(long bytes) {
  int fd = opened(O_RDONLY);
  long sum = 0;
  for (long at = 0; at < bytes; at += BLOCK) {
    need(read(fd, block, BLOCK) == BLOCK, file);
    sum += block[BLOCK - 1];
  }
  close(fd);
  return sum;
}

static long opens(long count) {
  long sum = 0;
  for (long i = 0; i < count; i++) sum += close(opened(O_RDONLY)) == 0;
  return sum;
}

static char **command;

// Returns a sum of what the program printed, however it came in pieces.
static long commands(long count) {
  uint32_t sum = 2166136261u;
  for (long i = 0; i < count; i++) {
    int ends[2];
    need(pipe(ends) == 0, "pipe");
    pid_t pid = vfork();
    need(pid >= 0, "vfork");
    if (pid == 0) {
      dup2(ends[1], 1);
      close(ends[0]);
      close(ends[1]);
      execv(command[0], command);
      _exit(127);
    }
    close(ends[1]);
    long got;
    while ((got = read(ends[0], block, BLOCK)) > 0)
      for (long at = 0; at < got; at++) sum = (sum ^ block[at]) * 16777619u;
    close(ends[0]);
    int code = exit_code();
    if (code != 0) {
      fprintf(stderr, "%s: exit status %d\n", command[0], code);
      exit(1);
    }
  }
  return sum;
}

struct kind {
  const char *name;
  long (*work)(long);
  long amount;
  long warm_up;
};

static const struct kind KINDS[] = {
    {"null", null_calls, 300000, 30000},
    {"pipe", pipe_bytes, 50000, 5000},
    {"switch", switches, 20000, 2000},
    {"fork", forks, 300, 50},
    {"fork-large", large_forks, 30, 3},
    {"fault", faults, 10000, 2000},
    {"write", writes, FILE_BYTES, BLOCK},
    {"read", reads, FILE_BYTES, FILE_BYTES},
    {"open", opens, 20000, 2000},
};

static void measure(long (*work)(long), long amount, long warm_up) {
  if (warm_up > 0) work(warm_up);
  int64_t start = now();
  long result = work(amount);
  printf("%lld %ld %ld\n", (long long)(now() - start), amount, result);
}

int main(int argc, char **argv) {
  if (argc > 3 && strcmp(argv[1], "command") == 0) {
    command = argv + 3;
    measure(commands, atol(argv[2]), 1);
    return 0;
  }
  for (unsigned i = 0; argc > 1 && i < sizeof KINDS / sizeof *KINDS; i++) {
    if (strcmp(KINDS[i].name, argv[1]) != 0) continue;
    if (argc > 2) {
      file = argv[2];
      writes(FILE_BYTES);
    }
    measure(KINDS[i].work, KINDS[i].amount, KINDS[i].warm_up);
    return 0;
  }
  fprintf(stderr, "usage: calls KIND [FILE | RUNS PROGRAM ARGUMENT...]\n");
  return 2;
}
