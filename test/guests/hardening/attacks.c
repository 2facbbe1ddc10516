/* Attacks itself in the way that its argument names; built with -fstack-protector-all. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern uintptr_t __stack_chk_guard;
static const char constant[] = "constant";
static char data[64] __attribute__((aligned(16))) = "data";
static volatile int depth;

/* li a0, 77; li a7, 94; ecall: ends the program with 77 where it runs. */
static const uint32_t payload[] = {0x04d00513, 0x05e00893, 0x00000073};

static void run(void *at) {
  memcpy(at, payload, sizeof payload);
  __asm__ volatile("fence.i" ::: "memory");
  ((void (*)(void))at)();
}

/* The length comes from outside, so the compiler cannot see the overflow. */
__attribute__((noinline)) static void smash(size_t length) {
  char buffer[16];
  volatile char *at = buffer;
  for (size_t i = 0; i < length; i++) at[i] = 'A';
  printf("in a frame of %zu bytes: %c\n", sizeof buffer, buffer[0]);
  fflush(stdout);
}

__attribute__((noinline)) static int recurse(int n) {
  volatile char room[256];
  room[n % 256] = 1;
  depth = n;
  return recurse(n + 1) + room[n % 256];
}

__attribute__((noinline)) static void allocate(size_t size) {
  volatile char *room = __builtin_alloca(size);
  room[0] = 1;
}

int main(int argc, char **argv) {
  const char *way = argc > 1 ? argv[1] : "";
  size_t size = argc > 2 ? strtoul(argv[2], NULL, 0) : 0;
  char local[64] __attribute__((aligned(16)));
  if (strcmp(way, "smash") == 0) smash(size);
  if (strcmp(way, "recurse") == 0) return recurse(0);
  if (strcmp(way, "alloca") == 0) allocate(size);
  if (strcmp(way, "constant") == 0) *(volatile char *)(uintptr_t)constant = 'C';
  if (strcmp(way, "run-stack") == 0) run(local);
  if (strcmp(way, "run-data") == 0) run(data);
  if (strcmp(way, "run-heap") == 0) run(malloc(64));
  if (strcmp(way, "run-big-heap") == 0) run(malloc(1 << 20));
  if (strcmp(way, "null") == 0) ((void (*)(void))(uintptr_t)(size))();
  if (strcmp(way, "rwx") == 0) {
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    printf("%s\n", at == MAP_FAILED ? strerror(errno) : "granted");
    printf("%s\n", mprotect((void *)((uintptr_t)local & -4096ul), 4096, 7) ? strerror(errno) : "granted");
    return 0;
  }
  if (strcmp(way, "canary") == 0) {
    printf("%016lx\n", (unsigned long)__stack_chk_guard);
    return 0;
  }
  printf("survived\n");
  return 0;
}
