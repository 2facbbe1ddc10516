/* The C library's string functions, on short and long strings. */
#include "bench.h"

int main(int argc, char **argv) {
  int rounds = scale(argc, argv, 12000);
  static char text[4096], copy[4096];
  uint32_t state = 1, sum = 0;
  for (int i = 0; i < 4095; i++) text[i] = (char)('a' + next_random(&state) % 26);
  for (int round = 0; round < rounds; round++) {
    size_t length = next_random(&state) % 4000;
    char held = text[length];
    text[length] = 0;
    strcpy(copy, text);
    sum += (uint32_t)strlen(copy) + (uint32_t)(strcmp(copy, text) == 0);
    char *found = strchr(copy, 'z');
    if (found) sum += (uint32_t)(found - copy);
    text[length] = held;
    memmove(copy + 1, copy, length);
    sum += (uint32_t)(memcmp(copy, text, length) < 0);
  }
  printf("%u\n", sum);
}
