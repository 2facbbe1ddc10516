/* What the benchmark programs share. Each prints one line: a checksum that every machine must agree on. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A linear congruential generator: the same numbers everywhere. */
static uint32_t next_random(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

/* How much work to do: the first argument, or the default. */
static int scale(int argc, char **argv, int otherwise) {
  return argc > 1 ? atoi(argv[1]) : otherwise;
}
