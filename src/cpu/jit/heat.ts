/** Instructions between two looks at where the interpreter is. */
export const SAMPLE = 10_000;

/** So often the interpreter was found at a place that is worth translating. */
const HOT = 4;
/** The same while the host warms up (`MakeTranslator.warmUp`): a place is to be one of so few that take all the time, too. */
const HOT_EARLY = 200;
const FEW = 12;
/** Each time that translated code of a page was lost, twice as much heat is asked for, up to so often. */
const MOST_DOUBLINGS = 12;

/**
 * Instructions that may be translated from the start, and one more for so many that were retired, but for those while the host
 * warmed up. Between the guest's instructions that is a tenth of the time or so.
 */
const FREE = 600;
const WORTH_BETWEEN = 20_000;
const WORTH_BESIDE = 10_000;

/** What is worth translating: places where the interpreter was found again and again. */
export class Heat {
  private readonly warmUp: number;
  /** By slot. */
  private readonly found = new Map<number, number>();
  /** By physical page: how often translated code of it was lost because it changed. */
  private readonly changes = new Map<number, number>();

  /** `warmUp`: see `MakeTranslator`. */
  constructor(warmUp: number) {
    this.warmUp = warmUp;
  }

  /**
   * The interpreter was found at a slot of a physical page when so many instructions had retired. Returns whether it has been
   * often enough.
   */
  add(slot: number, page: number, retired: number): boolean {
    const count = (this.found.get(slot) ?? 0) + 1;
    this.found.set(slot, count);
    const least = retired < this.warmUp ? Math.max(HOT_EARLY, retired / SAMPLE / FEW) : HOT;
    return count >= least * 2 ** Math.min(this.changes.get(page) ?? 0, MOST_DOUBLINGS);
  }

  /** What was found of a slot does not count any more. */
  forget(slot: number): void {
    this.found.delete(slot);
  }

  /** Translated code of a physical page was lost because the page has changed. */
  changed(page: number): void {
    this.changes.set(page, (this.changes.get(page) ?? 0) + 1);
  }

  /**
   * Whether so many instructions translated are not many for what has retired: a short program would not see the time come back.
   * `isBeside`: the guest does not wait for it.
   */
  affords(translated: number, retired: number, isBeside: boolean): boolean {
    const worth = isBeside ? WORTH_BESIDE : WORTH_BETWEEN;
    return translated < FREE + Math.max(0, retired - this.warmUp) / worth;
  }
}
