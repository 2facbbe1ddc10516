import type { Answer, Disk } from "../disk.ts";
import type { Chain } from "./device.ts";

/** Request types (VIRTIO 1.2, section 5.2.6). */
const Type = { read: 0, write: 1, flush: 4, getId: 8, discard: 11, writeZeroes: 13 } as const;
export const Status = { ok: 0, ioError: 1, unsupported: 2 } as const;

export const SECTOR = 512;
/** The most ranges that one discard or write-zeroes request may have, and the most sectors of each. */
export const MAX_RANGES = 16;
export const MAX_RANGE_SECTORS = 1 << 16;
const HEADER_SIZE = 16;
const RANGE_SIZE = 16;
const FLAG_UNMAP = 1;
const ID_SIZE = 20;
/** Bytes of a request that are on their way at once: a larger one goes in pieces. */
export const PIECE = 1 << 20;

/** One piece of host work after the other; each step is given the outcome of the one before. */
export type Steps = Generator<Answer<unknown>, void, unknown>;

/** What is to be done for a request. It takes up to `weight` bytes of memory at a time. */
export interface Job {
  readonly chain: Chain;
  readonly steps: Steps;
  readonly weight: number;
}

interface Range {
  readonly offset: number;
  readonly length: number;
}

/**
 * Reads a request; a number is the status of one that is answered at once.
 *
 *     to read   0 type   4 reserved   8 sector   16 data of a write, or ranges: 0 sector   8 sectors   12 flags
 *     to write  data of a read, then the status in the last byte
 *
 * `isWriteThrough`: what was written is on the disk for good before the request ends.
 */
export function begin(chain: Chain, disk: Disk, serial: string, isWriteThrough: boolean): Job | number {
  const bytes = chain.read(0, HEADER_SIZE);
  if (bytes.length < HEADER_SIZE) return Status.ioError;
  const header = view(bytes);
  const type = header.getUint32(0, true);
  const first = sectorAt(header, 8);
  switch (type) {
    case Type.read: {
      const range = transfer(disk, first, chain.writable - 1);
      if (!range) return Status.ioError;
      return { chain, steps: read(disk, chain, range), weight: Math.min(PIECE, range.length) };
    }
    case Type.write: {
      const range = transfer(disk, first, chain.readable - HEADER_SIZE);
      if (!range || disk.readOnly) return Status.ioError;
      const steps = change(disk, write(disk, chain, range), isWriteThrough);
      return { chain, steps, weight: Math.min(PIECE, range.length) };
    }
    case Type.flush:
      return { chain, steps: flush(disk), weight: 0 };
    case Type.getId:
      chain.write(0, identity(serial).subarray(0, chain.writable - 1));
      return Status.ok;
    case Type.discard:
    case Type.writeZeroes: {
      const ranges = rangesOf(chain, disk, type);
      if (typeof ranges === "number") return ranges;
      const steps = type === Type.discard ? discard(disk, ranges) : writeZeroes(disk, ranges);
      return { chain, steps: change(disk, steps, isWriteThrough), weight: 0 };
    }
  }
  return Status.unsupported;
}

/** The bytes that a read or a write is about; undefined where they are not whole sectors of the disk. */
function transfer(disk: Disk, sector: number, length: number): Range | undefined {
  const offset = sector * SECTOR;
  return length % SECTOR === 0 && offset + length <= disk.sizeBytes ? { offset, length } : undefined;
}

function rangesOf(chain: Chain, disk: Disk, type: number): Range[] | number {
  const size = chain.readable - HEADER_SIZE;
  const isAllowed = size > 0 && size % RANGE_SIZE === 0 && size <= MAX_RANGES * RANGE_SIZE;
  if (!isAllowed || disk.readOnly) return Status.ioError;
  const bytes = view(chain.read(HEADER_SIZE, size));
  const ranges: Range[] = [];
  for (let at = 0; at < size; at += RANGE_SIZE) {
    // Zeroes may always be given back, so there the flag asks for nothing more.
    if ((bytes.getUint32(at + 12, true) & ~(type === Type.writeZeroes ? FLAG_UNMAP : 0)) !== 0)
      return Status.unsupported;
    const sectors = bytes.getUint32(at + 8, true);
    const range = transfer(disk, sectorAt(bytes, at), sectors * SECTOR);
    if (!range || sectors > MAX_RANGE_SECTORS) return Status.ioError;
    ranges.push(range);
  }
  return ranges;
}

function* read(disk: Disk, chain: Chain, { offset, length }: Range): Steps {
  for (let at = 0; at < length; at += PIECE) {
    const bytes = yield disk.read(offset + at, Math.min(PIECE, length - at));
    chain.write(at, bytes as Uint8Array);
  }
}

function* write(disk: Disk, chain: Chain, { offset, length }: Range): Steps {
  for (let at = 0; at < length; at += PIECE) {
    const bytes = chain.read(HEADER_SIZE + at, Math.min(PIECE, length - at));
    yield disk.write(offset + at, bytes);
  }
}

function* flush(disk: Disk): Steps {
  yield disk.flush();
}

function* discard(disk: Disk, ranges: readonly Range[]): Steps {
  for (const { offset, length } of ranges) yield disk.discard(offset, length);
}

function* writeZeroes(disk: Disk, ranges: readonly Range[]): Steps {
  for (const { offset, length } of ranges) yield disk.writeZeroes(offset, length);
}

function* change(disk: Disk, steps: Steps, isWriteThrough: boolean): Steps {
  yield* steps;
  if (isWriteThrough) yield* flush(disk);
}

/** Zeroes fill what the serial number leaves; one of 20 bytes has none behind it. */
function identity(serial: string): Uint8Array {
  const bytes = new Uint8Array(ID_SIZE);
  new TextEncoder().encodeInto(serial, bytes);
  return bytes;
}

function sectorAt(bytes: DataView, offset: number): number {
  return bytes.getUint32(offset, true) + bytes.getUint32(offset + 4, true) * 2 ** 32;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
