import { PAGE_SIZE } from "../../cpu/sv39.ts";
import type { PageFrames } from "./page-frames.ts";
import type { MappingSpace, PageObject } from "./page-object.ts";
import { Place } from "./place.ts";

/** Nobody says how large it is: pages that there is to be room for. */
const ROOM = 256;

/** Memory that a process shares with its children (MAP_SHARED | MAP_ANONYMOUS): it goes with the last area that shows it. */
export class SharedMemory implements PageObject {
  readonly hasFile = false;
  private readonly frames: PageFrames;
  private readonly pages = new Map<number, number>();
  place = new Place();
  private readonly areas = new Map<MappingSpace, number>();
  private isKept = false;

  constructor(frames: PageFrames) {
    this.frames = frames;
  }

  /** Pages in memory. */
  get count(): number {
    return this.pages.size;
  }

  /** It stays while no area shows it, until `letGo`. */
  keep(): void {
    this.isKept = true;
  }

  letGo(): void {
    this.isKept = false;
    this.freeUnused();
  }

  holds(_offset?: number): boolean {
    return true;
  }

  retain(space: MappingSpace): void {
    this.areas.set(space, (this.areas.get(space) ?? 0) + 1);
  }

  release(space: MappingSpace): void {
    const left = (this.areas.get(space) ?? 0) - 1;
    if (left > 0) this.areas.set(space, left);
    else this.areas.delete(space);
    this.freeUnused();
  }

  private freeUnused(): void {
    if (this.areas.size > 0 || this.isKept) return;
    for (const page of this.pages.values()) this.frames.release(page);
    this.pages.clear();
  }

  page(index: number): number {
    const known = this.pages.get(index);
    if (known !== undefined) return known;
    const page = this.frames.allocateIn(this, index, ROOM, 0);
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
