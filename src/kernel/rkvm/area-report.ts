import { PAGE_SIZE, Pte } from "../../cpu/sv39.ts";
import type { AreaDescription } from "../rkprocess/exit.ts";
import type { PageFrames } from "./page-frames.ts";
import type { ResidentPages } from "./resident-pages.ts";
import { AreaFlag, type Vma } from "./vma.ts";

export const describeArea = ({ start, end, prot, name, guard, shared, offset }: Vma): AreaDescription => ({
  start,
  end,
  prot,
  name,
  guard,
  shared,
  offset,
});

/** An area and what of it is in memory, in bytes: what `/proc/PID/smaps` tells. */
export interface AreaUsage {
  readonly area: AreaDescription;
  readonly resident: number;
  /** Of these: held by nobody else; and the rest. */
  readonly private: number;
  readonly shared: number;
  /** Of these: pages of no file, or copies of a file's. */
  readonly anonymous: number;
  /** Of these: may have been written to. */
  readonly dirty: number;
  readonly locked: boolean;
}

export function usageOf(vma: Vma, resident: ResidentPages, frames: PageFrames): AreaUsage {
  let present = 0;
  let shared = 0;
  let anonymous = 0;
  let dirty = 0;
  resident.each(vma.start, vma.end, (at, page, flags) => {
    present++;
    if (frames.isShared(page)) shared++;
    if (!vma.object?.hasFile || !resident.isOfObject(at)) anonymous++;
    if ((flags & Pte.D) !== 0) dirty++;
  });
  return {
    area: describeArea(vma),
    resident: present * PAGE_SIZE,
    private: (present - shared) * PAGE_SIZE,
    shared: shared * PAGE_SIZE,
    anonymous: anonymous * PAGE_SIZE,
    dirty: dirty * PAGE_SIZE,
    locked: (vma.flags & AreaFlag.locked) !== 0,
  };
}
