import { processState } from "../rkprocess/state.ts";
import type { Location } from "./dentry.ts";

/** The program that a process runs. Meanwhile nobody writes to it (ETXTBSY). */
export class RunningProgram {
  private at: Location | undefined;

  constructor(at?: Location) {
    this.location = at;
  }

  /** Undefined when the process has ended, or its program is in no file of the guest's. */
  get location(): Location | undefined {
    return this.at;
  }
  set location(to: Location | undefined) {
    if (to) to.dentry.inode.writers--;
    if (this.at) this.at.dentry.inode.writers++;
    this.at = to;
  }
}

export const runningProgram = processState<RunningProgram>({
  create: () => new RunningProgram(),
  fork: (parent) => new RunningProgram(parent.location),
  exit(program) {
    program.location = undefined;
  },
});
