/** How much of something there may be in a kernel, of all processes together. */
export class Budget {
  private left: number;

  constructor(most: number) {
    this.left = most;
  }

  /** False: there is not so much left. */
  take(amount: number): boolean {
    if (amount > this.left) return false;
    this.left -= amount;
    return true;
  }

  give(amount: number): void {
    this.left += amount;
  }
}
