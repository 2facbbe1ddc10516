import { type Bulk, bulkOf } from "./bulk.ts";

/**
 * The linear memory shared by a family of machines: a machine, its harts, its snapshots and its forks.
 *
 * Hart blocks, software TLBs, decoded slots and guest page frames all live here, so Wasm addresses them
 * directly and TypeScript sees them through typed arrays. The memory never grows (growing would detach every
 * view): it is reserved at its full size, and the host commits a page when it is first touched.
 *
 * It is shared memory although one thread uses it: V8 counts other memory at its full size, however little of it is
 * committed, and collects garbage for every machine that is made. What is in use is told to V8 another way (`weigh`).
 *
 * Address 0 is never handed out, so 0 stands for "none" wherever an address is stored.
 */
export const FRAME_SIZE = 4096;
const WASM_PAGE = 65536;
const LARGEST = 65536 * WASM_PAGE;
/**
 * V8 is told of what is in use in pieces of this many bytes: as much as it lets pass without collecting garbage, and so
 * much that the C library maps them and never touches them.
 */
const WEIGHT = 64 << 20;
/** Frames are taken from the arena in batches of this many. */
const FRAME_BATCH = 256;
/** In a frame's count of references: it is at home. */
const HOME = 2 ** 31;

/** Frames by number, `first` to before `end`: each the home of one page, serving no other. Those that nobody holds are zero. */
export interface Home {
  readonly first: number;
  /** Goes down when no other frames are left: those behind it serve any page. */
  end: number;
}

/** Bytes to copy from and to. */
export interface ByteBuffer {
  readonly bytes: Uint8Array;
  /** Where they stand in the arena; 0: outside of it. */
  readonly address: number;
}

/** Bytes that are in no arena. */
export const bufferOf = (bytes: Uint8Array): ByteBuffer => ({ bytes, address: 0 });

