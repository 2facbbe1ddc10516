/** The longest time that `setTimeout` takes, milliseconds. */
export const LONGEST_SLEEP = 0x7fff_ffff;

/** How a machine sleeps while every hart waits: until a time has passed, or something happens. */
export class Sleeper {
  /** Something has happened since this was last cleared: whoever is about to sleep must look again. */
  isWoken = false;
  private readonly nextTurn: () => Promise<void>;
  private end = () => {};

  /** `nextTurn`: resolves after the host's pending events were handled. */
  constructor(nextTurn: () => Promise<void>) {
    this.nextTurn = nextTurn;
  }

  wake(): void {
    this.isWoken = true;
    this.end();
  }

  /** Returns after that time, or sooner where somebody wakes it. */
  async sleep(milliseconds: number): Promise<void> {
    // `setTimeout` knows whole milliseconds only.
    if (milliseconds < 1) return this.nextTurn();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(milliseconds, LONGEST_SLEEP));
      this.end = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.end = () => {};
  }
}
