/* Page faults and page tables: memory is mapped, touched, partly protected and unmapped. */
#include <sys/mman.h>
#include "bench.h"

enum { PAGE = 4096, PAGES = 256 };

int main(int argc, char **argv) {
  int rounds = scale(argc, argv, 2000);
  uint64_t sum = 0;
  for (int round = 0; round < rounds; round++) {
    unsigned char *memory =
        mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 1;
    for (int i = 0; i < PAGES; i++) memory[i * PAGE + i] = (unsigned char)(i ^ round);
    if (mprotect(memory, PAGES / 2 * PAGE, PROT_READ) != 0) return 1;
    for (int i = 0; i < PAGES; i++) sum += memory[i * PAGE + i];
    if (munmap(memory, PAGES * PAGE) != 0) return 1;
  }
  printf("%lu\n", (unsigned long)sum);
}
