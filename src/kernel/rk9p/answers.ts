import { fail } from "../vfs/error.ts";
import type { Attributes, DirectoryEntry } from "../vfs/inode.ts";
import { NAME_MAX } from "../vfs/names.ts";
import type { Answer } from "./message.ts";

const SECOND = 1_000_000_000n;
/** Type and permissions. */
const MODE = 0o177777;
/** `type[1] version[4]` of a qid, before its path. */
const BEFORE_PATH = 5;

/** The number of an inode: 64 bits lose their top ones. */
const inoOf = (path: bigint) => Number(BigInt.asUintN(53, path));

/** The body of Rgetattr. */
export function takeAttributes(answer: Answer): Attributes & { readonly path: bigint } {
  answer.skip(8 + BEFORE_PATH);
  const path = answer.u64();
  const mode = answer.u32() & MODE;
  const uid = answer.u32();
  const gid = answer.u32();
  const nlink = answer.count();
  const rdev = Number(BigInt.asUintN(32, answer.u64()));
  const size = answer.count();
  answer.skip(8);
  const blocks = answer.count();
  const atime = takeTime(answer);
  const mtime = takeTime(answer);
  const ctime = takeTime(answer);
  return { path, ino: inoOf(path), mode, uid, gid, nlink, rdev, size, blocks, atime, mtime, ctime };
}

function takeTime(answer: Answer): bigint {
  const seconds = answer.i64();
  const fraction = answer.count();
  return fraction < 1e9 ? seconds * SECOND + BigInt(fraction) : fail("EIO");
}

/** The data of Rreaddir. Returns the offset to go on from. */
export function takeEntries(answer: Answer, into: DirectoryEntry[]): bigint {
  let offset = 0n;
  while (answer.left > 0) {
    answer.skip(BEFORE_PATH);
    const ino = inoOf(answer.u64());
    offset = answer.i64();
    const type = (answer.u8() & 0xf) << 12;
    const name = answer.string();
    if (name === "." || name === "..") continue;
    if (name === "" || name.length > NAME_MAX || name.includes("/") || name.includes("\0")) fail("EIO");
    into.push({ name, ino, type });
  }
  return offset;
}
