/** Pixels of a picture: red, green, blue and alpha, a byte each, row by row from the top. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly rgba: Uint8Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const COLOUR_RGBA = 6;
const FILTER_UP = 2;
const BYTES_PER_PIXEL = 4;

/** The picture as a PNG file (W3C PNG, third edition): 8 bits a channel, with alpha, not interlaced. */
export async function encodePng(picture: Picture): Promise<Uint8Array> {
  const header = new Uint8Array(13);
  const fields = new DataView(header.buffer);
  fields.setUint32(0, picture.width);
  fields.setUint32(4, picture.height);
  header.set([8, COLOUR_RGBA], 8);
  const parts = [
    Uint8Array.from(SIGNATURE),
    chunk("IHDR", header),
    chunk("IDAT", await deflate(filter(picture))),
    chunk("IEND", new Uint8Array(0)),
  ];
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Each row as its differences from the row above (section 9), which screens have few of. */
function filter({ width, height, rgba }: Picture): Uint8Array<ArrayBuffer> {
  const stride = width * BYTES_PER_PIXEL;
  const rows = new Uint8Array(height * (stride + 1));
  for (let row = 0; row < height; row++) {
    const from = row * stride;
    const to = row * (stride + 1);
    rows[to] = FILTER_UP;
    for (let i = 0; i < stride; i++)
      rows[to + 1 + i] = rgba[from + i] - (row === 0 ? 0 : rgba[from + i - stride]);
  }
  return rows;
}

/** The platform's "deflate" is a zlib stream, which is what PNG wants. */
async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Length, type, data and the check over type and data (section 5.3). */
function chunk(type: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(data.length + 12);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  out.set(new TextEncoder().encode(type), 4);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

/** The CRC of ISO 3309 (annex D): polynomial 0xedb88320, reflected. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  return crc;
});
