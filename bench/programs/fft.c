/* Single precision: a fast Fourier transform there and back again, with tables of its own. */
#include <math.h>
#include "bench.h"

enum { BITS = 12, N = 1 << BITS };
static float re[N], im[N], cosine[N / 2], sine[N / 2];

static void swap(float *a, float *b) {
  float held = *a;
  *a = *b;
  *b = held;
}

/* Cooley and Tukey's, in place. */
static void transform(void) {
  for (int i = 1, j = 0; i < N; i++) {
    int bit = N / 2;
    for (; j & bit; bit /= 2) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    swap(&re[i], &re[j]);
    swap(&im[i], &im[j]);
  }
  for (int half = 1; half < N; half *= 2)
    for (int first = 0; first < N; first += 2 * half)
      for (int k = 0; k < half; k++) {
        int a = first + k, b = a + half, turn = k * (N / 2 / half);
        float r = re[b] * cosine[turn] - im[b] * sine[turn];
        float i = re[b] * sine[turn] + im[b] * cosine[turn];
        re[b] = re[a] - r;
        im[b] = im[a] - i;
        re[a] += r;
        im[a] += i;
      }
}

int main(int argc, char **argv) {
  int rounds = scale(argc, argv, 300);
  uint32_t state = 1;
  for (int k = 0; k < N / 2; k++) {
    cosine[k] = (float)cos(2 * M_PI * k / N);
    sine[k] = (float)sin(-2 * M_PI * k / N);
  }
  for (int i = 0; i < N; i++) re[i] = (float)next_random(&state) / 16777216.0f;
  /* Swapping real and imaginary parts before and after makes it the inverse. */
  for (int round = 0; round < rounds; round++) {
    for (int way = 0; way < 2; way++) {
      transform();
      for (int i = 0; i < N; i++) swap(&re[i], &im[i]);
    }
    for (int i = 0; i < N; i++) {
      re[i] /= N;
      im[i] /= N;
    }
  }
  double sum = 0;
  for (int i = 0; i < N; i += 7) sum += re[i];
  printf("%.2f\n", sum);
}
