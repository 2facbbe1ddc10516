/* Comparisons through a function pointer: the C library's qsort. */
#include "bench.h"

static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  int rounds = scale(argc, argv, 2);
  enum { COUNT = 200000 };
  static uint32_t values[COUNT];
  uint32_t state = 1, sum = 0;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < COUNT; i++) values[i] = next_random(&state);
    qsort(values, COUNT, sizeof values[0], compare);
    for (int i = 0; i < COUNT; i += 1000) sum = sum * 31 + values[i];
  }
  printf("%u\n", sum);
}
