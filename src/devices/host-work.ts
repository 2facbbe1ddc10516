/** How a device has the host do something slow (read a file, look up a name) while harts go on. */
export interface HostWork {
  /**
   * When `work` settles, `done` gets its value or `failed` its error: between two slices of the machine, never
   * while a hart runs. In deterministic time that is at a moment which does not depend on the host, and in the order
   * of the calls.
   */
  follow<T>(work: Promise<T>, done: (value: T) => void, failed: (error: unknown) => void): void;
}
