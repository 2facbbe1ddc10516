import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { CodeCache } from "../code-cache.ts";
import type { Hart } from "../hart.ts";
import { HART, TLB } from "../layout.ts";
import { type JobPage, unpacked } from "./job.ts";
import type { Installed } from "./region-table.ts";
import type { Translated } from "./translated.ts";
import type { MakeTranslator, Translator } from "./translator.ts";

/** Jobs that a machine has under way at most. */
const MOST_UNDER_WAY = 8;
/** So often a job is asked for again with pages that were missing. */
const MOST_TRIES = 6;

/** Milliseconds that an answer may take before the guest's thread does something about it itself: the other has no processor. */
const LATE = 1000;

/** What is wanted. */
export interface Wanted {
  /** The slot of the region's first instruction, and its virtual address. */
  readonly slot: number;
  readonly pc: bigint;
  readonly isCommon: boolean;
  readonly choices: readonly (readonly [site: number, targets: readonly number[]])[];
  /** Offsets of accesses of wide webs. */
  readonly wide: readonly number[];
  /** The region that is there, and is to be there until the new one is. */
  readonly replaced: Installed | undefined;
}

/** What has come back. */
export interface Arrived {
  readonly wanted: Wanted;
  /** What was found, and its physical pages, in the order of its `pages`; `undefined`: there was nothing to translate. */
  readonly found: { readonly code: Translated; readonly pages: readonly number[] } | undefined;
}

interface Pending {
  readonly wanted: Wanted;
  /** The address space of `wanted.pc`: its TLB's address and its generation. */
  readonly tlb: number;
  readonly generation: number;
  readonly pages: JobPage[];
  /** By distance: physical pages, and the versions of those that code is read from. */
  readonly physical: Map<number, number>;
  readonly versions: Map<number, number>;
  tries: number;
  /** When it was sent. */
  sent: number;
}

/**
 * A machine's jobs for its translator. An answer is only handed on where it is still right: code that it was read from has not
 * changed, and its pages are where they were. Whatever else becomes of a job, the code is interpreted and found hot again.
 */
export class Requests {
  private readonly ram: PhysicalMemory;
  private readonly code: CodeCache;
  private readonly make: MakeTranslator;
  /** `null`: none is to be had. */
  private translator: Translator | undefined | null;
  private isPrepared = false;
  private readonly pending = new Map<number, Pending>();
  private readonly slots = new Set<number>();
  private lastId = 0;
  /** Time that the translator has spent. */
  milliseconds = 0;

  constructor(ram: PhysicalMemory, code: CodeCache, make: MakeTranslator) {
    this.ram = ram;
    this.code = code;
    this.make = make;
  }

  /** Somebody translates beside the guest, or will when asked. */
  get isAlive(): boolean {
    return this.translator === undefined || this.translator?.isAlive === true;
  }

  /** Something was asked for that has not come back. */
  get isBusy(): boolean {
    return this.pending.size > 0;
  }

  /** An answer is overdue. */
  get isLate(): boolean {
    const [oldest] = this.pending.values();
    return oldest !== undefined && performance.now() - oldest.sent > LATE;
  }

  /** More may be asked for. */
  get hasRoom(): boolean {
    return this.pending.size < MOST_UNDER_WAY;
  }

  /** More may be asked for, and for this slot. */
  mayAsk(slot: number): boolean {
    return this.hasRoom && !this.slots.has(slot);
  }

