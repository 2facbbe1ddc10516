import { LOWER_HALF_END, PAGE_SIZE, Pte } from "../../cpu/sv39.ts";
import { type ByteBuffer, bufferOf } from "../../memory/arena.ts";
import type { Platform } from "../rkplat/platform.ts";
import type { Fault } from "./address-space.ts";
import type { PageFrames } from "./page-frames.ts";
import type { Access } from "./resident-pages.ts";
import { UserFault, type UserMemory } from "./user-memory.ts";

const CACHE = 256;
/** Where in the cache of translations, for reading and writing, the pages' numbers begin, and what is read and written there. */
const Known = { readTag: 0, readPage: CACHE, writeTag: 2 * CACHE, writePage: 3 * CACHE } as const;

/** The kernel's view of user memory, over the page table of the address space that extends it. */
export abstract class UserAccess implements UserMemory {
  abstract readonly resident: { entry(at: number): number; touch(at: number): void };
  abstract fault(address: number, access: Access): Fault | undefined;
  /** There was no memory for a system call. */
  protected abstract starved(): void;

  /** Tells its translations from those of other address spaces. */
  readonly asid: number;
  private readonly frames: PageFrames;
  private readonly platform: Platform;
  /** A cache of translations, direct-mapped by page: what the tables said for reading and writing (`Known`). */
  private readonly known = new Int32Array(4 * CACHE).fill(-1);

  constructor(frames: PageFrames, platform: Platform) {
    this.frames = frames;
    this.platform = platform;
    this.asid = platform.newAsid();
  }

  /** Entries of the page table for the range have changed. */
  protected forget(start: number, length: number): void {
    const first = Math.floor(start / PAGE_SIZE);
    const pages = Math.ceil(length / PAGE_SIZE);
    if (pages >= CACHE) this.known.fill(-1);
    else
      for (let page = first; page < first + pages; page++) {
        this.known[Known.readTag + (page % CACHE)] = -1;
        this.known[Known.writeTag + (page % CACHE)] = -1;
      }
    this.platform.fence(this.asid, start, pages);
  }

  read(address: number, length: number): Uint8Array {
    // Not all of it could be present at a time: nothing is allocated for a length that a guest made up.
    if (length < 0 || length > this.frames.ram.size) throw new UserFault(address);
    const out = new Uint8Array(length);
    this.copyOut(address, length, bufferOf(out), 0);
    return out;
  }

  write(address: number, bytes: Uint8Array): void {
    this.copyIn(address, bytes.length, bufferOf(bytes), 0);
  }

  copyOut(address: number, length: number, into: ByteBuffer, at: number): void {
    const { arena } = this.frames.ram;
    for (let done = 0; done < length; ) {
      const start = this.readable(address + done);
      const count = Math.min(length - done, PAGE_SIZE - (start & (PAGE_SIZE - 1)));
      arena.load(start, count, into, at + done);
      done += count;
    }
  }

  copyIn(address: number, length: number, from: ByteBuffer, at: number): void {
    const { arena } = this.frames.ram;
    for (let done = 0; done < length; ) {
      const start = this.writable(address + done);
      const count = Math.min(length - done, PAGE_SIZE - (start & (PAGE_SIZE - 1)));
      arena.store(start, count, from, at + done);
      done += count;
    }
  }

  reach(address: number, length: number, access: "read" | "write"): number {
    let number = Math.floor(address / PAGE_SIZE);
    for (let done = 0; done < length; done = ++number * PAGE_SIZE - address) {
      const at = address + done;
      const page = access === "read" ? this.pageForRead(number, at) : this.pageForWrite(number, at);
      if (page !== -1) continue;
      if (done > 0) return done;
      throw new UserFault(at);
    }
    return length;
  }

  fill(address: number, length: number, byte: number): void {
    const done = this.pieces(address, length, "write", (piece) => piece.fill(byte));
    if (done < length) throw new UserFault(address + done);
  }

  readU8(address: number): number {
    return this.frames.ram.arena.u8[this.readable(address)];
  }

  readU16(address: number): number {
    if (crosses(address, 2)) return this.copied(address, 2).getUint16(0, true);
    return this.frames.ram.arena.view.getUint16(this.readable(address), true);
  }

  readU32(address: number): number {
    if (crosses(address, 4)) return this.copied(address, 4).getUint32(0, true);
    return this.frames.ram.arena.view.getUint32(this.readable(address), true);
  }

  readI32(address: number): number {
    return this.readU32(address) | 0;
  }

  readU64(address: number): bigint {
    if (crosses(address, 8)) return this.copied(address, 8).getBigUint64(0, true);
    return this.frames.ram.arena.view.getBigUint64(this.readable(address), true);
  }

  readWord(address: number): number {
    if (crosses(address, 8)) return word(this.copied(address, 8), 0);
    return word(this.frames.ram.arena.view, this.readable(address));
  }

