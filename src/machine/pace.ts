/** Steps in a millisecond until something was measured: slow hosts are not much slower. */
const FIRST_GUESS = 50_000;
/** So much of a faster run is believed at once. */
const TRUST = 0.25;
/** The longest time, in milliseconds, that is left to an estimate: what comes next may be much slower. */
const LONGEST = 1;
/** Fewer steps are not worth a run of their own. */
const FEWEST = 3000;

/** How fast the host is at present, to run a guest for some time without looking at the clock. */
export class Pace {
  private perMillisecond = FIRST_GUESS;

  /** `steps` have taken so many milliseconds. A host that has become slower is believed at once: timers must not be late. */
  measured(steps: number, milliseconds: number): void {
    if (milliseconds <= 0) return;
    const now = steps / milliseconds;
    this.perMillisecond += (now - this.perMillisecond) * (now < this.perMillisecond ? 1 : TRUST);
  }

  /** Steps after which about `milliseconds` have passed, or a part of them: then the clock is to be looked at again. */
  stepsFor(milliseconds: number): number {
    return Math.max(FEWEST, Math.floor(this.perMillisecond * Math.min(milliseconds, LONGEST)));
  }
}
