import type { Window } from "../memory/bus.ts";
import type { PhysicalMemory } from "../memory/physical-memory.ts";
import { Csr, MPP_SHIFT, Mstatus, SATP_SV39 } from "./csr-state.ts";
import { loadDevice, storeDevice } from "./device-access.ts";
import type { Hart } from "./hart.ts";
import { Cause, HART, Privilege, TLB } from "./layout.ts";
import { Access, Pmp } from "./pmp.ts";
import { type MemoryPort, STORE_DONE } from "./port.ts";
import type { Range } from "./ranges.ts";
import { PAGE_SIZE, pageNumber, Walker, writeEntry } from "./sv39.ts";
import { TlbPool, View } from "./tlb.ts";
import { accessFault, Translation, translate } from "./translation.ts";

/** Pages by which a range grows in one search, to each side. */
const RANGE_REACH = 64;

/** A checked access inside one page: it will happen. */
class Reach extends Translation {
  /** Physical address of the first byte. */
  physical = 0;
  /** The device that is there, undefined for RAM. */
  window: Window | undefined;
  /** PMP allows this kind of access to all of the page. */
  whole = false;
}

/**
 * The memory side of a hart: translation, protection, and the accesses that the software TLBs do not answer.
 *
 * An access is first checked in full, both pages of one that crosses a page edge; only then are A and D bits
 * set, TLB entries made and memory changed. So an instruction either happens or faults.
 */
export class Mmu implements MemoryPort {
  readonly pmp: Pmp;
  /** Does the physical page hold decoded code? Set by the code cache. */
  isCodePage: (page: number) => boolean = () => false;
  /** A page that holds decoded code is about to be written. */
  codePageWritten: (page: number) => void = () => {};
  /**
   * After `translateFetch`: PMP allows fetching from all of the page. Where false, only the instruction at the
   * fetch address was checked and the page must not stay in the fetch table.
   */
  fetchesWholePage = true;

  private readonly hart: Hart;
  private readonly ram: PhysicalMemory;
  private readonly tlbs: TlbPool;
  private readonly i32: Int32Array;
  private readonly u32: Uint32Array;
  private readonly u8: Uint8Array;
  /** Word indices of the hart block's fields. */
  private readonly address: number;
  private readonly value: number;
  private readonly view: DataView;
  /** Of the access being done; `second` where it crosses a page edge. Used again, so that a refill allocates nothing. */
  private readonly walker: Walker;
  private readonly first = new Reach();
  private readonly second = new Reach();
  private root = 0;
  private fetchView: number = Privilege.machine;
  private dataView: number = Privilege.machine;

  /** `hart` must have its `csrs`; its block is zeroed. */
  constructor(hart: Hart) {
    this.hart = hart;
    this.ram = hart.bus.ram;
    this.pmp = new Pmp(hart.csrs);
    this.tlbs = new TlbPool(this.ram, this.pmp);
    this.walker = new Walker(this.ram);
    this.i32 = hart.arena.i32;
    this.u32 = hart.arena.u32;
    this.u8 = hart.arena.u8;
    this.view = hart.arena.view;
    this.address = (hart.base + HART.address) / 4;
    this.value = (hart.base + HART.value) / 4;
    const told = this.ram.onChange;
    this.ram.onChange = (page) => {
      told(page);
      this.memoryChanged(page);
    };
    this.refresh();
  }

  /** To be called when the privilege, `satp`, or MPRV, MPP, SUM or MXR of `mstatus` has changed. */
  refresh(): void {
    const { privilege, csrs, base } = this.hart;
    const status = csrs.status;
    const dataPrivilege =
      privilege === Privilege.machine && (status & Mstatus.MPRV) !== 0
        ? (status & Mstatus.MPP) >> MPP_SHIFT
        : privilege;
    this.root = csrs.satpRoot;
    this.fetchView = this.viewOf(privilege);
    this.dataView = this.viewOf(dataPrivilege) | (dataPrivilege === privilege ? 0 : View.mprv);
    this.i32[(base + HART.fetchTlb) / 4] = this.select(this.fetchView);
    this.i32[(base + HART.dataTlb) / 4] = this.select(this.dataView);
  }

  /** Forgets every translation, and derives PMP's regions again: for after the hart block was restored. */
  reset(): void {
    this.pmp.rebuild();
    this.tlbs.flush();
    this.refresh();
  }

  /** Gives the tables' memory back. */
  release(): void {
    this.tlbs.release();
  }

