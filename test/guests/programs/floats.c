/* Floats: every rounding mode and its flags, fused operations, conversions at their edges. */
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t state = 88172645463325252u;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

/* Mostly ordinary magnitudes, sometimes any bits at all. */
static double number(void) {
  uint64_t bits = next();
  if (bits % 8) bits = (bits & 0x800fffffffffffff) | ((uint64_t)(1023 - 20 + next() % 40) << 52);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static uint64_t digest = 1469598103934665603u;

static void add(double value) {
  uint64_t bits;
  if (isnan(value)) value = NAN;
  memcpy(&bits, &value, sizeof bits);
  digest = (digest ^ bits) * 1099511628211u;
}

int main(void) {
  static const int modes[] = {FE_TONEAREST, FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};
  for (int m = 0; m < 4; m++) {
    fesetround(modes[m]);
    for (int i = 0; i < 50000; i++) {
      volatile double a = number(), b = number(), c = number();
      volatile float fa = (float)a, fb = (float)b, fc = (float)c;
      feclearexcept(FE_ALL_EXCEPT);
      add(a + b);
      add(a - b);
      add(a * b);
      add(a / b);
      add(sqrt(a));
      add(fma(a, b, c));
      add((double)(fa + fb));
      add((double)(fa * fb));
      add((double)(fa / fb));
      add((double)sqrtf(fa));
      add((double)fmaf(fa, fb, fc));
      add((double)(int32_t)fa);
      add((double)(int64_t)a);
      add((double)(uint64_t)a);
      add((double)(float)(int64_t)next());
      add((double)next());
      add(fmin(a, b) + fmax(b, c));
      add(a < b ? 1 : 2);
      add(fetestexcept(FE_ALL_EXCEPT));
    }
    printf("mode %d: %016llx\n", m, (unsigned long long)digest);
  }
  fesetround(FE_TONEAREST);
  for (double x = -3; x <= 3; x += 0.37) printf("%.17g %.17g %.17g %.17g\n", sin(x), exp(x), atan(x), pow(2.5, x));
  printf("%a %a %g\n", nextafter(1, 2), ldexp(1, -1074), cbrt(27));
  return 0;
}
