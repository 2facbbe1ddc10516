import { type Arena, FRAME_SIZE, type Home } from "./arena.ts";

/**
 * Guest-physical RAM: a map from guest page to frame in the arena, never `base + address`.
 *
 * A page gets a frame when it is first touched: its home, so that pages which follow each other are in frames that do
 * too. `fork()` shares all frames; the first write to a shared one copies it (copy-on-write), to any frame, and a fork's
 * new pages are in any frame as well, because it has no home of its own. Only this file knows where a page is; a software
 * TLB may keep what `readable` or `writable` returned until `onChange` says otherwise.
 *
 * Addresses are JavaScript numbers (guest-physical addresses stay below 2^53).
 */
export class PhysicalMemory {
  readonly arena: Arena;
  /** First guest-physical address; page aligned. */
  readonly base: number;
  /** Bytes; page aligned. */
  readonly size: number;
  /** Linear-memory address of each page's frame, 0 where untouched; stands in the arena for Wasm to read. */
  readonly map: Uint32Array;
  /**
   * Called when addresses that `readable` or `writable` gave out stop being right: one page number
   * (guest-physical address / 4096) moved, or (-1) every page became shared, so nothing may be written
   * through an old address.
   */
  onChange: (page: number) => void = () => {};
  private readonly firstPage: number;
  /** Where its pages are as long as nobody shares them; a fork has none. */
  private readonly home: Home | undefined;
  private touched = 0;

  /** Throws `ArenaFull`. */
  constructor(arena: Arena, base: number, size: number, hasHome = true) {
    if (base % FRAME_SIZE !== 0 || size % FRAME_SIZE !== 0 || size <= 0)
      throw new RangeError("RAM must be whole pages");
    this.arena = arena;
    this.base = base;
    this.size = size;
    this.firstPage = base / FRAME_SIZE;
    const pages = size / FRAME_SIZE;
    this.home = hasHome ? arena.reserveHome(pages) : undefined;
    this.map = new Uint32Array(arena.memory.buffer, arena.reserve(pages * 4, 8), pages);
  }

  contains(address: number): boolean {
    return address >= this.base && address < this.base + this.size;
  }

  /** Pages that hold a frame. */
  get residentPages(): number {
    return this.touched;
  }

  /** Linear-memory address of `page` (guest-physical address / 4096, must be RAM), good for reading. */
  readable(page: number): number {
    const index = page - this.firstPage;
    const frame = this.map[index];
    if (frame !== 0) return frame;
    const fresh = this.arena.allocateFrame(this.home, index);
    this.map[index] = fresh;
    this.touched++;
    return fresh;
  }

  /** Linear-memory address of `page`, good for reading and writing. */
  writable(page: number): number {
    const index = page - this.firstPage;
    const frame = this.map[index];
    if (frame === 0) return this.readable(page);
    if (!this.arena.isShared(frame)) return frame;
    const copy = this.arena.allocateFrame();
    this.arena.copyFrame(copy, frame);
    this.arena.releaseFrame(frame);
    this.map[index] = copy;
    this.onChange(page);
    return copy;
  }

  /** A write to the page has to copy it first. */
  isShared(page: number): boolean {
    return this.arena.isShared(this.map[page - this.firstPage]);
  }

  /** Gives a page's frame back; it reads as zero afterwards. */
  discard(page: number): void {
    const index = page - this.firstPage;
    if (this.map[index] === 0) return;
    this.arena.releaseFrame(this.map[index]);
    this.map[index] = 0;
    this.touched--;
    this.onChange(page);
  }

  /** A copy that shares every frame until one side writes to it. */
  fork(): PhysicalMemory {
    const copy = new PhysicalMemory(this.arena, this.base, this.size, false);
    for (let i = 0; i < this.map.length; i++) {
      const frame = this.map[i];
      if (frame === 0) continue;
      this.arena.shareFrame(frame);
      copy.map[i] = frame;
    }
    copy.touched = this.touched;
    this.onChange(-1);
    return copy;
  }

  /** Lets go of every frame and of the map. The memory must not be used afterwards. */
  release(): void {
    if (this.home) this.arena.releaseHome(this.home);
    for (const frame of this.map) if (frame !== 0) this.arena.releaseFrame(frame);
    this.arena.release(this.map.byteOffset, this.map.byteLength);
    this.onChange(-1);
  }

  /** Copies `length` bytes out; the range must be RAM. */
  read(address: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    this.eachPiece(address, length, false, (from, done, count) => {
      out.set(this.arena.u8.subarray(from, from + count), done);
    });
    return out;
  }

  /** Copies bytes in; the range must be RAM. Decoded code is not told: see `CodeCache.written`. */
  write(address: number, bytes: Uint8Array): void {
    this.eachPiece(address, bytes.length, true, (to, done, count) => {
      this.arena.u8.set(bytes.subarray(done, done + count), to);
    });
  }

  /** The bytes themselves, for who fills them at once: as few pieces as their frames allow. The range must be RAM. */
  pieces(address: number, length: number): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    this.eachPiece(address, length, true, (from, _done, count) => {
      pieces.push(this.arena.u8.subarray(from, from + count));
    });
    return pieces;
  }

  readU32(address: number): number {
    return this.arena.view.getUint32(this.locate(address, 4), true);
  }

  readU64(address: number): bigint {
    return this.arena.view.getBigUint64(this.locate(address, 8), true);
  }

  writeU32(address: number, value: number): void {
    this.arena.view.setUint32(this.locateForWrite(address, 4), value, true);
  }

  writeU64(address: number, value: bigint): void {
    this.arena.view.setBigUint64(this.locateForWrite(address, 8), value, true);
  }

  private locate(address: number, size: number): number {
    this.requireRam(address, size);
    return this.readable(Math.floor(address / FRAME_SIZE)) + (address % FRAME_SIZE);
  }

  private locateForWrite(address: number, size: number): number {
    this.requireRam(address, size);
    return this.writable(Math.floor(address / FRAME_SIZE)) + (address % FRAME_SIZE);
  }

  /** Naturally aligned words only, so one never crosses a frame. */
  private requireRam(address: number, size: number): void {
    if (!this.contains(address) || address % size !== 0)
      throw new RangeError(`no aligned RAM word at 0x${address.toString(16)}`);
  }

  /** Calls `piece` with where in the arena each part of a range is. Frames that follow each other make one part. */
  private eachPiece(
    address: number,
    length: number,
    isWritten: boolean,
    piece: (at: number, done: number, count: number) => void,
  ) {
    if (length > 0 && !(this.contains(address) && this.contains(address + length - 1)))
      throw new RangeError(`not RAM: 0x${address.toString(16)}, ${length} bytes`);
    const frameOf = (page: number) => (isWritten ? this.writable(page) : this.readable(page));
    for (let done = 0; done < length; ) {
      let page = Math.floor((address + done) / FRAME_SIZE);
      const within = (address + done) % FRAME_SIZE;
      const at = frameOf(page) + within;
      let count = FRAME_SIZE - within;
      while (done + count < length && frameOf(++page) === at + count) count += FRAME_SIZE;
      count = Math.min(count, length - done);
      piece(at, done, count);
      done += count;
    }
  }
}