export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
  readonly view: DataView;
  readonly size: number;
  private readonly bulk: Bulk;

  private top = WASM_PAGE;
  /** Bytes that are in use, or may be touched at any time. */
  private used = 0;
  /** Buffers that nobody uses, together about as large as what is in use. */
  private readonly weights: ArrayBuffer[] = [];
  /** Blocks given back, by their size. */
  private readonly freeBlocks = new Map<number, number[]>();
  private freeFrames: number[] = [];
  private recycledFrames: number[] = [];
  private readonly homes: Home[] = [];
  /** How many page maps hold each frame, by frame number; 0 for what is not a frame in use. */
  private references = new Uint32Array(4096);

  /**
   * `bytes`: room for everything the family will hold; at most 4 GiB, which costs no more than less does: V8 reserves as
   * much address space for a small memory.
   */
  constructor(bytes: number = LARGEST) {
    const pages = Math.ceil(Math.min(LARGEST, bytes + WASM_PAGE) / WASM_PAGE);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const buffer = this.memory.buffer;
    this.size = buffer.byteLength;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i64 = new BigInt64Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.view = new DataView(buffer);
    this.bulk = bulkOf(this.memory);
  }

  /** Reserves `bytes` zeroed bytes at a multiple of `align` (8 or more). Throws `ArenaFull`. */
  reserve(bytes: number, align: number): number {
    const free = this.freeBlocks.get(bytes);
    const reused = free?.findIndex((block) => block % align === 0) ?? -1;
    if (free && reused >= 0) return free.splice(reused, 1)[0];
    const start = this.place(bytes, align);
    this.use(bytes);
    return start;
  }

  private place(bytes: number, align: number): number {
    const start = Math.ceil(this.top / align) * align;
    if (start + bytes > this.size) throw new ArenaFull(bytes);
    this.top = start + bytes;
    return start;
  }

  /** Lets V8 know how much memory goes away with this arena, so that it sees when collecting is worth its while. */
  private use(bytes: number): void {
    this.used += bytes;
    while ((this.weights.length + 1) * WEIGHT <= this.used) this.weights.push(new ArrayBuffer(WEIGHT));
  }

  /** Gives back what `reserve` gave; the next reservation of this size gets it. */
  release(start: number, bytes: number): void {
    this.fill(start, 0, bytes);
    const free = this.freeBlocks.get(bytes);
    if (free) free.push(start);
    else this.freeBlocks.set(bytes, [start]);
  }

  /** A buffer in this memory, which is quick to copy from and to guests' pages; elsewhere where there is no room. */
  lend(length: number): ByteBuffer {
    try {
      const address = this.reserve(length, FRAME_SIZE);
      return { bytes: this.u8.subarray(address, address + length), address };
    } catch (error) {
      if (error instanceof ArenaFull) return bufferOf(new Uint8Array(length));
      throw error;
    }
  }

  /** Takes back what `lend` gave. */
  takeBack({ bytes, address }: ByteBuffer): void {
    if (address !== 0) this.release(address, bytes.length);
  }

  /**
   * Reserves `count` frames that follow each other, for memory whose pages are to do so too; address space alone until they
   * are taken. Throws `ArenaFull`.
   */
  reserveHome(count: number): Home {
    const first = this.place(count * FRAME_SIZE, FRAME_SIZE) / FRAME_SIZE;
    const home = { first, end: first + count };
    this.growReferences(home.end);
    this.homes.push(home);
    return home;
  }

  /** The frames of `home` serve any page from now on, each when nobody holds it any more. */
  releaseHome(home: Home): void {
    this.homes.splice(this.homes.indexOf(home), 1);
    this.open(home, home.first);
  }

  /** A zeroed frame with one reference: frame `index` of `home`, where nobody holds that, or another. Throws `ArenaFull`. */
  allocateFrame(home?: Home, index = 0): number {
    if (home) {
      const number = home.first + index;
      if (number < home.end && this.references[number] === 0) {
        this.references[number] = HOME + 1;
        this.use(FRAME_SIZE);
        // Whoever reads it first writes to it next, and the host would find it a page twice.
        this.u8[number * FRAME_SIZE] = 0;
        return number * FRAME_SIZE;
      }
    }
    const recycled = this.recycledFrames.pop();
    if (recycled !== undefined) {
      this.clearFrame(recycled);
      this.references[recycled / FRAME_SIZE] = 1;
      return recycled;
    }
    if (this.freeFrames.length === 0) this.findFrames();
    const frame = this.freeFrames.pop() as number;
    this.references[frame / FRAME_SIZE] = 1;
    return frame;
  }

  /** More free frames: new ones, or homes that nobody has moved into. */
  private findFrames(): void {
    const room = Math.floor((this.size - this.top) / FRAME_SIZE) - 1;
    const count = Math.min(FRAME_BATCH, room);
    if (count > 0) {
      const start = this.reserve(count * FRAME_SIZE, FRAME_SIZE);
      for (let i = count - 1; i >= 0; i--) this.freeFrames.push(start + i * FRAME_SIZE);
      this.growReferences(start / FRAME_SIZE + count);
      return;
    }
    for (const home of this.homes)
      while (home.end > home.first) {
        this.open(home, Math.max(home.first, home.end - FRAME_BATCH));
        if (this.freeFrames.length > 0) return;
      }
    throw new ArenaFull(FRAME_SIZE);
  }

  /** Frames of `home` from `end` on are no homes any more. */
  private open(home: Home, end: number): void {
    for (let frame = home.end - 1; frame >= end; frame--) {
      this.references[frame] &= HOME - 1;
      if (this.references[frame] === 0) this.freeFrames.push(frame * FRAME_SIZE);
    }
    home.end = end;
  }

  private growReferences(frames: number): void {
    if (frames <= this.references.length) return;
    const longer = new Uint32Array(Math.max(frames, this.references.length * 2));
    longer.set(this.references);
    this.references = longer;
  }

  /** Another page map holds `frame` now. */
  shareFrame(frame: number): void {
    this.references[frame / FRAME_SIZE]++;
  }

  /** A page map lets go of `frame`. */
  releaseFrame(frame: number): void {
    const left = --this.references[frame / FRAME_SIZE];
    if (left === 0) this.recycledFrames.push(frame);
    else if (left === HOME) {
      this.references[frame / FRAME_SIZE] = 0;
      this.clearFrame(frame);
      this.used -= FRAME_SIZE;
    }
  }

  /** Fills `length` bytes with one; quicker than a typed array does. */
  fill(start: number, byte: number, length: number): void {
    this.bulk.fill(start, byte, length);
  }

  /** Makes a frame zeros. */
  clearFrame(frame: number): void {
    this.fill(frame, 0, FRAME_SIZE);
  }

  /** Copies a frame to another one. */
  copyFrame(to: number, from: number): void {
    this.bulk.copy(to, from, FRAME_SIZE);
  }

  /** Copies `length` bytes at `from` to `into`, from its byte `at` on. */
  load(from: number, length: number, into: ByteBuffer, at: number): void {
    if (into.address !== 0) this.bulk.copy(into.address + at, from, length);
    else into.bytes.set(this.u8.subarray(from, from + length), at);
  }

  /** The other way. */
  store(to: number, length: number, from: ByteBuffer, at: number): void {
    const { bytes, address } = from;
    if (address !== 0) this.bulk.copy(to, address + at, length);
    else this.u8.set(length === bytes.length ? bytes : bytes.subarray(at, at + length), to);
  }

  isShared(frame: number): boolean {
    return (this.references[frame / FRAME_SIZE] & (HOME - 1)) > 1;
  }
}

/** The arena has no room left: the host-side limit of a machine family, not a guest fault. */
export class ArenaFull extends Error {
  constructor(bytes: number) {
    super(`the machine's memory arena is full (${bytes} more bytes were asked for)`);
    this.name = "ArenaFull";
  }
}
