import { randomFillSync } from "node:crypto";

/** What a machine takes of Node beside files and streams. */

/** A monotonic clock, in milliseconds with fractions. */
export const milliseconds = (): number => performance.now();

/** Nanoseconds since 1970, to the microsecond. */
export const now = (): bigint =>
  BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;

/** Resolves after pending events were handled. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Fills `into` with random bytes of the host. */
export const entropy = (into: Uint8Array): void => {
  randomFillSync(into);
};