  /** Asks for a region, which it may, or has the translator started first. False where nobody translates beside the guest. */
  ask(hart: Hart, wanted: Wanted): boolean {
    if (this.translator === undefined) {
      // Each step is as long as the guest should wait at once: what is hot will be found so again.
      if (!this.isPrepared && this.make.prepare) {
        this.isPrepared = true;
        this.make.prepare();
        return true;
      }
      this.translator = this.make(this.ram.arena.memory.buffer) ?? null;
      if (this.translator?.isAlive) return true;
    }
    if (!this.translator?.isAlive) {
      this.close();
      return false;
    }
    const pending: Pending = {
      wanted,
      ...contextOf(hart),
      pages: [],
      physical: new Map(),
      versions: new Map(),
      tries: 0,
      sent: 0,
    };
    for (const distance of [0, 1, -1]) this.place(hart, pending, distance);
    // Code that was changed and not fenced, which only the interpreter knows.
    if (pending.pages[0].slots === 0) return false;
    this.slots.add(wanted.slot);
    this.send(++this.lastId, pending);
    return true;
  }

  /** The next answer that has arrived and is right. */
  take(hart: Hart): Arrived | undefined {
    while (this.pending.size > 0) {
      const answer = this.translator?.take();
      if (!answer) {
        if (!this.translator?.isAlive) this.close();
        return undefined;
      }
      this.milliseconds += answer.milliseconds;
      const pending = this.pending.get(answer.id);
      if (!pending) continue;
      this.pending.delete(answer.id);
      this.slots.delete(pending.wanted.slot);
      if (answer.missing.length > 0) {
        if (!isSame(pending, contextOf(hart))) continue;
        for (const distance of answer.missing) this.place(hart, pending, distance);
        this.slots.add(pending.wanted.slot);
        this.send(answer.id, pending);
        continue;
      }
      const { wanted } = pending;
      if (!answer.translated) return { wanted, found: undefined };
      if (!this.isRight(hart, pending, answer.translated.pages)) continue;
      const code = unpacked(answer.translated);
      return {
        wanted,
        found: { code, pages: code.pages.map((page) => pending.physical.get(page) as number) },
      };
    }
    return undefined;
  }

  /** Lets go of the translator and all jobs. */
  close(): void {
    this.translator?.close();
    this.translator = null;
    this.pending.clear();
    this.slots.clear();
  }

  private send(id: number, pending: Pending): void {
    pending.sent = performance.now();
    const { wanted, pages } = pending;
    this.pending.set(id, pending);
    this.translator?.request({
      id,
      entry: Number(wanted.pc & 0xfffn),
      isCommon: wanted.isCommon,
      pages,
      choices: wanted.choices,
      wide: wanted.wide,
      isLast: ++pending.tries === MOST_TRIES,
    });
  }

  private place(hart: Hart, { wanted, pages, physical, versions }: Pending, distance: number): void {
    const page = hart.mmu.codePage(Number(wanted.pc >> 12n) + distance);
    physical.set(distance, page);
    const settled = page < 0 ? undefined : this.code.settled(page);
    if (settled) versions.set(distance, settled.version);
    pages.push({
      distance,
      isMapped: page >= 0,
      frame: settled ? this.ram.readable(page) : 0,
      slots: settled?.slots ?? 0,
    });
  }

  private isRight(hart: Hart, pending: Pending, distances: readonly number[]): boolean {
    const { physical, versions, wanted, tlb, generation } = pending;
    const context = contextOf(hart);
    const first = Number(wanted.pc >> 12n);
    // In another address space that is seen when the region is entered.
    const mayHaveMoved = context.tlb === tlb && context.generation !== generation;
    return distances.every((distance) => {
      const page = physical.get(distance);
      if (page === undefined || page < 0) return false;
      const version = versions.get(distance);
      if (version !== undefined && this.code.settled(page)?.version !== version) return false;
      return !mayHaveMoved || hart.mmu.codePage(first + distance) === page;
    });
  }
}

function contextOf({ arena, base }: Hart): { readonly tlb: number; readonly generation: number } {
  const tlb = arena.u32[(base + HART.fetchTlb) / 4];
  return { tlb, generation: arena.u32[(tlb + TLB.generation) / 4] };
}

const isSame = (one: Pending, other: ReturnType<typeof contextOf>): boolean =>
  one.tlb === other.tlb && one.generation === other.generation;
