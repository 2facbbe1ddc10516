/* Two processes: one writes into a pipe, the other one reads and sums. */
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

enum { BLOCK = 4096 };

static void produce(int output, int blocks) {
  static unsigned char block[BLOCK];
  uint32_t state = 1;
  for (int i = 0; i < blocks; i++) {
    for (int k = 0; k < BLOCK; k += 64) block[k] = (unsigned char)next_random(&state);
    for (int done = 0; done < BLOCK;) {
      ssize_t wrote = write(output, block + done, (size_t)(BLOCK - done));
      if (wrote <= 0) _exit(1);
      done += (int)wrote;
    }
  }
}

int main(int argc, char **argv) {
  int blocks = scale(argc, argv, 200000), ends[2], status;
  if (pipe(ends) != 0) return 1;
  pid_t child = fork();
  if (child < 0) return 1;
  if (child == 0) {
    close(ends[0]);
    produce(ends[1], blocks);
    _exit(0);
  }
  close(ends[1]);
  static unsigned char block[BLOCK];
  uint64_t bytes = 0, sum = 0;
  ssize_t got;
  while ((got = read(ends[0], block, BLOCK)) > 0) {
    /* A read may end anywhere, so a byte counts by its place in the whole. */
    for (ssize_t i = -(ssize_t)bytes & 63; i < got; i += 64) sum += block[i];
    bytes += (uint64_t)got;
  }
  if (waitpid(child, &status, 0) != child || status != 0) return 1;
  printf("%lu %lu\n", (unsigned long)bytes, (unsigned long)sum);
}
