/* Calls and returns: the naive Fibonacci numbers. */
#include "bench.h"

static uint32_t fibonacci(uint32_t n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

int main(int argc, char **argv) {
  printf("%u\n", fibonacci((uint32_t)scale(argc, argv, 34)));
}
