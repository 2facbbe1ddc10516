/** Rounding modes, as the `rm` field and `frm` number them (Unprivileged ISA, "Floating-Point Control and Status Register"). */
export const RoundingMode = {
  nearestEven: 0,
  towardZero: 1,
  down: 2,
  up: 3,
  /** To the nearest, ties away from zero. */
  nearestMaxMagnitude: 4,
} as const;

/** Accrued exception flags, as `fflags` has them. */
export const Flag = { inexact: 1, underflow: 2, overflow: 4, divideByZero: 8, invalid: 16 } as const;

/** How operations round, and the flags they have raised: they only ever set bits of `flags`. */
export interface FloatEnvironment {
  /** One of `RoundingMode`. */
  roundingMode: number;
  /** A union of `Flag`. */
  flags: number;
}