  /** Turns Sv39 on with the root table in physical page `root`, as a write to `satp` does. */
  useTable(root: number, asid: number): void {
    const high = (SATP_SV39 << 28) | (asid << 12) | Math.floor(root / 0x1_0000_0000);
    this.hart.csrs.set(Csr.satp, (BigInt(high >>> 0) << 32n) | BigInt(root % 0x1_0000_0000));
    this.refresh();
  }

  /** `sfence.vma` for `pages` pages from that of `va` on (undefined: every page) in `asid` (undefined: every address space). */
  fence(va?: number, asid?: number, pages = 1): void {
    this.tlbs.fence(va === undefined ? undefined : pageNumber(va), asid, pages);
  }

  /** Where an access at `va` would go now, or why it would fault. No side effects, for debuggers. */
  translate(va: number, access: Access, privilege = this.hart.privilege): Translation {
    const { ram, pmp } = this;
    const found = new Translation();
    translate(pmp, this.hart.csrs.satpRoot, this.viewOf(privilege), va, access, new Walker(ram), found);
    if (found.cause >= 0) return found;
    const physical = found.page * PAGE_SIZE + (va & (PAGE_SIZE - 1));
    if (pmp.allows(physical, 1, access, privilege)) return found;
    const fault = new Translation();
    fault.cause = accessFault(access);
    return fault;
  }

  /** The page became code: writing to it must be noticed. */
  dropWriteEntries(page: number): void {
    this.tlbs.dropPage(page, false);
  }

  /** The fetch tables' contents stopped being right: decoded pages moved. */
  dropFetchEntries(): void {
    this.tlbs.dropFetches();
  }

  load(size: number): 0 | 1 {
    const low = this.u32[this.address];
    const high = this.i32[this.address + 1];
    this.u32[this.value] = 0;
    this.u32[this.value + 1] = 0;
    if ((low & (PAGE_SIZE - 1)) + size > PAGE_SIZE) return this.across(low, high, size, Access.read);
    const { first } = this;
    if (!this.check(first, low, high, size, Access.read)) return 0;
    this.settle(first);
    if (first.window) loadDevice(first.window, first.physical, size, this.u32, this.value);
    else this.copy(this.value * 4, this.enter(first, low, high, Access.read), size);
    return 1;
  }

  store(size: number): 0 | 1 {
    const low = this.u32[this.address];
    const high = this.i32[this.address + 1];
    if ((low & (PAGE_SIZE - 1)) + size > PAGE_SIZE) return this.across(low, high, size, Access.write);
    const { first } = this;
    if (!this.check(first, low, high, size, Access.write)) return 0;
    this.settle(first);
    if (first.window) {
      storeDevice(first.window, first.physical, size, this.u32, this.value);
      return this.hart.attention ? this.raise(STORE_DONE, low, high) : 1;
    }
    this.copy(this.enter(first, low, high, Access.write), this.value * 4, size);
    return 1;
  }

  prepareAtomic(size: number, reserve: boolean): number {
    const low = this.u32[this.address];
    const high = this.i32[this.address + 1];
    const access = reserve ? Access.read : Access.write;
    if ((low & (size - 1)) !== 0)
      return this.raise(reserve ? Cause.loadMisaligned : Cause.storeMisaligned, low, high);
    const { first } = this;
    if (!this.check(first, low, high, size, access)) return 0;
    if (first.window) return this.raise(accessFault(access), low, high);
    this.settle(first);
    return this.enter(first, low, high, access);
  }

  translateFetch(): number {
    const low = this.u32[this.address];
    const high = this.i32[this.address + 1];
    const reach = this.first;
    if (!this.check(reach, low, high, 2, Access.fetch)) return -1;
    if (reach.window) {
      this.raise(Cause.instructionAccess, low, high);
      return -1;
    }
    this.fetchesWholePage = reach.whole;
    if (!reach.whole && !this.allowsSecondHalf(reach.physical)) {
      this.raise(Cause.instructionAccess, low + 2, high);
      return -1;
    }
    this.settle(reach);
    if (reach.level > 0)
      this.tlbs.noteLarge(this.u32[(this.hart.base + HART.fetchTlb) / 4], low, high, reach.level);
    return reach.page;
  }

