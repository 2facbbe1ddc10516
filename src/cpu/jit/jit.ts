import { ArenaFull } from "../../memory/arena.ts";
import type { PhysicalMemory } from "../../memory/physical-memory.ts";
import type { CodeCache } from "../code-cache.ts";
import type { Hart } from "../hart.ts";
import { HART, TLB } from "../layout.ts";
import { Handler, SLOT, SLOT_SIZE } from "../slots.ts";
import type { Interpreter } from "../wasm/interpreter.ts";
import { CELL, EXIT, type Exit, ExitKind, exitsOffset, HOT_EXIT, WEB, webOffset } from "./cell.ts";
import { areFloatsCommon, CommonFloats } from "./common-floats.ts";
import { HartSource } from "./hart-source.ts";
import { Heat, SAMPLE } from "./heat.ts";
import { JumpProfile } from "./profile.ts";
import { findRegion, isSmallFunction, type Region } from "./region.ts";
import { type Installed, RegionTable } from "./region-table.ts";
import { type Arrived, Requests } from "./requests.ts";
import { FS_DIRTY } from "./translate.ts";
import { type Translated, translated } from "./translated.ts";
import type { MakeTranslator } from "./translator.ts";
import { WideWebs } from "./wide-webs.ts";

/** `off`: everything is interpreted. `on`: hot code is translated. `always`: all code is, when it is first reached. */
export type JitMode = "off" | "on" | "always";

/** Instructions between two looks while it is mostly translated code that runs, at most: `SAMPLE` otherwise. */
const LONGEST_SAMPLE = 50_000;
/** So often a wide web asks the TLB for what is not in its range, before it is given another one. */
const PATIENCE = 1000;

/** What was done so far. */
export interface JitStats {
  /** Regions translated, and of these the ones that were lost: to changed code, to room for others, to better ones. */
  regions: number;
  lost: number;
  /** Instructions in them, and bytes of WebAssembly. */
  instructions: number;
  bytes: number;
  /** Time that the guest waited for it, and the longest that it did at once. */
  milliseconds: number;
  longest: number;
  /** Time that it took beside the guest, without what V8 does there. */
  beside: number;
  /** How often a web was to get another range, and a region's pages had to be looked at. */
  misses: number;
  validations: number;
}

/**
 * Translates hot code to WebAssembly. What is hot is found by looking where the interpreter is every so many
 * instructions, which costs it nothing in between: the place is always one that was jumped to.
 */
export class Jit {
  readonly mode: Exclude<JitMode, "off">;
  /** Instructions after which `sample` is to be called: however often the hart leaves Wasm before, it comes to that. */
  untilSample = SAMPLE;
  private interval = SAMPLE;
  readonly stats: JitStats = {
    regions: 0,
    lost: 0,
    instructions: 0,
    bytes: 0,
    milliseconds: 0,
    longest: 0,
    beside: 0,
    misses: 0,
    validations: 0,
  };
  readonly table: RegionTable;
  /** Told of each region that is translated, its physical pages in the order of `region.pages`, and its virtual page. */
  onTranslated: ((region: Region, pages: readonly number[], page: number) => void) | undefined;
  /** The arena had no room for a region: what is not translated stays the interpreter's. */
  private isFull = false;
  private readonly ram: PhysicalMemory;
  private readonly code: CodeCache;
  private readonly heat: Heat;
  /** By slot. */
  private readonly profiles = new Map<number, JumpProfile>();
  /** Jobs for whoever translates beside the guest; `undefined`: nobody does. */
  private requests: Requests | undefined;
  private readonly wide = new WideWebs();
  private readonly floats = new CommonFloats();

  /** `originals`: see `instantiate`. `makeTranslator`: for `on`; without it, translating is done between two instructions. */
  constructor(
    mode: Exclude<JitMode, "off">,
    ram: PhysicalMemory,
    code: CodeCache,
    interpreter: Interpreter,
    originals: number,
    makeTranslator?: MakeTranslator,
  ) {
    this.mode = mode;
    this.ram = ram;
    this.code = code;
    this.heat = new Heat(makeTranslator?.warmUp ?? 0);
    this.table = new RegionTable(ram.arena, interpreter, originals, mode === "always" ? HOT_EXIT - 1 : 0);
    if (mode === "on" && makeTranslator) this.requests = new Requests(ram, code, makeTranslator);
    code.onForget = (page) => this.forget(page);
    code.handlerAt = (slot) => this.table.handlerAt(slot);
    code.isTranslated = (page) => this.table.hasRegionOf(page);
  }

