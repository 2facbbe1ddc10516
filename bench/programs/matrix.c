/* Multiplications and additions of doubles, three loops deep: the product of two matrices. */
#include "bench.h"

enum { N = 256 };
static double a[N][N], b[N][N], c[N][N];

static void multiply(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      double sum = 0;
      for (int k = 0; k < N; k++) sum += a[i][k] * b[j][k];
      c[i][j] = sum;
    }
}

int main(int argc, char **argv) {
  int rounds = scale(argc, argv, 8);
  uint32_t state = 1;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = next_random(&state) / 16777216.0 - 0.5;
      b[i][j] = next_random(&state) / 16777216.0 - 0.5;
    }
  double trace = 0;
  for (int round = 0; round < rounds; round++) {
    multiply();
    for (int i = 0; i < N; i++) {
      trace += c[i][i];
      a[i][round % N] = c[round % N][i] / N;
    }
  }
  printf("%.6f\n", trace);
}
