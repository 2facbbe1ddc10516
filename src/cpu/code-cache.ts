import { ArenaFull, FRAME_SIZE } from "../memory/arena.ts";
import type { PhysicalMemory } from "../memory/physical-memory.ts";
import { MOST_CELL_BYTES } from "./jit/cell.ts";
import { SlotDecoder, slotLength } from "./slot-decoder.ts";
import {
  Handler,
  SLOT,
  SLOT_PAGE,
  SLOT_PAGE_ALIGN,
  SLOT_PAGE_SIZE,
  SLOT_SIZE,
  SLOTS_PER_PAGE,
} from "./slots.ts";
import { fusedHandler } from "./wasm/fusion.ts";

/** The parts of a hart's MMU that hold what a code cache may have to take back. */
export interface CodeUser {
  /** A page now holds decoded code: its writes must be seen again. */
  dropWriteEntries(physicalPage: number): void;
  /** Slot pages moved. */
  dropFetchEntries(): void;
}

interface CodePage {
  readonly slots: number;
  /** Writes to the page come through `written`: no write table has it. */
  watched: boolean;
  /** Written since its slots were decoded. */
  stale: boolean;
  /** Another number each time that what is decoded may be other code, or was overwritten. */
  version: number;
  /** What it held before that. */
  before: Uint8Array | undefined;
  /** Higher the later it was asked for. */
  lastUse: number;
  /** Decoded runs in which each slot still has a handler of its own; `end` is the slot behind. */
  readonly unfused: { readonly start: number; readonly end: number }[];
}

/** Room for this many code pages: gcc's compiler proper runs code of 2,700. */
const DEFAULT_CAPACITY = 4096;
/** Where there is no room, this part of them is forgotten. */
const EVICTED = 1 / 4;
/**
 * Bytes of arena that a machine may come to need: RAM, its map and what each hart's TLB notes of its pages, a full code cache,
 * translated regions' cells (in blocks of several sizes, that are not used for each other), and amply for hart blocks, TLBs and tables.
 */
export function arenaBytesFor(ramBytes: number, harts = 1): number {
  const pages = ramBytes / FRAME_SIZE;
  const maps = pages * (Uint32Array.BYTES_PER_ELEMENT + harts * Uint16Array.BYTES_PER_ELEMENT);
  const cells = 2 * MOST_CELL_BYTES;
  return ramBytes + maps + DEFAULT_CAPACITY * SLOT_PAGE_SIZE + cells + (8 + 3 * harts) * (1 << 20);
}

/**
 * Physical pages decoded into slots (`slots.ts`), shared by the harts of a machine.
 *
 * Instructions are decoded when first reached. A guest's stores to a decoded page take effect at its next `fence.i`
 * (Unprivileged ISA, "Zifencei"); what writes memory from outside the harts calls `invalidate`.
 */
export class CodeCache {
  /** A page's slots are about to be forgotten. Set by the JIT. */
  onForget: (physicalPage: number) => void = () => {};
  /** The handler of a slot, without regard to a region that stands in its place. Set by the JIT. */
  handlerAt = (slot: number): number => this.ram.arena.u32[slot / 4];
  /** Code of the page is translated. Set by the JIT. */
  isTranslated: (physicalPage: number) => boolean = () => false;
  private readonly ram: PhysicalMemory;
  private readonly capacity: number;
  private readonly decoder: SlotDecoder;
  private readonly pages = new Map<number, CodePage>();
  /** The physical page of each slot page. */
  private readonly owners = new Map<number, number>();
  private readonly free: number[] = [];
  private readonly stale: CodePage[] = [];
  private readonly unfused = new Set<CodePage>();
  private readonly users: CodeUser[] = [];
  private evictions = 0;
  private uses = 0;
  private versions = 0;

  constructor(ram: PhysicalMemory, capacity = DEFAULT_CAPACITY) {
    this.ram = ram;
    this.capacity = capacity;
    this.decoder = new SlotDecoder(ram.arena);
    const told = ram.onChange;
    ram.onChange = (page) => {
      told(page);
      this.frameChanged(page);
    };
  }

  /** Pages of RAM that are decoded. */
  get pageCount(): number {
    return this.pages.size;
  }

  attach(user: CodeUser): void {
    this.users.push(user);
  }

  /** True while writes to the page have to be reported by `written`. */
  isWatched(physicalPage: number): boolean {
    return this.pages.get(physicalPage)?.watched ?? false;
  }

