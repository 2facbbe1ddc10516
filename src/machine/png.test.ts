import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { encodePng } from "./png.ts";

/** The chunks of a file, with the check of each computed bit by bit. */
function chunks(file: Uint8Array) {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const found: { type: string; data: Uint8Array; isSound: boolean }[] = [];
  for (let at = 8; at < file.length; ) {
    const length = view.getUint32(at);
    const checked = file.subarray(at + 4, at + 8 + length);
    found.push({
      type: new TextDecoder().decode(checked.subarray(0, 4)),
      data: checked.subarray(4),
      isSound: view.getUint32(at + 8 + length) === check(checked),
    });
    at += 12 + length;
  }
  return found;
}

/** By division of polynomials: highest power first, over complemented first 32 bits. */
function check(bytes: Uint8Array): number {
  let remainder = 0xffff_ffff;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const out = ((byte >> bit) & 1) ^ (remainder & 1);
      remainder = out ? (remainder >>> 1) ^ 0xedb8_8320 : remainder >>> 1;
    }
  return (remainder ^ 0xffff_ffff) >>> 0;
}

/** The pixels again, from rows that are all filtered as the differences from the row above. */
function decode(file: Uint8Array, width: number, height: number): Uint8Array {
  const data = inflateSync(chunks(file).find(({ type }) => type === "IDAT")!.data);
  expect(data.length).toBe(height * (width * 4 + 1));
  const rgba = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++) {
    expect(data[row * (width * 4 + 1)]).toBe(2);
    for (let i = 0; i < width * 4; i++) {
      const above = row === 0 ? 0 : rgba[(row - 1) * width * 4 + i];
      rgba[row * width * 4 + i] = above + data[row * (width * 4 + 1) + 1 + i];
    }
  }
  return rgba;
}

test("a picture comes back from its file", async () => {
  const [width, height] = [37, 11];
  const rgba = Uint8Array.from({ length: width * height * 4 }, (_, i) => (i * i * 7 + (i >> 3)) & 0xff);
  const file = await encodePng({ width, height, rgba });
  expect([...file.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = chunks(file);
  expect(parts.map(({ type, isSound }) => [type, isSound])).toEqual([
    ["IHDR", true],
    ["IDAT", true],
    ["IEND", true],
  ]);
  expect([...parts[0].data]).toEqual([0, 0, 0, width, 0, 0, 0, height, 8, 6, 0, 0, 0]);
  expect(decode(file, width, height)).toEqual(rgba);
});

test("a screen of one colour is a small file", async () => {
  const [width, height] = [1280, 800];
  const file = await encodePng({ width, height, rgba: new Uint8Array(width * height * 4).fill(0x55) });
  expect(file.length).toBeLessThan(10_000);
});
