/* Dependent loads all over memory: following a random cycle of pointers. */
#include "bench.h"

int main(int argc, char **argv) {
  int steps = scale(argc, argv, 20000000);
  enum { COUNT = 1 << 19 };
  uint32_t *next = malloc(COUNT * sizeof next[0]), state = 1, at = 0;
  for (uint32_t i = 0; i < COUNT; i++) next[i] = i;
  for (uint32_t i = COUNT - 1; i > 0; i--) {
    uint32_t j = next_random(&state) % i, held = next[i];
    next[i] = next[j];
    next[j] = held;
  }
  for (int i = 0; i < steps; i++) at = next[at];
  printf("%u\n", at);
}
