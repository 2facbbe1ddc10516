import { INEXACT } from "../csr-state.ts";
import type { Hart } from "../hart.ts";
import { HART } from "../layout.ts";
import type { Installed } from "./region-table.ts";

/** So often a region is not entered before it does without the assumption. */
const MOST_REFUSALS = 100;

/** Rounding is to nearest, and inexact is set: almost always, once a program has computed for a moment. */
export function areFloatsCommon({ arena, base, csrs }: Hart): boolean {
  return csrs.frm === 0 && (arena.i32[(base + HART.fflags) / 4] & INEXACT) !== 0;
}

/** Which regions are translated for floats as they mostly are (`areFloatsCommon`), so that they need not look at that. */
export class CommonFloats {
  /** By slot: how often a region was not entered for floats that were not so. */
  private readonly refusals = new Map<number, number>();
  private refused: Installed[] = [];
  /** Regions that look at each result, since floats were not so yet when they were translated. */
  private readonly careful = new Set<Installed>();

  /** Whether a region at the slot is to be translated for it now. */
  isFor(hart: Hart, slot: number): boolean {
    return areFloatsCommon(hart) && this.isGood(slot);
  }

  /** False: a guest that clears its flags again and again runs a region there, which has to look at them. */
  isGood(slot: number): boolean {
    return (this.refusals.get(slot) ?? 0) < MOST_REFUSALS;
  }

  /** The region was not entered, since floats are not so. */
  refuse(installed: Installed): void {
    const refusals = (this.refusals.get(installed.slot) ?? 0) + 1;
    this.refusals.set(installed.slot, refusals);
    if (refusals === MOST_REFUSALS) this.refused.push(installed);
  }

  /** The regions that are good no longer, since this was asked last. */
  takeRefused(): readonly Installed[] {
    const { refused } = this;
    if (refused.length > 0) this.refused = [];
    return refused;
  }

  add(installed: Installed): void {
    const { code, slot } = installed;
    if (code.floats && !code.isCommon && this.isGood(slot)) this.careful.add(installed);
  }

  /** A region that looks at each result and need not any more. It is told once. */
  takeCareful(hart: Hart): Installed | undefined {
    const [installed] = this.careful;
    if (!installed || !this.isFor(hart, installed.slot)) return undefined;
    this.careful.delete(installed);
    return installed;
  }

  lose(installed: Installed): void {
    this.careful.delete(installed);
  }

  /** What is at the slot is other code. */
  forget(slot: number): void {
    this.refusals.delete(slot);
  }
}
