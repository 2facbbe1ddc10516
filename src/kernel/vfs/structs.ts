import type { FilesystemUse } from "./filesystem.ts";
import type { Attributes } from "./inode.ts";
import type { ByteString } from "./names.ts";

/**
 * The structures of file system calls, byte by byte as riscv64 Linux lays them out (little-endian, asm-generic).
 */
const NANOSECONDS = 1_000_000_000n;

/** Preferred size of a transfer (`st_blksize`). */
const BLOCK_SIZE = 4096;

/** major(st_dev): the device numbers here are below 2^20 (`MKDEV` of include/linux/kdev_t.h, as user space sees it). */
function major(device: number): number {
  return (device >> 8) & 0xfff;
}

function minor(device: number): number {
  return (device & 0xff) | ((device >> 12) & 0xfff00);
}

/** `struct stat`, 128 bytes (asm-generic/stat.h). */
export function encodeStat(a: Attributes, device: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(128));
  view.setBigUint64(0, BigInt(device), true); //      0 st_dev
  view.setBigUint64(8, BigInt(a.ino), true); //       8 st_ino
  view.setUint32(16, a.mode, true); //               16 st_mode
  view.setUint32(20, a.nlink, true); //              20 st_nlink
  view.setUint32(24, a.uid, true); //                24 st_uid
  view.setUint32(28, a.gid, true); //                28 st_gid
  view.setBigUint64(32, BigInt(a.rdev), true); //    32 st_rdev, 40 padding
  view.setBigInt64(48, BigInt(a.size), true); //     48 st_size
  view.setInt32(56, BLOCK_SIZE, true); //            56 st_blksize, 60 padding
  view.setBigInt64(64, BigInt(a.blocks), true); //   64 st_blocks
  setTimespec(view, 72, a.atime); //                 72 st_atime
  setTimespec(view, 88, a.mtime); //                 88 st_mtime
  setTimespec(view, 104, a.ctime); //               104 st_ctime, 120 unused
  return new Uint8Array(view.buffer);
}

/** STATX_BASIC_STATS and STATX_MNT_ID: what is filled in always; and STATX_BTIME. */
const STATX_MASK = 0x7ff | 0x1000;
const STATX_BTIME = 0x800;

/** `struct statx`, 256 bytes (linux/stat.h). */
export function encodeStatx(a: Attributes, device: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(256));
  view.setUint32(0, STATX_MASK | (a.btime === undefined ? 0 : STATX_BTIME), true); // 0 stx_mask
  view.setUint32(4, BLOCK_SIZE, true); //             4 stx_blksize, 8 stx_attributes
  view.setUint32(16, a.nlink, true); //              16 stx_nlink
  view.setUint32(20, a.uid, true); //                20 stx_uid
  view.setUint32(24, a.gid, true); //                24 stx_gid
  view.setUint16(28, a.mode, true); //               28 stx_mode, 30 padding
  view.setBigUint64(32, BigInt(a.ino), true); //     32 stx_ino
  view.setBigUint64(40, BigInt(a.size), true); //    40 stx_size
  view.setBigUint64(48, BigInt(a.blocks), true); //  48 stx_blocks, 56 stx_attributes_mask
  setTimespec(view, 64, a.atime); //                 64 stx_atime (u32 nanoseconds, padding)
  setTimespec(view, 80, a.btime ?? 0n); //           80 stx_btime
  setTimespec(view, 96, a.ctime); //                 96 stx_ctime
  setTimespec(view, 112, a.mtime); //               112 stx_mtime
  view.setUint32(128, major(a.rdev), true); //      128 stx_rdev_major
  view.setUint32(132, minor(a.rdev), true); //      132 stx_rdev_minor
  view.setUint32(136, major(device), true); //      136 stx_dev_major
  view.setUint32(140, minor(device), true); //      140 stx_dev_minor
  view.setBigUint64(144, BigInt(device), true); //  144 stx_mnt_id, 152 and up: zero
  return new Uint8Array(view.buffer);
}

/** `ST_VALID` of `f_flags`; others are those of mounts. */
const ST_VALID = 0x20;

/** `struct statfs`, 120 bytes (asm-generic/statfs.h, 64-bit). */
export function encodeStatfs(use: FilesystemUse, magic: number, device: number, flags: number): Uint8Array {
  const words = [
    magic, //            0 f_type
    use.blockSize, //    8 f_bsize
    use.blocks, //      16 f_blocks
    use.freeBlocks, //  24 f_bfree
    use.freeBlocks, //  32 f_bavail
    use.files, //       40 f_files
    use.freeFiles, //   48 f_ffree
    device, //          56 f_fsid
    255, //             64 f_namelen
    use.blockSize, //   72 f_frsize
    ST_VALID | flags, // 80 f_flags, 88 spare
  ];
  const view = new DataView(new ArrayBuffer(120));
  words.forEach((word, i) => {
    view.setBigInt64(i * 8, BigInt(Math.floor(word)), true);
  });
  return new Uint8Array(view.buffer);
}

