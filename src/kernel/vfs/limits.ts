import type { errno } from "../syscalls/errno.ts";
import { fail } from "./error.ts";

/** So much of something, and the error when there is no more. */
export class Budget {
  private left: number;
  private readonly error: keyof typeof errno;

  constructor(limit: number, error: keyof typeof errno) {
    this.left = limit;
    this.error = error;
  }

  /** Throws `VfsError`. */
  charge(count: number): void {
    if (count > this.left) fail(this.error);
    this.left -= count;
  }

  /** Whether there was enough, which is then taken. */
  tryCharge(count: number): boolean {
    if (count > this.left) return false;
    this.left -= count;
    return true;
  }

  has(count: number): boolean {
    return count <= this.left;
  }

  discharge(count: number): void {
    this.left += count;
  }
}
