import type { Dma } from "../../memory/dma.ts";
import { bytes, integer, listOf, must, optional, record, type Shaped, u32 } from "../state-shape.ts";
import type { Rect } from "./gpu-protocol.ts";

/** The bytes of red, green, blue and alpha (-1: none, opaque) of each format, as they stand in memory. */
const FORMATS: Readonly<Record<number, readonly [number, number, number, number]>> = {
  1: [2, 1, 0, 3], // B8G8R8A8
  2: [2, 1, 0, -1], // B8G8R8X8
  3: [1, 2, 3, 0], // A8R8G8B8
  4: [1, 2, 3, -1], // X8R8G8B8
  67: [0, 1, 2, 3], // R8G8B8A8
  68: [3, 2, 1, -1], // X8B8G8R8
  121: [3, 2, 1, 0], // A8B8G8R8
  134: [0, 1, 2, -1], // R8G8B8X8
};

/** All formats have four bytes. */
export const BYTES_PER_PIXEL = 4;

/** What all pictures of a device may take of the host's memory together. */
export const MAX_PIXEL_BYTES = 256 * 1024 * 1024;
/** Pieces of all backings together: 256 MiB in single pages. */
export const MAX_PIECES = 65536;

export const isGpuFormat = (format: number) => FORMATS[format] !== undefined;

/** Guest RAM in pieces: of piece i the address is at 2i, the length at 2i + 1. */
export type Backing = readonly number[];

export const GPU_RESOURCE_STATE = record({
  format: u32,
  width: u32,
  height: u32,
  pixels: bytes(BYTES_PER_PIXEL, MAX_PIXEL_BYTES),
  backing: optional(listOf(integer(0, Number.MAX_SAFE_INTEGER), 0, 2 * MAX_PIECES)),
});
export type GpuResourceState = Shaped<typeof GPU_RESOURCE_STATE>;

/** A picture on the host, and the guest's memory that it is filled from. */
export class GpuResource {
  readonly format: number;
  readonly width: number;
  readonly height: number;
  /** Undefined: detached. */
  backing: Backing | undefined;
  private readonly pixels: Uint8Array;

  /** `format` is one of `isGpuFormat`. */
  constructor({ format, width, height }: { format: number; width: number; height: number }) {
    this.format = format;
    this.width = width;
    this.height = height;
    this.pixels = new Uint8Array(width * height * BYTES_PER_PIXEL);
  }

  get bytes(): number {
    return this.pixels.length;
  }

  get pieces(): number {
    return (this.backing?.length ?? 0) / 2;
  }

  /** `rect` lies inside and is not empty. */
  contains({ x, y, width, height }: Rect): boolean {
    return width > 0 && height > 0 && x + width <= this.width && y + height <= this.height;
  }

  /**
   * Fills `rect`, which lies inside, from the backing: its first pixel stands at `offset`, and the rows are as far
   * apart as the picture's. What lies behind the end of the backing stays as it was. The pieces are walked once, so
   * that the work is at most that of the picture's rows and the backing's pieces together.
   */
  transfer(memory: Dma, rect: Rect, offset: number): void {
    const { backing = [], width } = this;
    let piece = 0;
    let pieceStart = 0;
    for (let row = 0; row < rect.height; row++) {
      let from = offset + row * width * BYTES_PER_PIXEL;
      let to = ((rect.y + row) * width + rect.x) * BYTES_PER_PIXEL;
      const end = to + rect.width * BYTES_PER_PIXEL;
      while (to < end && piece < backing.length) {
        const within = from - pieceStart;
        const available = backing[piece + 1] - within;
        if (available <= 0) {
          pieceStart += backing[piece + 1];
          piece += 2;
          continue;
        }
        const length = Math.min(end - to, available);
        const bytes = memory.read(backing[piece] + within, length);
        if (!bytes) return;
        this.pixels.set(bytes, to);
        from += length;
        to += length;
      }
    }
  }

  /** Red, green, blue and alpha, a byte each, of the pixels of `rect`, which lies inside. */
  rgba(rect: Rect): Uint8Array {
    const [red, green, blue, alpha] = FORMATS[this.format];
    const { pixels, width } = this;
    const out = new Uint8Array(rect.width * rect.height * BYTES_PER_PIXEL);
    let to = 0;
    for (let row = 0; row < rect.height; row++) {
      let from = ((rect.y + row) * width + rect.x) * BYTES_PER_PIXEL;
      for (let column = 0; column < rect.width; column++) {
        out[to] = pixels[from + red];
        out[to + 1] = pixels[from + green];
        out[to + 2] = pixels[from + blue];
        out[to + 3] = alpha < 0 ? 0xff : pixels[from + alpha];
        from += BYTES_PER_PIXEL;
        to += BYTES_PER_PIXEL;
      }
    }
    return out;
  }

  save(): GpuResourceState {
    const { format, width, height, backing } = this;
    return { format, width, height, pixels: this.pixels.slice(), backing };
  }

  static restored(state: GpuResourceState): GpuResource {
    const { format, width, height, pixels, backing } = state;
    must(isGpuFormat(format) && pixels.length === width * height * BYTES_PER_PIXEL);
    must((backing?.length ?? 0) % 2 === 0);
    const resource = new GpuResource(state);
    resource.pixels.set(pixels);
    resource.backing = backing;
    return resource;
  }
}
