/** What a buffer may hold at first. */
const FIRST = 64 * 1024;
/** What a buffer may hold at most. */
export const BUFFER_LIMIT = 1024 * 1024;

/** What is left for the buffers of all connections together beside the first 64 KiB of each. */
export class BufferBudget {
  private left: number;

  constructor(bytes: number) {
    this.left = bytes;
  }

  take(bytes: number): boolean {
    if (bytes > this.left) return false;
    this.left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.left += bytes;
  }
}

/**
 * How many bytes a buffer may hold: 64 KiB at first, then as much as the amount that goes through it makes worth while,
 * up to 1 MiB, as long as the budget has it.
 */
export class Allowance {
  private readonly budget: BufferBudget;
  private current = FIRST;
  private passed = 0;

  constructor(budget: BufferBudget) {
    this.budget = budget;
  }

  get bytes(): number {
    return this.current;
  }

  /** `count` bytes went through the buffer. */
  pass(count: number): void {
    this.passed += count;
    if (this.current === BUFFER_LIMIT || this.passed < 2 * this.current) return;
    if (this.budget.take(this.current)) this.current *= 2;
    this.passed = 0;
  }

  /** The buffer is gone. */
  release(): void {
    this.budget.give(this.current - FIRST);
    this.current = FIRST;
  }
}
