import { CLONE } from "../rkprocess/clone-flags.ts";
import type { Process } from "../rkprocess/process.ts";
import { processState } from "../rkprocess/state.ts";
import { errno } from "../syscalls/errno.ts";
import type { Budget } from "../vfs/limits.ts";
import { MOST_VALUE, type SemaphoreSet } from "./semaphore-set.ts";
import { sysvIpc } from "./state.ts";

/** What is undone when the processes that share it have ended (SEM_UNDO). */
export class UndoList {
  /** By set and semaphore; none is 0. */
  private readonly sets = new Map<SemaphoreSet, Map<number, number>>();
  private readonly budget: Budget;
  private users = 1;

  /** `budget`: of the semaphores that all lists have something of. */
  constructor(budget: Budget) {
    this.budget = budget;
  }

  /** More is to be added to a semaphore at the end. 0, -ERANGE where that would be too much, or -ENOMEM. */
  add(set: SemaphoreSet, index: number, change: number): number {
    const changes = this.sets.get(set);
    const before = changes?.get(index) ?? 0;
    const sum = before + change;
    if (sum < -MOST_VALUE - 1 || sum > MOST_VALUE) return -errno.ERANGE;
    if (sum === 0) this.forget(set, index);
    else {
      if (before === 0 && !this.budget.tryCharge(1)) return -errno.ENOMEM;
      if (changes) changes.set(index, sum);
      else this.sets.set(set, new Map([[index, sum]]));
      set.undoers.add(this);
    }
    return 0;
  }

  forget(set: SemaphoreSet, index: number): void {
    if (this.sets.get(set)?.delete(index)) this.budget.discharge(1);
  }

  forgetSet(set: SemaphoreSet): void {
    this.budget.discharge(this.sets.get(set)?.size ?? 0);
    this.sets.delete(set);
    set.undoers.delete(this);
  }

  /** One more process has it (CLONE_SYSVSEM). */
  share(): this {
    this.users++;
    return this;
  }

  /** A process has it no more; with the last one all is undone, as far as values may go. */
  release({ pid }: Process): void {
    if (--this.users > 0) return;
    for (const [set, changes] of [...this.sets]) {
      this.forgetSet(set);
      for (const [index, change] of changes) {
        set.values[index] = Math.max(0, Math.min(MOST_VALUE, set.values[index] + change));
        set.pids[index] = pid;
      }
      set.wake();
    }
  }
}

const newList = ({ kernel }: Process) => new UndoList(kernel.use(sysvIpc).undoBudget);

export const undoLists = processState<UndoList>({
  create: newList,
  fork: (parent, child, flags) => (flags & CLONE.SYSVSEM ? parent.share() : newList(child)),
  unshare(list, process, flags) {
    if (!(flags & CLONE.SYSVSEM)) return list;
    list.release(process);
    return newList(process);
  },
  exit: (list, process) => list.release(process),
});
