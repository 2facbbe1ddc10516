import type { MessageReader, MessageWriter } from "./message.ts";
import type { SharedAttributes, SharedChange } from "./tree.ts";

const FileType = { mask: 0o170000, symlink: 0o120000, directory: 0o040000 } as const;
const QidType = { directory: 0x80, symlink: 0x02, file: 0 } as const;
/** The fields of Rgetattr up to `blocks`. */
const BASIC = 0x7ff;
const BLOCK_SIZE = 4096;
/** What Tsetattr changes. A time that is not given is the present. */
const Valid = {
  mode: 0x1,
  uid: 0x2,
  gid: 0x4,
  size: 0x8,
  atime: 0x10,
  mtime: 0x20,
  atimeGiven: 0x80,
  mtimeGiven: 0x100,
} as const;
const SECOND = 1_000_000_000n;

/**
 * `type[1] version[4] path[8]`: what a file is, whichever name it has. The version is another one when the contents
 * may be.
 */
export function putQid(out: MessageWriter, { id, mode, mtime, size }: SharedAttributes): void {
  const type = mode & FileType.mask;
  if (type === FileType.directory) out.u8(QidType.directory);
  else out.u8(type === FileType.symlink ? QidType.symlink : QidType.file);
  const [low, high] = [Number(BigInt.asUintN(32, mtime)), Number(BigInt.asUintN(32, mtime >> 32n))];
  out.u32((low ^ high ^ (size << 8)) >>> 0).u64(id);
}

/** The body of Rgetattr. */
export function putAttributes(out: MessageWriter, stat: SharedAttributes): void {
  out.count(BASIC);
  putQid(out, stat);
  out.u32(stat.mode).u32(stat.uid).u32(stat.gid);
  out.count(stat.nlink).count(stat.rdev).count(stat.size).count(BLOCK_SIZE).count(stat.blocks);
  putTime(out, stat.atime);
  putTime(out, stat.mtime);
  putTime(out, stat.ctime);
  // Time of birth, generation and data version are not told.
  for (let i = 0; i < 4; i++) out.count(0);
}

/** Seconds, which may be negative, and nanoseconds. */
function putTime(out: MessageWriter, time: bigint): void {
  let seconds = time / SECOND;
  let fraction = Number(time - seconds * SECOND);
  if (fraction < 0) {
    seconds--;
    fraction += 1e9;
  }
  out.u64(BigInt.asUintN(64, seconds)).count(fraction);
}

/** The rest of Tsetattr, behind the fid. */
export function takeChange(
  request: MessageReader,
  now: bigint,
): { readonly size: number | undefined; readonly change: SharedChange } {
  const valid = request.u32();
  const has = (bit: number) => (valid & bit) !== 0;
  const optional = (bit: number, value: number) => (has(bit) ? value : undefined);
  const mode = optional(Valid.mode, request.u32() & 0o7777);
  const uid = optional(Valid.uid, request.u32());
  const gid = optional(Valid.gid, request.u32());
  const size = has(Valid.size) ? request.position() : void request.u64();
  const time = (bit: number, isGiven: boolean) => {
    const given = request.i64() * SECOND + request.u64();
    if (!has(bit)) return undefined;
    return isGiven ? given : now;
  };
  const atime = time(Valid.atime, has(Valid.atimeGiven));
  const mtime = time(Valid.mtime, has(Valid.mtimeGiven));
  return { size, change: { mode, uid, gid, atime, mtime } };
}
