/*
 * A walk through what an ordinary C program asks of an operating system. It prints the same on any riscv64
 * Linux: no addresses, times or process numbers.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

/* Blocks of many sizes, each filled with a pattern that must be there when it is freed or grown. */
static void memory(void) {
  enum { BLOCKS = 500 };
  unsigned char *block[BLOCKS] = {0};
  size_t size[BLOCKS] = {0};
  uint64_t sum = 0;
  for (int round = 0; round < 5000; round++) {
    int i = next_random() % BLOCKS;
    for (size_t at = 0; at < size[i]; at += 61) EXPECT(block[i][at] == (unsigned char)(i + at));
    if (next_random() % 3 == 0) {
      free(block[i]);
      block[i] = NULL;
      size[i] = 0;
      continue;
    }
    size[i] = 1 + next_random() % (round % 50 == 0 ? 300000 : 3000);
    block[i] = realloc(block[i], size[i]);
    for (size_t at = 0; at < size[i]; at++) block[i][at] = (unsigned char)(i + at);
    sum += size[i];
  }
  for (int i = 0; i < BLOCKS; i++) free(block[i]);
  void *aligned = NULL;
  EXPECT(posix_memalign(&aligned, 4096, 100) == 0 && (uintptr_t)aligned % 4096 == 0);
  free(aligned);
  unsigned char *zeroed = calloc(1000, 1000);
  for (int i = 0; i < 1000 * 1000; i++) EXPECT(zeroed[i] == 0);
  free(zeroed);
  printf("  %llu bytes asked for\n", (unsigned long long)sum);
}

static void numbers(void) {
  volatile double third = 1.0 / 3, big = 1e300, zero = 0;
  printf("  %f %.17g %e %a\n", third, third, third, third);
  printf("  %g %g %g %g\n", big * big, -big * big, -zero, 5e-324);
  printf("  %d %d\n", isnan(zero / zero), signbit(-zero) != 0);
  printf("  %.15g %.15g %.15g\n", sqrt(2), sin(1), exp(1));
  printf("  %.3f %.0f %.0f %.0f\n", 2.0005, 0.5, 1.5, 2.5);
  printf("  %.9g %.9g\n", (double)(float)0.1, (double)strtof("3.4028235e38", NULL));
  printf("  %ld %ld %d\n", lround(2.5), lrint(2.5), (int)-7.9);
  printf("  %.17g\n", strtod("2.2250738585072011e-308", NULL));
  printf("  %Lf\n", 1.0L / 7);
  double total = 0;
  for (int i = 1; i <= 1000; i++) total += 1.0 / (double)i;
  printf("  %.17g\n", total);
}

static jmp_buf back;

/* Jumps out of `depth` frames. */
static int descend(int depth) {
  if (depth < 0) return 0;
  if (depth == 0) longjmp(back, 42);
  return descend(depth - 1) + depth;
}

static void jumps(void) {
  volatile int kept = 7;
  int value = setjmp(back);
  if (value == 0) {
    kept = 8;
    EXPECT(descend(20) == 0);
  }
  printf("  longjmp gave %d, kept %d\n", value, kept);
}

static sigjmp_buf fault_exit;
static volatile sig_atomic_t fault_code;
static void *volatile fault_address;

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)context;
  fault_code = info->si_code;
  fault_address = info->si_addr;
  siglongjmp(fault_exit, signal);
}

/* What touching `at` does: 0, or the signal. */
static int touch(volatile char *at, int write) {
  int signal = sigsetjmp(fault_exit, 1);
  if (signal != 0) return signal;
  if (write) *at = 1;
  else (void)*at;
  return 0;
}

static void say_touch(const char *what, volatile char *at, int write) {
  int signal = touch(at, write);
  if (signal == 0) printf("  %s: done\n", what);
  else printf("  %s: signal %d, code %d, at the address %s\n", what, signal, (int)fault_code,
              fault_address == (void *)at ? "touched" : "of something else");
}