  /**
   * The range of memory around an address that is read or written without a fault, for translated regions. Undefined where
   * the access has to be done in another way. It grows to both sides by so many pages at most.
   */
  rangeAt(low: number, high: number, writes: boolean): Range | undefined {
    const context = this.u32[(this.hart.base + HART.dataTlb) / 4];
    const ranges = this.tlbs.rangesOf(context);
    const page = high * 0x10_0000 + (low >>> 12);
    const known = ranges.find(page, writes);
    if (known) return known;
    const frame = ranges.isRestless(page) ? -1 : this.plainFrame(page, writes, context);
    if (frame < 0) return undefined;
    const addend = (frame - (low & -PAGE_SIZE)) | 0;
    const edge = (step: 1 | -1): number => {
      let at = page + step;
      for (let i = 1; i <= RANGE_REACH; i++) {
        const next = ranges.find(at, writes);
        if (next) return next.addend === addend ? (step > 0 ? next.to : next.from) : at - Math.min(step, 0);
        const isNext = this.plainFrame(at, writes, context) === frame + step * i * PAGE_SIZE;
        if (!isNext || ranges.isRestless(at)) break;
        at += step;
      }
      return step > 0 ? at : at + 1;
    };
    const range = { from: edge(-1), to: edge(1), addend, writes };
    if (ranges.isFull) this.tlbs.dropRanges(context);
    ranges.add(range);
    return range;
  }

  /** Where the virtual page is in linear memory, if accesses to it change nothing else; -1 where they may. */
  private plainFrame(page: number, writes: boolean, context: number): number {
    const { pmp, ram, dataView, second } = this;
    const access = writes ? Access.write : Access.read;
    translate(pmp, this.root, dataView, page * PAGE_SIZE, access, this.walker, second);
    const at = second.page * PAGE_SIZE;
    if (second.cause >= 0 || second.update >= 0 || !ram.contains(at)) return -1;
    if (!pmp.allows(at, PAGE_SIZE, access, dataView & 3)) return -1;
    if (writes && (this.isCodePage(second.page) || ram.isShared(second.page))) return -1;
    this.tlbs.noteSeen(context, second.page);
    if (second.level > 0)
      this.tlbs.noteLarge(context, page << 12, Math.floor(page / 0x10_0000), second.level);
    return ram.readable(second.page);
  }

  /** The page a region's code stands in, at a virtual page of this hart's fetches; -1 where it cannot be fetched plainly. */
  codePage(page: number): number {
    const { pmp, ram, second } = this;
    translate(pmp, this.root, this.fetchView, page * PAGE_SIZE, Access.fetch, this.walker, second);
    const at = second.page * PAGE_SIZE;
    if (second.cause >= 0 || second.update >= 0 || !ram.contains(at)) return -1;
    if (!pmp.allows(at, PAGE_SIZE, Access.fetch, this.fetchView & 3)) return -1;
    const context = this.u32[(this.hart.base + HART.fetchTlb) / 4];
    this.tlbs.noteCode(context, page);
    if (second.level > 0)
      this.tlbs.noteLarge(context, page << 12, Math.floor(page / 0x10_0000), second.level);
    return second.page;
  }

  private viewOf(privilege: number): number {
    const { csrs } = this.hart;
    if (privilege === Privilege.machine) return Privilege.machine;
    // Without translation, U and S differ in nothing.
    if (csrs.satpMode !== SATP_SV39) return Privilege.supervisor;
    const status = csrs.status;
    let view = privilege | View.sv39 | (csrs.satpAsid << View.asidShift);
    if ((status & Mstatus.MXR) !== 0) view |= View.mxr;
    if ((status & Mstatus.SUM) !== 0 && privilege === Privilege.supervisor) view |= View.sum;
    return view;
  }

  /** Linear addresses of all TLB contexts that the hart has. */
  get contexts(): readonly number[] {
    return this.tlbs.addresses;
  }

  private select(view: number): number {
    return this.tlbs.select((view & View.sv39) === 0 ? 0 : this.root, view);
  }

  private memoryChanged(page: number): void {
    this.hart.csrs.clearReservation();
    if (page === -1) this.tlbs.dropData();
    else this.tlbs.dropPage(page, true);
  }

  /** Sets a pending trap with the exact 64-bit address. */
  private raise(cause: number, low: number, high: number): 0 {
    const { base } = this.hart;
    this.i32[(base + HART.cause) / 4] = cause;
    this.u32[(base + HART.tval) / 4] = low;
    this.i32[(base + HART.tval) / 4 + 1] = high;
    return 0;
  }

