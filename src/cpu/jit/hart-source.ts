import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { CodeCache } from "../code-cache.ts";
import type { Hart } from "../hart.ts";
import type { JumpProfile } from "./profile.ts";
import type { Source } from "./region.ts";

/** The code around a page, as a hart fetches it now. */
export class HartSource implements Source {
  /** By distance from the page, the physical pages that were looked at; negative: none. */
  readonly physical = new Map<number, number>();
  private readonly hart: Hart;
  private readonly ram: PhysicalMemory;
  private readonly code: CodeCache;
  private readonly page: number;
  private readonly isAllWanted: boolean;
  private readonly profile: JumpProfile;

  /** `page`: the virtual page. `isAllWanted`: code that was never reached, too. */
  constructor(
    { hart, ram, code }: { readonly hart: Hart; readonly ram: PhysicalMemory; readonly code: CodeCache },
    page: number,
    isAllWanted: boolean,
    profile: JumpProfile,
  ) {
    this.hart = hart;
    this.ram = ram;
    this.code = code;
    this.page = page;
    this.isAllWanted = isAllWanted;
    this.profile = profile;
  }

  isMapped(offset: number): boolean {
    return this.pageOf(offset) >= 0;
  }

  fetch(offset: number): number | undefined {
    const low = this.half(offset);
    // What was never reached is not worth its while.
    const isWanted = this.isAllWanted || this.code.isDecoded(this.pageOf(offset), offset & 0xffe);
    if (low === undefined || !isWanted) return undefined;
    if ((low & 3) !== 3) return low;
    const high = this.half(offset + 2);
    return high === undefined ? undefined : (high << 16) | low;
  }

  choices(offset: number): readonly number[] {
    return this.profile.choices(offset);
  }

  private pageOf(offset: number): number {
    const distance = Math.floor(offset / 4096);
    let page = this.physical.get(distance);
    if (page === undefined) {
      page = this.hart.mmu.codePage(this.page + distance);
      this.physical.set(distance, page);
    }
    return page;
  }

  private half(offset: number): number | undefined {
    const page = this.pageOf(offset);
    // Until it is fenced, changed code is what the interpreter has decoded.
    if (page < 0 || this.code.isChanged(page, offset & 0xffe)) return undefined;
    return this.ram.arena.u16[(this.ram.readable(page) + (offset & 0xffe)) / 2];
  }
}
