import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { PageFrames } from "./page-frames.ts";
import type { MappingSpace, PageObject } from "./page-object.ts";

/** Memory that a process shares with its children (MAP_SHARED | MAP_ANONYMOUS). */
export class SharedMemory implements PageObject {
  readonly hasFile = false;
  private readonly frames: PageFrames;
  private readonly pages = new Map<number, number>();
  private readonly areas = new Map<MappingSpace, number>();

  constructor(frames: PageFrames) {
    this.frames = frames;
  }

  holds(): boolean {
    return true;
  }

  retain(space: MappingSpace): void {
    this.areas.set(space, (this.areas.get(space) ?? 0) + 1);
  }

  release(space: MappingSpace): void {
    const left = (this.areas.get(space) ?? 0) - 1;
    if (left > 0) this.areas.set(space, left);
    else this.areas.delete(space);
    if (this.areas.size > 0) return;
    for (const page of this.pages.values()) this.frames.release(page);
    this.pages.clear();
  }

  page(index: number): number {
    const known = this.pages.get(index);
    if (known !== undefined) return known;
    const page = this.frames.allocate();
    if (page !== -1) this.pages.set(index, page);
    return page;
  }

  known(index: number): number {
    return this.pages.get(index) ?? -1;
  }

  markDirty(): void {}

  sync(): void {}

  punch(from: number, to: number): boolean {
    const [first, end] = [from / PAGE_SIZE, to / PAGE_SIZE];
    for (const space of this.areas.keys()) space.dropPages(this, first, end, true);
    for (const [index, page] of this.pages) {
      if (index < first || index >= end) continue;
      this.pages.delete(index);
      this.frames.release(page);
    }
    return true;
  }
}
