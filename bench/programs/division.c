/* Integer division and remainder: greatest common divisors and digits. */
#include "bench.h"

static uint64_t gcd(uint64_t a, uint64_t b) {
  while (b) {
    uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

int main(int argc, char **argv) {
  int rounds = scale(argc, argv, 1200000);
  uint32_t state = 1;
  uint64_t sum = 0;
  for (int i = 0; i < rounds; i++) {
    uint64_t a = (uint64_t)next_random(&state) << 20 | next_random(&state);
    sum += gcd(a, next_random(&state) + 1);
    for (uint64_t rest = a; rest; rest /= 10) sum += rest % 10;
  }
  printf("%lu\n", (unsigned long)sum);
}