  /** The hart has been stopped at its pc for having used its budget; `inRegion`: by a region. */
  sample(hart: Hart, inRegion: boolean): void {
    // Not at once: it was being entered.
    for (const installed of this.floats.takeRefused())
      if (this.table.region(installed.number) === installed) this.lose(installed);
    this.table.clearCrowd();
    this.collect(hart);
    for (const installed of this.wide.take())
      if (this.table.region(installed.number) === installed) this.translateAgain(hart, installed);
    this.becomeCommon(hart);
    if (inRegion) {
      this.interval = Math.min(LONGEST_SAMPLE, this.interval * 2);
      this.untilSample = this.interval;
      return;
    }
    this.interval = SAMPLE;
    this.untilSample = SAMPLE;
    if (!this.isAffordable(hart)) return;
    const slot = this.slotHere(hart);
    if (slot !== undefined && this.isHot(slot, hart)) this.want(hart, slot, hart.pc);
  }

  /** An exit, whose record `HART.regionExit` is the address of, has often led to the hart's pc or to places like it. */
  exitIsHot(hart: Hart): void {
    const { u16, u32, i32, i64 } = this.ram.arena;
    const record = u32[(hart.base + HART.regionExit) / 4];
    const left = this.table.region(u16[(record + EXIT.region) / 2]);
    if (!left) return;
    const { code, slot } = left;
    const cell = this.cellOf(left, this.contextOf(hart));
    if (cell === undefined) return;
    const exit = code.exits[(record - cell - exitsOffset(code.webs.length)) / EXIT.size];
    if (this.mode === "always") i32[(record + EXIT.heat) / 4] = HOT_EXIT - 1;
    if (!this.isAffordable(hart)) return;
    const profile = this.profileOf(slot);
    const distance = Number(hart.pc - i64[(hart.base + HART.regionPage) / 8]);
    const here = this.slotHere(hart);
    if (here === undefined) return;
    const isJump = exit.kind === ExitKind.indirect || exit.kind === ExitKind.indirectCall;
    if (!isJump || profile.isFull || (exit.kind === ExitKind.indirectCall && !this.isSmall(hart, here))) {
      if (isJump) u32[(record + EXIT.link) / 4] = 0;
      this.want(hart, here, hart.pc);
      return;
    }
    // What is noted while it is being translated would not be translated any time soon.
    if (this.beside?.mayAsk(slot) === false || !profile.add(exit.offset, distance)) return;
    this.want(hart, slot, i64[(hart.base + HART.regionPage) / 8] + BigInt(code.entry), left);
  }

  /** Makes sure that a region begins at the hart's pc; false where that is not possible. */
  ensure(hart: Hart): boolean {
    const slot = this.slotHere(hart);
    return slot !== undefined && (this.table.hasRegion(slot) || this.install(hart, slot, hart.pc));
  }

  /** The function at the hart's pc, whose slot is given, had better be part of the regions that call it. */
  private isSmall(hart: Hart, slot: number): boolean {
    const { pc } = hart;
    return isSmallFunction(Number(pc & 0xfffn), this.source(hart, slot, pc));
  }

  /** Writes the range that holds `HART.address` into the web at this linear address. */
  missed(hart: Hart, at: number): void {
    const { u32, i32, i64 } = this.ram.arena;
    this.stats.misses++;
    const number = u32[(at + WEB.web) / 4];
    const region = this.table.region(u32[(at - webOffset(number) + CELL.region) / 4]);
    if (!region) return;
    const web = region.code.webs[number];
    i32[(at + WEB.patience) / 4] = PATIENCE;
    const word = (hart.base + HART.address) / 4;
    const range = hart.mmu.rangeAt(u32[word], i32[word + 1], web.writes);
    const bytes = range ? (range.to - range.from) * 4096 - (web.most - web.least) + 1 : 0;
    if (!range || bytes <= 0) return;
    i64[(at + WEB.low) / 8] = BigInt(range.from) * 4096n - BigInt(web.least);
    i64[(at + WEB.span) / 8] = BigInt(bytes);
    i32[(at + WEB.addend) / 4] = (range.addend + web.least) | 0;
    this.wide.missed(region, number, range);
  }

  /** A region that looks at floats is translated again once it need not any more. */
  private becomeCommon(hart: Hart): void {
    if (this.beside?.hasRoom === false) return;
    const installed = this.floats.takeCareful(hart);
    if (installed && this.table.region(installed.number) === installed) this.translateAgain(hart, installed);
  }

