/* Rotations, additions and table look-ups: SHA-256 (FIPS 180-4) over a buffer, again and again. */
#include "bench.h"

static uint32_t k[64], initial[8];

/* The constants are the first 32 bits of the fractional parts of roots of the first primes. */
static uint32_t root_bits(uint32_t prime, int power) {
  uint64_t low = 0, high = (uint64_t)1 << 36;
  while (high - low > 1) {
    uint64_t middle = (low + high) / 2;
    __uint128_t value = (__uint128_t)middle * middle;
    int too_large = power == 2 ? value >> 64 >= prime
                               : (value >> 32) * middle >> 64 >= prime;
    if (too_large) high = middle;
    else low = middle;
  }
  return (uint32_t)low;
}

static void make_constants(void) {
  int count = 0;
  for (uint32_t candidate = 2; count < 64; candidate++) {
    int prime = 1;
    for (uint32_t d = 2; d * d <= candidate; d++) prime &= candidate % d != 0;
    if (!prime) continue;
    if (count < 8) initial[count] = root_bits(candidate, 2);
    k[count++] = root_bits(candidate, 3);
  }
}

static uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void block(uint32_t state[8], const uint8_t *bytes) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++)
    w[i] = (uint32_t)bytes[4 * i] << 24 | bytes[4 * i + 1] << 16 | bytes[4 * i + 2] << 8 | bytes[4 * i + 3];
  for (int i = 16; i < 64; i++)
    w[i] = w[i - 16] + w[i - 7] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
           (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
  memcpy(v, state, sizeof v);
  for (int i = 0; i < 64; i++) {
    uint32_t t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                  ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
    uint32_t t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
                  ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    memmove(v + 1, v, 7 * sizeof v[0]);
    v[4] += t1;
    v[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) state[i] += v[i];
}

int main(int argc, char **argv) {
  int blocks = scale(argc, argv, 18000);
  uint32_t state[8], seed = 1;
  uint8_t bytes[64];
  make_constants();
  memcpy(state, initial, sizeof state);
  for (int i = 0; i < 64; i++) bytes[i] = (uint8_t)next_random(&seed);
  for (int i = 0; i < blocks; i++) block(state, bytes);
  for (int i = 0; i < 8; i++) printf("%08x", state[i]);
  printf("\n");
}