  /** A hart is about to write to a watched page; from now on it may do so unseen. */
  written(physicalPage: number): void {
    const page = this.pages.get(physicalPage);
    if (!page?.watched) return;
    page.watched = false;
    page.version = ++this.versions;
    if (page.stale) return;
    page.stale = true;
    const frame = this.ram.readable(physicalPage);
    page.before = this.ram.arena.u8.slice(frame, frame + FRAME_SIZE);
    this.stale.push(page);
  }

  /** What harts wrote is what they will execute. */
  fence(): void {
    for (const page of this.stale) {
      page.stale = false;
      page.before = undefined;
      this.forgetSlots(page);
    }
    this.stale.length = 0;
  }

  /** The page's contents changed from outside the harts: by a device, the library OS or a debugger. */
  invalidate(physicalPage: number): void {
    const page = this.pages.get(physicalPage);
    if (page) this.forgetSlots(page);
  }

  /** Forgets every page. */
  flush(): void {
    for (const page of this.pages.values()) {
      this.forgetSlots(page);
      this.free.push(page.slots);
    }
    this.pages.clear();
    this.owners.clear();
    this.stale.length = 0;
    this.unfused.clear();
    for (const user of this.users) user.dropFetchEntries();
  }

  /** Gives its memory back. It must not be used afterwards. */
  release(): void {
    this.flush();
    for (const slots of this.free) this.ram.arena.release(slots, SLOT_PAGE_SIZE);
    this.decoder.release();
  }

  /** Linear address of the page's slots; the page must be RAM. May forget others to make room. */
  slotPage(physicalPage: number): number {
    const known = this.pages.get(physicalPage);
    if (known) {
      known.lastUse = ++this.uses;
      this.setFrame(known.slots, physicalPage);
      return known.slots;
    }
    const slots = this.allocate();
    const version = ++this.versions;
    const state = { watched: false, stale: false, before: undefined, lastUse: ++this.uses };
    this.pages.set(physicalPage, { slots, version, ...state, unfused: [] });
    this.owners.set(slots, physicalPage);
    this.setFrame(slots, physicalPage);
    for (const end of [SLOT_PAGE.end, SLOT_PAGE.straddlerEnd]) {
      this.ram.arena.u32[(slots + end + SLOT.handler) / 4] = Handler.pageEnd;
    }
    return slots;
  }

  /**
   * Decodes from an undecoded slot up to a jump, a system instruction, the page's end or a decoded slot.
   */
  decodeRun(slot: number): void {
    const base = slotPageOf(slot);
    const { u32 } = this.ram.arena;
    const physicalPage = this.owners.get(base);
    const page = physicalPage === undefined ? undefined : this.pages.get(physicalPage);
    if (physicalPage === undefined || !page) throw new Error("a slot outside every slot page was run");
    this.watch(page, physicalPage);
    this.setFrame(base, physicalPage);
    const end = this.decoder.run(slot, u32[(base + SLOT_PAGE.frame) / 4]);
    page.unfused.push({ start: slot, end });
    this.unfused.add(page);
  }

  /** Runs have been decoded that `fuse` has not seen. */
  get canFuse(): boolean {
    return this.unfused.size > 0;
  }

  /**
   * Gives the slots of decoded runs the handlers of sequences (`wasm/fusion.ts`). Done when a program has run for a
   * moment: V8 compiles a handler when it is first executed, and a short program would wait for many.
   */
  fuse(): void {
    const { u32 } = this.ram.arena;
    for (const page of this.unfused) {
      for (const { start, end } of page.unfused) {
        const slots: number[] = [];
        for (let at = start; at < end; at += slotLength(this.handlerAt(at))) slots.push(at);
        const handlers = slots.map((at) => this.handlerAt(at));
        slots.forEach((at, i) => {
          const fused = fusedHandler(handlers, i);
          if (fused !== 0 && handlers[i] === u32[at / 4]) u32[at / 4] = fused;
        });
      }
      page.unfused.length = 0;
    }
    this.unfused.clear();
  }

  /** The instruction at an offset in the page has been reached, or stands before a jump in code that was. */
  isDecoded(physicalPage: number, offset: number): boolean {
    const page = this.pages.get(physicalPage);
    return (
      page !== undefined &&
      this.ram.arena.u32[(page.slots + offset * (SLOT_SIZE / 2)) / 4] !== Handler.undecoded
    );
  }

