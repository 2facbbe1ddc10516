/** Bytes of a base block. */
export const EDID_SIZE = 128;
/** The largest screen in either direction: a timing descriptor has 12 bits for it. */
export const MAX_SCREEN_EXTENT = 4095;

const REFRESH_HZ = 60;
/** Pixels, and lines, of blanking. */
const BLANKING = { horizontal: 160, vertical: 32 } as const;
const FRONT_PORCH = { horizontal: 48, vertical: 3 } as const;
const SYNC_WIDTH = { horizontal: 32, vertical: 6 } as const;
const DOTS_PER_INCH = 100;
const NAME = "Runikraft";

/**
 * What a monitor says of itself: a base block of VESA's E-EDID 1.4 (release A2, section 3) whose only mode is
 * `width` x `height` pixels at 60 Hz with the reduced blanking of VESA CVT. Both are at most 4095.
 */
export function edid(width: number, height: number): Uint8Array {
  const block = new Uint8Array(EDID_SIZE);
  const millimetres = (pixels: number) => Math.max(1, Math.round((pixels * 25.4) / DOTS_PER_INCH));
  const centimetres = (pixels: number) => Math.min(255, Math.max(1, Math.round(millimetres(pixels) / 10)));
  block.set([0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00]);
  block.set(manufacturer("RKT"), 8);
  block.set([0x01, 0x00], 10); // product code
  block.set([0, 0, 0, 0], 12); // no serial number
  block.set([0xff, 2024 - 1990], 16); // model year
  block.set([1, 4], 18); // version
  block[20] = 0xa0; // digital, 8 bits a colour, no interface named
  block.set([centimetres(width), centimetres(height)], 21);
  block[23] = 220 - 100; // gamma 2.2
  block[24] = 0x06; // RGB, sRGB is the default, the preferred mode is the native one
  block.set([0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54], 25); // chromaticities of sRGB
  block.fill(0x01, 38, 54); // no standard timings
  block.set(detailedTiming(width, height, millimetres(width), millimetres(height)), 54);
  block.set(textDescriptor(0xfc, NAME), 72);
  block.set(textDescriptor(0x10, undefined), 90);
  block.set(textDescriptor(0x10, undefined), 108);
  block[127] = -block.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return block;
}

/** Three letters of five bits, big-endian. */
function manufacturer(letters: string): [number, number] {
  const [a, b, c] = [...letters].map((letter) => letter.charCodeAt(0) - 64);
  const id = (a << 10) | (b << 5) | c;
  return [id >> 8, id & 0xff];
}

/** 18 bytes (section 3.10.2). The low bytes of sizes come first, their upper 4 or 2 bits share a byte. */
function detailedTiming(width: number, height: number, widthMm: number, heightMm: number): number[] {
  const dots = (width + BLANKING.horizontal) * (height + BLANKING.vertical) * REFRESH_HZ;
  const clock = Math.min(0xffff, Math.round(dots / 10_000)); // in units of 10 kHz
  return [
    clock & 0xff,
    clock >> 8,
    width & 0xff,
    BLANKING.horizontal,
    (width >> 8) << 4,
    height & 0xff,
    BLANKING.vertical,
    (height >> 8) << 4,
    FRONT_PORCH.horizontal,
    SYNC_WIDTH.horizontal,
    (FRONT_PORCH.vertical << 4) | SYNC_WIDTH.vertical,
    0,
    widthMm & 0xff,
    heightMm & 0xff,
    ((widthMm >> 8) << 4) | (heightMm >> 8),
    0,
    0,
    0x1a, // separate digital sync, horizontal positive
  ];
}

/** 18 bytes (section 3.10.3): a tag and up to 13 characters, ended by a line feed and filled with spaces. */
function textDescriptor(tag: number, text: string | undefined): number[] {
  const characters = text === undefined ? "" : `${text}\n`.padEnd(13).slice(0, 13);
  const bytes = [...characters].map((character) => character.charCodeAt(0));
  return [0, 0, 0, tag, 0, ...bytes, ...new Array(13 - bytes.length).fill(0)];
}
