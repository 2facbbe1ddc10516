/** What processes have used (`struct rusage`). */
export class ResourceUsage {
  /** Nanoseconds. */
  runTime = 0;
  /** Most pages that were present at a time. */
  peakPages = 0;
  /** Page faults made good without reading a file, as Linux's minor ones. */
  faults = 0;
  /** Times that a thread gave the hart up itself, and that it was taken away. */
  voluntarySwitches = 0;
  involuntarySwitches = 0;

  add(other: ResourceUsage): void {
    this.runTime += other.runTime;
    this.peakPages = Math.max(this.peakPages, other.peakPages);
    this.faults += other.faults;
    this.voluntarySwitches += other.voluntarySwitches;
    this.involuntarySwitches += other.involuntarySwitches;
  }
}