  /** The halfword has been changed by a hart that has not fenced yet: what is decoded is still what it was. */
  isChanged(physicalPage: number, offset: number): boolean {
    const before = this.pages.get(physicalPage)?.before;
    if (!before) return false;
    const now = this.ram.readable(physicalPage) + offset;
    const { u8 } = this.ram.arena;
    return before[offset] !== u8[now] || before[offset + 1] !== u8[now + 1];
  }

  /**
   * Where the slots of a page are that holds what they were decoded from, and a number that is another one as soon as it does
   * not any more; `undefined`: it does not, or nothing of it is decoded.
   */
  settled(physicalPage: number): { readonly slots: number; readonly version: number } | undefined {
    const page = this.pages.get(physicalPage);
    return page?.watched && !page.stale ? page : undefined;
  }

  /** Writes to the pages are to be reported: code of them is translated. False where their slots are no longer there for room. */
  watchPages(physicalPages: readonly number[]): boolean {
    const { evictions } = this;
    for (const physicalPage of physicalPages) {
      this.slotPage(physicalPage);
      const page = this.pages.get(physicalPage);
      if (page) this.watch(page, physicalPage);
    }
    return this.evictions === evictions;
  }

  /** Decodes an instruction that begins in the page's last halfword and ends with `half` of another page. */
  decodeStraddler(slot: number, half: number): void {
    const { u16, u32, i32 } = this.ram.arena;
    const base = slotPageOf(slot);
    const low = u16[u32[(base + SLOT_PAGE.frame) / 4] / 2 + SLOTS_PER_PAGE - 1];
    const at = base + SLOT_PAGE.straddler;
    this.decoder.write(at, (half << 16) | low);
    u16[(at + SLOT.ordinal) / 2] = u16[(slot + SLOT.ordinal) / 2];
    i32[(slot + SLOT.imm) / 4] = half;
  }

  /** A frame moved or went away: where it was must not be read again. Without a page, all were only shared. */
  private frameChanged(physicalPage: number): void {
    const page = this.pages.get(physicalPage);
    if (!page) return;
    this.forgetSlots(page);
    for (const user of this.users) user.dropFetchEntries();
  }

  private watch(page: CodePage, physicalPage: number): void {
    if (page.watched) return;
    page.watched = true;
    for (const user of this.users) user.dropWriteEntries(physicalPage);
  }

  private allocate(): number {
    if (this.free.length === 0 && this.pages.size >= this.capacity) this.evict();
    const recycled = this.free.pop();
    if (recycled !== undefined) return recycled;
    try {
      return this.ram.arena.reserve(SLOT_PAGE_SIZE, SLOT_PAGE_ALIGN);
    } catch (error) {
      if (!(error instanceof ArenaFull) || this.pages.size === 0) throw error;
      this.evict();
      return this.free.pop() as number;
    }
  }

  /**
   * Forgets the pages that were asked for longest ago, and first those of which nothing is translated. All are fetched from
   * anew then, so that it is known which are in use.
   */
  private evict(): void {
    const byUse = [...this.pages].sort(([, a], [, b]) => a.lastUse - b.lastUse);
    const isPlain = ([physicalPage]: (typeof byUse)[number]) => !this.isTranslated(physicalPage);
    const inTurn = [...byUse.filter(isPlain), ...byUse.filter((one) => !isPlain(one))];
    for (const [physicalPage, page] of inTurn.slice(0, Math.ceil(byUse.length * EVICTED))) {
      this.forgetSlots(page);
      this.free.push(page.slots);
      this.pages.delete(physicalPage);
      this.owners.delete(page.slots);
      this.unfused.delete(page);
      if (page.stale) this.stale.splice(this.stale.indexOf(page), 1);
    }
    this.evictions++;
    for (const user of this.users) user.dropFetchEntries();
  }

  private setFrame(slots: number, physicalPage: number): void {
    this.ram.arena.u32[(slots + SLOT_PAGE.frame) / 4] = this.ram.readable(physicalPage);
  }

  /** Ordinals stay: a hart that is inside the page reckons with them until it decodes again. */
  private forgetSlots(page: CodePage): void {
    const { u32 } = this.ram.arena;
    this.onForget(this.owners.get(page.slots) as number);
    const first = page.slots / 4;
    for (let i = 0; i < SLOTS_PER_PAGE; i++) u32[first + i * (SLOT_SIZE / 4)] = Handler.undecoded;
    page.watched = false;
    page.version = ++this.versions;
    page.unfused.length = 0;
  }
}

/** Linear address of the slot page that a slot is in. */
const slotPageOf = (slot: number) => (slot & -SLOT_PAGE_ALIGN) >>> 0;
