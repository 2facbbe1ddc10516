import { CLONE } from "../rkprocess/clone-flags.ts";
import type { Process } from "../rkprocess/process.ts";
import { processState } from "../rkprocess/state.ts";
import { MOST_VALUE, type SemaphoreSet } from "./semaphore-set.ts";

/** What is undone when the processes that share it have ended (SEM_UNDO). */
export class UndoList {
  private readonly sets = new Map<SemaphoreSet, Int32Array>();
  private users = 1;

  /** More is to be added to a semaphore at the end. False where that would be too much. */
  add(set: SemaphoreSet, index: number, change: number): boolean {
    const changes = this.sets.get(set);
    const sum = (changes?.[index] ?? 0) + change;
    if (sum < -MOST_VALUE - 1 || sum > MOST_VALUE) return false;
    if (changes) changes[index] = sum;
    else {
      const made = new Int32Array(set.values.length);
      made[index] = sum;
      this.sets.set(set, made);
      set.undoers.add(this);
    }
    return true;
  }

  forget(set: SemaphoreSet, index: number): void {
    const changes = this.sets.get(set);
    if (changes) changes[index] = 0;
  }

  forgetSet(set: SemaphoreSet): void {
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
      changes.forEach((change, index) => {
        if (change === 0) return;
        set.values[index] = Math.max(0, Math.min(MOST_VALUE, set.values[index] + change));
        set.pids[index] = pid;
      });
      set.wake();
    }
  }
}

export const undoLists = processState<UndoList>({
  create: () => new UndoList(),
  fork: (parent, _child, flags) => (flags & CLONE.SYSVSEM ? parent.share() : new UndoList()),
  unshare(list, process, flags) {
    if (!(flags & CLONE.SYSVSEM)) return list;
    list.release(process);
    return new UndoList();
  },
  exit: (list, process) => list.release(process),
});