static void protection(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  struct sigaction before;
  EXPECT(sigaction(SIGSEGV, &action, &before) == 0);
  char *pages = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(pages != MAP_FAILED);
  say_touch("write to a writable page", pages, 1);
  EXPECT(mprotect(pages, 4096, PROT_READ) == 0);
  say_touch("read of a read-only page", pages, 0);
  say_touch("write to a read-only page", pages, 1);
  EXPECT(mprotect(pages + 4096, 4096, PROT_NONE) == 0);
  say_touch("read of a closed page", pages + 4096 + 9, 0);
  EXPECT(munmap(pages + 8192, 4096) == 0);
  say_touch("write to an unmapped page", pages + 8192, 1);
  say_touch("read of page zero", (char *)16, 0);
  EXPECT(mprotect(pages, 8192, PROT_READ | PROT_WRITE) == 0);
  say_touch("write after opening it again", pages + 4096, 1);
  EXPECT(pages[0] == 1 && pages[4096] == 1);
  EXPECT(munmap(pages, 8192) == 0);
  EXPECT(sigaction(SIGSEGV, &before, NULL) == 0);
  char *grown = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  strcpy(grown, "moved along");
  grown = mremap(grown, 4096, 1 << 20, MREMAP_MAYMOVE);
  EXPECT(grown != MAP_FAILED && strcmp(grown, "moved along") == 0 && grown[(1 << 20) - 1] == 0);
  munmap(grown, 1 << 20);
}

static volatile sig_atomic_t seen[2];
static volatile int order;

static void on_signal(int signal) { seen[signal == SIGUSR2] = ++order; }

static void signals(void) {
  struct sigaction action = {.sa_handler = on_signal};
  sigset_t both, pending, before;
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGUSR2, &action, NULL);
  raise(SIGUSR1);
  printf("  raised: %d\n", (int)seen[0]);
  sigemptyset(&both);
  sigaddset(&both, SIGUSR1);
  sigaddset(&both, SIGUSR2);
  sigprocmask(SIG_BLOCK, &both, &before);
  kill(getpid(), SIGUSR2);
  sigpending(&pending);
  printf("  blocked: seen %d, pending %d %d\n", (int)seen[1], sigismember(&pending, SIGUSR1),
         sigismember(&pending, SIGUSR2));
  sigprocmask(SIG_SETMASK, &before, NULL);
  printf("  let in: %d\n", (int)seen[1]);
}