/** Bytes of a `struct linux_dirent64` before its name. */
const DIRENT_HEADER = 19;

/** `struct linux_dirent64`: 0 d_ino, 8 d_off, 16 d_reclen, 18 d_type, 19 d_name with NUL, padded to 8 bytes. */
export function encodeDirent(ino: number, next: number, type: number, name: ByteString): Uint8Array {
  const length = Math.ceil((DIRENT_HEADER + name.length + 1) / 8) * 8;
  const view = new DataView(new ArrayBuffer(length));
  view.setBigUint64(0, BigInt(ino), true);
  view.setBigInt64(8, BigInt(next), true);
  view.setUint16(16, length, true);
  view.setUint8(18, type >> 12);
  for (let i = 0; i < name.length; i++) view.setUint8(DIRENT_HEADER + i, name.charCodeAt(i));
  return new Uint8Array(view.buffer);
}

/** `struct timespec`: 0 tv_sec, 8 tv_nsec. */
function setTimespec(view: DataView, offset: number, nanoseconds: bigint): void {
  let seconds = nanoseconds / NANOSECONDS;
  if (nanoseconds < 0n && nanoseconds % NANOSECONDS !== 0n) seconds -= 1n;
  view.setBigInt64(offset, seconds, true);
  view.setUint32(offset + 8, Number(nanoseconds - seconds * NANOSECONDS), true);
}

/** A kernel `struct termios`, 36 bytes, or `termios2`, 44 (asm-generic/termbits.h). */
export interface Termios {
  iflag: number; //   0
  oflag: number; //   4
  cflag: number; //   8
  lflag: number; //  12
  line: number; //   16
  readonly cc: Uint8Array; // 17, 19 bytes
  ispeed: number; // 36, termios2 only
  ospeed: number; // 40, termios2 only
}

export const TERMIOS_SIZE = 36;
export const TERMIOS2_SIZE = 44;
const CONTROL_CHARACTERS = 19;

export function encodeTermios(t: Termios, size: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(TERMIOS2_SIZE));
  view.setUint32(0, t.iflag, true);
  view.setUint32(4, t.oflag, true);
  view.setUint32(8, t.cflag, true);
  view.setUint32(12, t.lflag, true);
  view.setUint8(16, t.line);
  new Uint8Array(view.buffer).set(t.cc, 17);
  view.setUint32(36, t.ispeed, true);
  view.setUint32(40, t.ospeed, true);
  return new Uint8Array(view.buffer, 0, size);
}

/** `old`: where the speeds come from when `bytes` is no termios2. */
export function decodeTermios(bytes: Uint8Array, old: Termios): Termios {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const second = bytes.length >= TERMIOS2_SIZE;
  return {
    iflag: view.getUint32(0, true),
    oflag: view.getUint32(4, true),
    cflag: view.getUint32(8, true),
    lflag: view.getUint32(12, true),
    line: view.getUint8(16),
    cc: bytes.slice(17, 17 + CONTROL_CHARACTERS),
    ispeed: second ? view.getUint32(36, true) : old.ispeed,
    ospeed: second ? view.getUint32(40, true) : old.ospeed,
  };
}

/** `struct termio`: the lower halves of the flags, 8 c_line, 9 c_cc, 8 bytes of it (asm-generic/termios.h). */
export const TERMIO_SIZE = 18;
const TERMIO_CHARACTERS = 8;

export function encodeTermio({ iflag, oflag, cflag, lflag, line, cc }: Termios): Uint8Array {
  const bytes = new Uint8Array(TERMIO_SIZE);
  bytes.set(new Uint8Array(Uint16Array.of(iflag, oflag, cflag, lflag).buffer));
  bytes[8] = line;
  bytes.set(cc.subarray(0, TERMIO_CHARACTERS), 9);
  return bytes;
}

/** `old`: where the rest comes from. */
export function decodeTermio(bytes: Uint8Array, old: Termios): Termios {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const flags = (before: number, at: number) => ((before & ~0xffff) | view.getUint16(at, true)) >>> 0;
  const cc = old.cc.slice();
  cc.set(bytes.subarray(9, 9 + TERMIO_CHARACTERS));
  return {
    ...old,
    iflag: flags(old.iflag, 0),
    oflag: flags(old.oflag, 2),
    cflag: flags(old.cflag, 4),
    lflag: flags(old.lflag, 6),
    line: bytes[8],
    cc,
  };
}

/** `struct winsize`: 0 ws_row, 2 ws_col, 4 ws_xpixel, 6 ws_ypixel. */
export function encodeWindowSize(rows: number, columns: number): Uint8Array {
  return new Uint8Array(Uint16Array.of(rows, columns, 0, 0).buffer);
}

export function encodeInt(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}

export function decodeInt(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
}
