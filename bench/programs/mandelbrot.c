/* Doubles in registers and a branch on them: the Mandelbrot set, counting iterations. */
#include "bench.h"

enum { SIZE = 512 };

int main(int argc, char **argv) {
  int limit = scale(argc, argv, 800);
  unsigned long sum = 0;
  for (int row = 0; row < SIZE; row++)
    for (int column = 0; column < SIZE; column++) {
      double cr = 3.0 * column / SIZE - 2.25, ci = 3.0 * row / SIZE - 1.5, zr = 0, zi = 0;
      int count = 0;
      while (count < limit && zr * zr + zi * zi <= 4) {
        double next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
        count++;
      }
      sum += count;
    }
  /* Where multiplication and addition round once, some points near the edge take a few iterations more or less. */
  printf("%lu thousand\n", sum / 1000);
}