  /** An access inside one page, into `reach`; false with a trap set where it faults. Changes nothing else. */
  private check(reach: Reach, low: number, high: number, size: number, access: Access): boolean {
    const { ram, pmp } = this;
    const view = access === Access.fetch ? this.fetchView : this.dataView;
    translate(pmp, this.root, view, signed(low, high), access, this.walker, reach);
    if (reach.cause >= 0) {
      this.raise(reach.cause, low, high);
      return false;
    }
    const physical = reach.page * PAGE_SIZE + (low & (PAGE_SIZE - 1));
    const isRam = ram.contains(physical);
    const window = isRam ? undefined : this.hart.bus.find(physical, size);
    reach.physical = physical;
    reach.window = window;
    reach.whole = pmp.allows(reach.page * PAGE_SIZE, PAGE_SIZE, access, view & 3);
    // A device answers aligned accesses only.
    const exists = isRam || (window !== undefined && physical % size === 0);
    if (exists && (reach.whole || pmp.allows(physical, size, access, view & 3))) return true;
    this.raise(accessFault(access), low, high);
    return false;
  }

  /** An access that crosses a page edge. `tval` is its address, or the second page's where that one faults. */
  private across(low: number, high: number, size: number, access: Access): 0 | 1 {
    const { first, second } = this;
    const split = PAGE_SIZE - (low & (PAGE_SIZE - 1));
    const nextLow = (low + split) >>> 0;
    const nextHigh = nextLow === 0 ? high + 1 : high;
    if (!this.check(first, low, high, split, access)) return 0;
    if (!this.check(second, nextLow, nextHigh, size - split, access)) return 0;
    if (first.window) return this.raise(accessFault(access), low, high);
    if (second.window) return this.raise(accessFault(access), nextLow, nextHigh);
    this.settle(first);
    this.settle(second);
    const start = this.enter(first, low, high, access);
    const rest = this.enter(second, nextLow, nextHigh, access);
    const value = this.value * 4;
    if (access === Access.write) {
      this.u8.copyWithin(start, value, value + split);
      this.u8.copyWithin(rest, value + split, value + size);
    } else {
      this.u8.copyWithin(value, start, start + split);
      this.u8.copyWithin(value + split, rest, rest + size - split);
    }
    return 1;
  }

  /** A value of 1, 2, 4 or 8 bytes; `copyWithin` would be most of a refill's time. */
  private copy(to: number, from: number, size: number): void {
    const { view } = this;
    if (size === 8) {
      view.setUint32(to + 4, view.getUint32(from + 4, true), true);
      view.setUint32(to, view.getUint32(from, true), true);
    } else if (size === 4) view.setUint32(to, view.getUint32(from, true), true);
    else if (size === 2) view.setUint16(to, view.getUint16(from, true), true);
    else view.setUint8(to, view.getUint8(from));
  }

  /** Sets the A and D bits that a checked access asks for. */
  private settle({ update, ppn, flags }: Reach): void {
    if (update < 0) return;
    const table = Math.floor(update / PAGE_SIZE);
    this.tellCodeCache(table);
    writeEntry(this.ram, update, ppn, flags);
    this.tlbs.noteWritten(table);
  }

  /** Puts a page of RAM into the tables and returns the linear address of the access's first byte. */
  private enter(reach: Reach, low: number, high: number, access: Access): number {
    const { page, physical, level } = reach;
    const isWrite = access === Access.write;
    if (isWrite) this.tellCodeCache(page);
    const frame = isWrite ? this.ram.writable(page) : this.ram.readable(page);
    if (reach.whole) {
      const context = this.u32[(this.hart.base + HART.dataTlb) / 4];
      // Whoever may write may read, by the page table and by PMP.
      this.tlbs.fill(context, TLB.read, low, high, page, frame);
      if (isWrite) this.tlbs.fill(context, TLB.write, low, high, page, frame);
      if (level > 0) this.tlbs.noteLarge(context, low, high, level);
    }
    return frame + (physical & (PAGE_SIZE - 1));
  }

  private tellCodeCache(page: number): void {
    if (this.isCodePage(page)) this.codePageWritten(page);
  }

  /** Where PMP splits the page: does it allow the second half of a 4-byte instruction, too? */
  private allowsSecondHalf(physical: number): boolean {
    const offset = physical & (PAGE_SIZE - 1);
    const isLong = (this.u8[this.ram.readable(Math.floor(physical / PAGE_SIZE)) + offset] & 3) === 3;
    if (!isLong || offset === PAGE_SIZE - 2) return true;
    return this.pmp.allows(physical + 2, 2, Access.fetch, this.fetchView & 3);
  }
}

/** The number that two halves of an address stand for; exact for every Sv39 and every RAM address. */
const signed = (low: number, high: number): number => high * 0x1_0000_0000 + (low >>> 0);
