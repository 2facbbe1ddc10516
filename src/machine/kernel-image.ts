import { bootMessages } from "../messages/boot.ts";
import { RefusedError } from "../messages/errors.ts";
import { hex } from "../messages/hex.ts";
import { MAGIC as SAVED } from "./save-file.ts";

/** A file that a machine starts from. */
export type BootFile = {
  /** What messages call it. */
  readonly name: string;
  readonly bytes: Uint8Array;
};

/** What a file is, by its contents. */
export type ImageKind =
  | "elf"
  /** Linux's flat Image, which says where it wants to be and how much room it takes. */
  | { readonly textOffset: bigint; readonly imageSize: bigint }
  /** Anything else: code from its first byte on. */
  | "raw";

const ELF = [0x7f, 0x45, 0x4c, 0x46];
const GZIP = [0x1f, 0x8b];
const PE = [0x4d, 0x5a];
const ZBOOT = [0x7a, 0x69, 0x6d, 0x67];
/** "RSC\x05", with which Linux's header ends. */
const LINUX = [0x52, 0x53, 0x43, 0x05];
const LINUX_HEADER = 64;
const QCOW2 = [0x51, 0x46, 0x49, 0xfb];
const BIG_ENDIAN = 1n;

/** Commands that unpack what Linux calls its compressions in the header of an EFI zboot image. */
const UNPACKERS: Readonly<Record<string, string>> = {
  gzip: "gzip -dc",
  zstd: "zstd -dc",
  xzkern: "xz -dc",
  xz: "xz -dc",
  lzma: "xz --format=lzma -dc",
  lz4: "lz4 -dc",
  lzo: "lzop -dc",
};

/**
 * What `bytes` are. Throws `RefusedError` for images that only EFI firmware can start.
 *
 * Linux's header (Documentation/arch/riscv/boot-image-header.rst) is little-endian:
 *
 *      8  text_offset  64 bits  distance of the image from the start of RAM
 *     16  image_size   64 bits  in memory, with what is not in the file
 *     24  flags        64 bits  bit 0: big-endian kernel
 *     56  magic        32 bits  "RSC\x05"
 */
export function recogniseImage({ name, bytes }: BootFile): ImageKind {
  if (bytes.length === 0) throw new RefusedError(bootMessages.empty(name));
  if (startsWith(bytes, ELF)) return "elf";
  if (bytes.length >= LINUX_HEADER && startsWith(bytes, LINUX, 56)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if ((view.getBigUint64(24, true) & BIG_ENDIAN) !== 0n)
      throw new RefusedError(bootMessages.bigEndian(name));
    return { textOffset: view.getBigUint64(8, true), imageSize: view.getBigUint64(16, true) };
  }
  if (startsWith(bytes, PE)) refuseEfi({ name, bytes });
  // Anything can be raw code, but these are not meant to be.
  if (startsWith(bytes, QCOW2)) throw new RefusedError(bootMessages.diskImage(name));
  if (startsWith(bytes, SAVED)) throw new RefusedError(bootMessages.savedMachine(name));
  return "raw";
}

/**
 * The file unpacked where it is gzip, as Linux's `Image.gz` and distributions' `vmlinuz` are. Rejects with
 * `RefusedError` where that takes more than `limit` bytes; `ram` is the text for that.
 */
export async function unpacked(file: BootFile, limit: number, ram: string): Promise<BootFile> {
  const { name, bytes } = file;
  if (!startsWith(bytes, GZIP)) return file;
  const reader = new Blob([bytes.slice()]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new RefusedError(bootMessages.badGzip(name));
    });
    if (done) break;
    pieces.push(value);
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      throw new RefusedError(bootMessages.largeGzip(name, ram));
    }
  }
  const all = new Uint8Array(size);
  pieces.reduce((at, piece) => {
    all.set(piece, at);
    return at + piece.length;
  }, 0);
  return { name, bytes: all };
}

/**
 * A PE/COFF program. Linux's "zboot" ones hold a compressed kernel: after "MZ", at 4 "zimg", at 8 its offset in the
 * file and at 12 its size, at 24 the name of its compression.
 */
function refuseEfi({ name, bytes }: BootFile): never {
  if (!startsWith(bytes, ZBOOT, 4) || bytes.length < LINUX_HEADER)
    throw new RefusedError(bootMessages.efi(name));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const method = new TextDecoder().decode(bytes.subarray(24, 56)).split("\0")[0];
  const unpacker = Object.hasOwn(UNPACKERS, method) ? UNPACKERS[method] : undefined;
  if (unpacker === undefined) throw new RefusedError(bootMessages.zbootUnknown(name));
  const [offset, size] = [view.getUint32(8, true), view.getUint32(12, true)];
  throw new RefusedError(
    bootMessages.zboot(name, `tail -c +${offset + 1} ${name} | head -c ${size} | ${unpacker} > Image`),
  );
}

function startsWith(bytes: Uint8Array, magic: readonly number[] | Uint8Array, at = 0): boolean {
  return magic.every((byte, i) => bytes[at + i] === byte);
}

/** A range of addresses as messages write it. */
export const rangeText = (start: number, size: number) => `${hex(start)}-${hex(start + size)}`;
