/* Dies in the way that its argument names. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) int overflow_the_stack(int n) {
  volatile char room[1024];
  room[n % 1024] = 1;
  return overflow_the_stack(n + 1) + room[n % 1024];
}

__attribute__((noinline)) void write_to_text(void) {
  volatile int *text = (volatile int *)(void *)&write_to_text;
  *text = 0;
  printf("text was written to\n");
}

int main(int argc, char **argv) {
  const char *way = argc > 1 ? argv[1] : "";
  printf("dying of %s\n", way);
  fflush(stdout);
  if (strcmp(way, "abort") == 0) abort();
  if (strcmp(way, "segv") == 0) *(volatile int *)16 = 1;
  if (strcmp(way, "ill") == 0) __asm__ volatile(".word 0");
  if (strcmp(way, "trap") == 0) __asm__ volatile("ebreak");
  if (strcmp(way, "term") == 0) kill(getpid(), SIGTERM);
  if (strcmp(way, "stack") == 0) return overflow_the_stack(0);
  if (strcmp(way, "text") == 0) write_to_text();
  printf("did not die\n");
  return 1;
}
