/* Byte stores with a stride, over more memory than a TLB reaches: the sieve of Eratosthenes. */
#include "bench.h"

int main(int argc, char **argv) {
  size_t limit = (size_t)scale(argc, argv, 12) << 20, count = 0;
  unsigned char *composite = calloc(limit, 1);
  for (size_t i = 2; i < limit; i++) {
    if (composite[i]) continue;
    count++;
    for (size_t j = i * i; j < limit; j += i) composite[j] = 1;
  }
  printf("%zu\n", count);
}