  /** With what is known now, where the page that it was entered at last is the hart's, too. */
  private translateAgain(hart: Hart, installed: Installed): void {
    const { slot, code, pages, page } = installed;
    if (hart.mmu.codePage(Number(page >> 12n)) !== pages[0]) return;
    this.want(hart, slot, page + BigInt(code.entry), installed);
  }

  /** Whether the region at the slot may be entered: its pages are what they were when it was translated. */
  validate(hart: Hart, slot: number, tlb: number, page: bigint): boolean {
    const { i32, i64 } = this.ram.arena;
    this.stats.validations++;
    const installed = this.table.at(slot);
    if (!installed || tlb !== this.contextOf(hart)) return false;
    const { pages, code } = installed;
    if (code.floats && hart.csrs.floatState !== FS_DIRTY) return false;
    if (code.floats && code.isCommon && !areFloatsCommon(hart)) {
      this.floats.refuse(installed);
      return false;
    }
    const own = page - BigInt(Math.floor(this.table.entryOffset(slot, installed) / 4096) * 4096);
    const first = Number(own >> 12n);
    if (code.pages.some((distance, i) => hart.mmu.codePage(first + distance) !== pages[i])) return false;
    const cell = this.cellOf(installed, tlb);
    if (cell === undefined) return false;
    for (let i = 0; i < code.webs.length; i++) {
      i64[(cell + webOffset(i) + WEB.span) / 8] = 0n;
      i32[(cell + webOffset(i) + WEB.patience) / 4] = 0;
    }
    installed.page = own;
    i64[(cell + CELL.page) / 8] = own;
    i32[(cell + CELL.generation) / 4] = i32[(tlb + TLB.generation) / 4];
    return true;
  }

  /** The region's cell in a TLB context; `undefined` where there is no room for one now. */
  private cellOf(installed: Installed, context: number): number | undefined {
    try {
      return this.table.cellFor(installed, context);
    } catch (error) {
      if (!(error instanceof ArenaFull)) throw error;
      this.isFull = true;
      return undefined;
    }
  }

  /** Linear address of the TLB context that the hart fetches by. */
  private contextOf({ base }: Hart): number {
    return this.ram.arena.u32[(base + HART.fetchTlb) / 4];
  }

  /** Lets go of whoever translates beside the guest. */
  close(): void {
    this.requests?.close();
    this.requests = undefined;
  }

  /** Gives its memory back. */
  release(): void {
    this.close();
    this.table.release();
  }

  /** The slot of the hart's pc, decoded; undefined where that cannot be fetched plainly. */
  private slotHere(hart: Hart): number | undefined {
    const { pc } = hart;
    const page = hart.mmu.codePage(Number(pc >> 12n));
    if (page < 0) return undefined;
    const slot = this.code.slotPage(page) + ((Number(pc) & 0xffe) / 2) * SLOT_SIZE;
    if (this.ram.arena.u32[(slot + SLOT.handler) / 4] === 0) this.code.decodeRun(slot);
    return slot;
  }

  private isAffordable({ retired }: Hart): boolean {
    return (
      this.mode === "always" || this.heat.affords(this.stats.instructions, retired, this.beside !== undefined)
    );
  }

  private isHot(slot: number, hart: Hart): boolean {
    if (this.table.hasRegion(slot)) return false;
    return this.heat.add(slot, hart.mmu.codePage(Number(hart.pc >> 12n)), hart.retired);
  }

  private profileOf(slot: number): JumpProfile {
    let profile = this.profiles.get(slot);
    if (!profile) {
      profile = new JumpProfile();
      this.profiles.set(slot, profile);
    }
    return profile;
  }

  /** The page's decoded slots are about to be forgotten. */
  private forget(page: number): void {
    const regions = this.table.regionsOf(page);
    if (regions.length === 0) return;
    this.heat.changed(page);
    for (const installed of regions) {
      this.profiles.delete(installed.slot);
      this.wide.forget(installed.slot);
      this.floats.forget(installed.slot);
      this.lose(installed);
    }
  }

  private lose(installed: Installed): void {
    this.stats.lost++;
    this.heat.forget(installed.slot);
    this.floats.lose(installed);
    this.table.remove(installed);
  }

  /** Who translates beside the guest, where that is how it is done now. */
  private get beside(): Requests | undefined {
    const { requests } = this;
    if (!requests || requests.isLate) return undefined;
    // Whoever is to see what is translated has to be shown just that.
    return this.onTranslated ? undefined : requests;
  }

