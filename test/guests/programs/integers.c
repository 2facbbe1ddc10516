/* Integers: widths, divisions and shifts at their edges, 128 bits, atomics, bit counts. */
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

static uint64_t state = 0x2545f4914f6cdd1d;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static uint64_t digest = 1469598103934665603u;

static void add(uint64_t value) { digest = (digest ^ value) * 1099511628211u; }

static int64_t divide(int64_t a, int64_t b) {
  int64_t result;
  __asm__ volatile("div %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

static int64_t remain(int64_t a, int64_t b) {
  int64_t result;
  __asm__ volatile("rem %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

int main(void) {
  for (int i = 0; i < 200000; i++) {
    uint64_t a = next() >> (next() % 64), b = next() >> (next() % 64);
    add((uint64_t)divide((int64_t)a, (int64_t)b));
    add((uint64_t)remain((int64_t)a, (int64_t)(b % 3)));
    add((uint64_t)(((__int128)(int64_t)a * (int64_t)b) >> 64));
    add((uint64_t)(((unsigned __int128)a * b) >> 64));
    add((uint64_t)((unsigned __int128)a * a / (b | 1)));
    add((uint64_t)(int32_t)a + (uint64_t)(int16_t)b + (uint8_t)a);
    add((uint64_t)((int32_t)a >> (b & 31)) ^ ((uint32_t)a << (b & 31)));
    add(__builtin_popcountll(a) + __builtin_clzll(a | 1) + __builtin_ctzll(b | 1ull << 63));
    add(__builtin_bswap64(a) ^ __builtin_bswap32((uint32_t)b));
  }
  printf("%016llx\n", (unsigned long long)digest);
  printf("%lld %lld %lld %lld\n", (long long)divide(7, 0), (long long)remain(7, 0),
         (long long)divide(INT64_MIN, -1), (long long)remain(INT64_MIN, -1));
  atomic_llong wide = 5;
  atomic_int narrow = -5;
  atomic_fetch_add(&wide, 37);
  atomic_fetch_or(&narrow, 0x70);
  long long expected = 42;
  int swapped = atomic_compare_exchange_strong(&wide, &expected, 1);
  int old = atomic_exchange(&narrow, 9);
  printf("%lld %d %d %d\n", (long long)wide, swapped, old, (int)narrow);
  unsigned char bytes[32];
  for (int i = 0; i < 32; i++) bytes[i] = (unsigned char)(i * 7);
  for (int i = 0; i < 8; i++) {
    uint64_t value;
    __builtin_memcpy(&value, bytes + i, 8);
    printf("%016llx\n", (unsigned long long)*(volatile uint64_t *)(bytes + i) ^ value);
  }
  return 0;
}
