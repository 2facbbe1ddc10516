/* Square roots and divisions of doubles, little memory: a sun and its planets, by leapfrog steps. */
#include <math.h>
#include "bench.h"

enum { BODIES = 5 };
static struct body {
  double at[3], speed[3], mass;
} bodies[BODIES];

/* Circles around a mass of 1 in the origin: distance, angle, mass. */
static const double ORBITS[BODIES - 1][3] = {{1, 0, 1e-3}, {1.8, 2, 3e-4}, {3.1, 4, 5e-5}, {5, 5, 4e-5}};

static void place(void) {
  bodies[0].mass = 1;
  for (int i = 1; i < BODIES; i++) {
    double distance = ORBITS[i - 1][0], angle = ORBITS[i - 1][1], speed = sqrt(1 / distance);
    struct body *b = &bodies[i];
    b->mass = ORBITS[i - 1][2];
    b->at[0] = distance * cos(angle);
    b->at[1] = distance * sin(angle);
    b->at[2] = 0.01 * i;
    b->speed[0] = -speed * sin(angle);
    b->speed[1] = speed * cos(angle);
    for (int k = 0; k < 3; k++) bodies[0].speed[k] -= b->speed[k] * b->mass;
  }
}

static void step(double time) {
  for (int i = 0; i < BODIES; i++)
    for (int j = i + 1; j < BODIES; j++) {
      double apart[3], square = 0;
      for (int k = 0; k < 3; k++) {
        apart[k] = bodies[i].at[k] - bodies[j].at[k];
        square += apart[k] * apart[k];
      }
      double pull = time / (square * sqrt(square));
      for (int k = 0; k < 3; k++) {
        bodies[i].speed[k] -= apart[k] * bodies[j].mass * pull;
        bodies[j].speed[k] += apart[k] * bodies[i].mass * pull;
      }
    }
  for (int i = 0; i < BODIES; i++)
    for (int k = 0; k < 3; k++) bodies[i].at[k] += time * bodies[i].speed[k];
}

static double energy(void) {
  double sum = 0;
  for (int i = 0; i < BODIES; i++) {
    for (int k = 0; k < 3; k++) sum += 0.5 * bodies[i].mass * bodies[i].speed[k] * bodies[i].speed[k];
    for (int j = i + 1; j < BODIES; j++) {
      double square = 0;
      for (int k = 0; k < 3; k++) {
        double apart = bodies[i].at[k] - bodies[j].at[k];
        square += apart * apart;
      }
      sum -= bodies[i].mass * bodies[j].mass / sqrt(square);
    }
  }
  return sum;
}

int main(int argc, char **argv) {
  int steps = scale(argc, argv, 700000);
  place();
  for (int i = 0; i < steps; i++) step(0.001);
  printf("%.12f\n", energy());
}