  writeU8(address: number, value: number): void {
    this.frames.ram.arena.u8[this.writable(address)] = value;
  }

  writeU16(address: number, value: number): void {
    if (crosses(address, 2)) this.write(address, new Uint8Array(Uint16Array.of(value).buffer));
    else this.frames.ram.arena.view.setUint16(this.writable(address), value, true);
  }

  writeU32(address: number, value: number): void {
    if (crosses(address, 4)) this.write(address, new Uint8Array(Uint32Array.of(value).buffer));
    else this.frames.ram.arena.view.setUint32(this.writable(address), value, true);
  }

  writeU64(address: number, value: bigint): void {
    if (crosses(address, 8)) this.write(address, new Uint8Array(BigUint64Array.of(value).buffer));
    else this.frames.ram.arena.view.setBigUint64(this.writable(address), value, true);
  }

  writeWord(address: number, value: number): void {
    this.writeU64(address, BigInt.asUintN(64, BigInt(value)));
  }

  readCString(address: number, limit: number): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let at = address; length < limit; ) {
      const count = Math.min(PAGE_SIZE - (at % PAGE_SIZE), limit - length);
      const start = this.readable(at);
      const piece = this.frames.ram.arena.u8.subarray(start, start + count);
      const end = piece.indexOf(0);
      parts.push(piece.slice(0, end === -1 ? count : end));
      length += parts[parts.length - 1].length;
      if (end !== -1) return parts.length === 1 ? parts[0] : joined(parts, length);
      at += count;
    }
    return undefined;
  }

  pieces(
    address: number,
    length: number,
    access: "read" | "write",
    piece: (bytes: Uint8Array) => void,
  ): number {
    let done = 0;
    while (done < length) {
      const at = address + done;
      const number = Math.floor(at / PAGE_SIZE);
      const page = access === "read" ? this.pageForRead(number, at) : this.pageForWrite(number, at);
      if (page === -1) {
        if (done > 0) return done;
        throw new UserFault(at);
      }
      if (access === "write") this.platform.codeWritten(page);
      const offset = at - number * PAGE_SIZE;
      const count = Math.min(length - done, PAGE_SIZE - offset);
      const { ram } = this.frames;
      const start = (access === "read" ? ram.readable(page) : ram.writable(page)) + offset;
      piece(ram.arena.u8.subarray(start, start + count));
      done += count;
    }
    return done;
  }

  /** Linear-memory address behind a user address. */
  private readable(address: number): number {
    const number = Math.floor(address / PAGE_SIZE);
    const page = this.pageForRead(number, address);
    if (page === -1) throw new UserFault(address);
    return this.frames.ram.readable(page) + (address - number * PAGE_SIZE);
  }

  private writable(address: number): number {
    const number = Math.floor(address / PAGE_SIZE);
    const page = this.pageForWrite(number, address);
    if (page === -1) throw new UserFault(address);
    this.platform.codeWritten(page);
    return this.frames.ram.writable(page) + (address - number * PAGE_SIZE);
  }

  private copied(address: number, length: number): DataView {
    return new DataView(this.read(address, length).buffer);
  }

  /** Physical page that user code would read `address`, in page `number`, from, or -1. */
  private pageForRead(number: number, address: number): number {
    if (!(number >= 0)) return -1;
    const slot = number % CACHE;
    if (this.known[Known.readTag + slot] === number) return this.known[Known.readPage + slot];
    const page = this.translate(address, "read", Pte.U | Pte.R);
    if (page !== -1) {
      this.known[Known.readTag + slot] = number;
      this.known[Known.readPage + slot] = page;
    }
    return page;
  }

  /** The same for writing. Who writes says so to the platform. */
  private pageForWrite(number: number, address: number): number {
    if (!(number >= 0)) return -1;
    const slot = number % CACHE;
    let page = this.known[Known.writePage + slot];
    if (this.known[Known.writeTag + slot] !== number) {
      page = this.translate(address, "write", Pte.U | Pte.W);
      if (page === -1) return -1;
      this.known[Known.writeTag + slot] = number;
      this.known[Known.writePage + slot] = page;
    }
    return page;
  }

  private translate(address: number, access: "read" | "write", needed: number): number {
    if (address >= LOWER_HALF_END) return -1;
    const entry = this.resident.entry(address);
    if ((entry & needed) === needed) {
      if ((entry & Pte.A) === 0) this.resident.touch(address);
      return entry >>> 10;
    }
    const fault = this.fault(address, access);
    if (fault === "outOfMemory") this.starved();
    if (fault !== undefined) return -1;
    return this.resident.entry(address) >>> 10;
  }
}

const crosses = (address: number, size: number): boolean => (address % PAGE_SIZE) + size > PAGE_SIZE;

const word = (view: DataView, at: number): number =>
  view.getInt32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true);

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