  /** Has the code at `pc` translated, whose slot is given: beside the guest, or at once. `replaced`: the region that is there. */
  private want(hart: Hart, slot: number, pc: bigint, replaced?: Installed): void {
    if (this.isFull || (this.table.hasRegion(slot) && !replaced)) return;
    const { beside } = this;
    if (beside) {
      if (!beside.mayAsk(slot)) return;
      const started = performance.now();
      const choices = this.profileOf(slot).all;
      const isCommon = this.floats.isFor(hart, slot);
      const wide = this.wide.of(slot);
      const isAsked = beside.ask(hart, { slot, pc, isCommon, choices, wide, replaced });
      if (!beside.isAlive) this.requests = undefined;
      this.spent(started);
      if (isAsked) return;
    }
    if (replaced) this.lose(replaced);
    this.install(hart, slot, pc);
  }

  /** Installs what has been translated beside the guest. */
  private collect(hart: Hart): void {
    const { requests } = this;
    if (!requests?.isBusy) return;
    const started = performance.now();
    const arrived = requests.take(hart);
    this.stats.beside = requests.milliseconds;
    if (arrived) this.arrive(arrived);
    this.spent(started);
  }

  private arrive({ wanted: { slot, isCommon, replaced }, found }: Arrived): void {
    if (!found) {
      this.heat.forget(slot);
      return;
    }
    const there = this.table.at(slot);
    const isRefused = isCommon && !this.floats.isGood(slot);
    if (there !== replaced || isRefused) return;
    if (there) this.lose(there);
    if (this.code.watchPages(found.pages)) this.add(slot, found.code, found.pages);
  }

  /** Translates the code at `pc`, whose slot is given. Returns whether there was anything to translate. */
  private install(hart: Hart, slot: number, pc: bigint): boolean {
    if (this.table.hasRegion(slot)) return true;
    if (this.isFull) return false;
    const started = performance.now();
    const source = this.source(hart, slot, pc);
    const region = findRegion(Number(pc & 0xfffn), source);
    const pages = region?.pages.map((distance) => source.physical.get(distance) as number);
    const isInstalled = region !== undefined && pages !== undefined && this.code.watchPages(pages);
    if (isInstalled)
      this.add(slot, translated(region, this.floats.isFor(hart, slot), this.wide.of(slot)), pages);
    this.spent(started);
    if (isInstalled) this.onTranslated?.(region, pages, Number(pc >> 12n));
    return isInstalled;
  }

  private spent(started: number): void {
    const milliseconds = performance.now() - started;
    this.stats.milliseconds += milliseconds;
    this.stats.longest = Math.max(this.stats.longest, milliseconds);
  }

  private add(slot: number, code: Translated, pages: readonly number[]): void {
    this.stats.lost += this.table.makeRoom();
    const targets = code.exits.map((exit) => this.targetOf(exit, code.pages, pages));
    const entries = code.entries.map((offset) => this.entrySlot(offset, code.pages, pages));
    this.table.add({ slot, code, pages, targets }, entries);
    const added = this.table.at(slot);
    if (added) this.floats.add(added);
    this.stats.regions++;
    this.stats.instructions += code.instructions;
    this.stats.bytes += code.bytes;
  }

  /** The slot that an exit goes to; 0 where that is not known. */
  private targetOf({ kind, offset }: Exit, distances: readonly number[], pages: readonly number[]): number {
    return kind === ExitKind.jump || kind === ExitKind.call ? this.slotOf(offset, distances, pages) : 0;
  }

  /** The slot of an entry besides its first one; 0 where it has not been decoded. */
  private entrySlot(offset: number, distances: readonly number[], pages: readonly number[]): number {
    const slot = this.slotOf(offset, distances, pages);
    return slot !== 0 && this.ram.arena.u32[(slot + SLOT.handler) / 4] !== Handler.undecoded ? slot : 0;
  }

  /** The slot at an offset from a region's first page; 0 where that is in no page of the region. */
  private slotOf(offset: number, distances: readonly number[], pages: readonly number[]): number {
    const page = pages[distances.indexOf(Math.floor(offset / 4096))];
    return page === undefined ? 0 : this.code.slotPage(page) + ((offset & 0xffe) / 2) * SLOT_SIZE;
  }

  private source(hart: Hart, slot: number, pc: bigint): HartSource {
    const { ram, code } = this;
    return new HartSource(
      { hart, ram, code },
      Number(pc >> 12n),
      this.mode === "always",
      this.profileOf(slot),
    );
  }
}