static void files(void) {
  char folder[] = "/tmp/posix-tour-XXXXXX";
  EXPECT(mkdtemp(folder) != NULL);
  EXPECT(chdir(folder) == 0);
  FILE *text = fopen("lines.txt", "w+");
  for (int i = 0; i < 1000; i++) fprintf(text, "line %d of a thousand\n", i);
  long length = ftell(text);
  rewind(text);
  char line[64];
  int lines = 0, sum = 0, number;
  while (fgets(line, sizeof line, text)) {
    if (sscanf(line, "line %d", &number) == 1) sum += number;
    lines++;
  }
  fclose(text);
  struct stat info;
  EXPECT(stat("lines.txt", &info) == 0);
  printf("  %d lines, %ld bytes, sum %d, size %ld, regular %d, mode %o\n", lines, length, sum,
         (long)info.st_size, S_ISREG(info.st_mode), info.st_mode & 0600);

  int file = open("lines.txt", O_RDWR);
  char some[16] = {0};
  EXPECT(pread(file, some, 7, 21) == 7);
  EXPECT(pwrite(file, "LINE", 4, 0) == 4);
  EXPECT(lseek(file, -10, SEEK_END) == length - 10);
  struct iovec parts[2] = {{.iov_base = "one ", .iov_len = 4}, {.iov_base = "two\n", .iov_len = 4}};
  EXPECT(writev(file, parts, 2) == 8);
  EXPECT(ftruncate(file, 100) == 0);
  char *mapped = mmap(NULL, 100, PROT_READ, MAP_PRIVATE, file, 0);
  EXPECT(mapped != MAP_FAILED);
  printf("  \"%s\", \"%.4s\"\n", some, mapped);
  munmap(mapped, 100);
  int copy = dup(file);
  close(file);
  EXPECT(lseek(copy, 0, SEEK_END) == 100);
  close(copy);
  EXPECT(close(copy) == -1 && errno == EBADF);

  EXPECT(mkdir("inner", 0700) == 0);
  EXPECT(mkdir("inner", 0700) == -1 && errno == EEXIST);
  EXPECT(rename("lines.txt", "inner/moved.txt") == 0);
  EXPECT(symlink("inner/moved.txt", "link") == 0);
  EXPECT(access("link", R_OK) == 0);
  ssize_t target = readlink("link", line, sizeof line);
  printf("  link of %zd bytes: %.*s\n", target, (int)target, line);
  EXPECT(rmdir("inner") == -1 && errno == ENOTEMPTY);
  EXPECT(open("nothing", O_RDONLY) == -1);
  printf("  %s\n", strerror(errno));
  DIR *list = opendir(".");
  int entries = 0;
  for (struct dirent *entry; (entry = readdir(list));) entries += entry->d_name[0] != '.';
  closedir(list);
  printf("  %d entries\n", entries);
  EXPECT(unlink("inner/moved.txt") == 0 && rmdir("inner") == 0 && unlink("link") == 0);
  EXPECT(chdir("/") == 0 && rmdir(folder) == 0);

  int ends[2];
  EXPECT(pipe(ends) == 0);
  EXPECT(write(ends[1], "through", 7) == 7);
  close(ends[1]);
  EXPECT(read(ends[0], line, sizeof line) == 7 && read(ends[0], line, sizeof line) == 0);
  close(ends[0]);
}

static int compare(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return (x > y) - (x < y);
}

static void library(void) {
  enum { COUNT = 20000 };
  uint64_t *values = malloc(COUNT * sizeof *values);
  for (int i = 0; i < COUNT; i++) values[i] = next_random();
  qsort(values, COUNT, sizeof *values, compare);
  for (int i = 1; i < COUNT; i++) EXPECT(values[i - 1] <= values[i]);
  printf("  median %016llx\n", (unsigned long long)values[COUNT / 2]);
  free(values);
  setenv("TOUR", "guide", 1);
  printf("  %s %s\n", getenv("TOUR"), getenv("NOT_SET") ? "set" : "not set");
  time_t moment = 1234567890;
  char text[64];
  strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", gmtime(&moment));
  printf("  %s\n", text);
}

static void machine(void) {
  struct utsname name;
  EXPECT(uname(&name) == 0);
  printf("  %s on %s, pages of %ld bytes\n", name.sysname, name.machine, sysconf(_SC_PAGESIZE));
  struct timespec before, after, pause = {.tv_nsec = 2000000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  nanosleep(&pause, NULL);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long passed = (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec;
  EXPECT(passed >= 2000000);
  unsigned char bytes[32] = {0}, none[32] = {0};
  EXPECT(getentropy(bytes, sizeof bytes) == 0 && memcmp(bytes, none, sizeof bytes) != 0);
}

int main(int argc, char **argv) {
  static const struct { const char *name; void (*visit)(void); } stops[] = {
    {"memory", memory},   {"numbers", numbers}, {"jumps", jumps},   {"protection", protection},
    {"signals", signals}, {"files", files},     {"library", library}, {"machine", machine},
  };
  printf("%d arguments:", argc - 1);
  for (int i = 1; i < argc; i++) printf(" <%s>", argv[i]);
  printf("\n");
  for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
    printf("%s\n", stops[i].name);
    stops[i].visit();
  }
  printf("%s\n", failed_expectations == 0 ? "all as it should be" : "not all as it should be");
  return failed_expectations != 0;
}
