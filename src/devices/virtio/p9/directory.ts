import { putQid } from "./attributes.ts";
import { fail } from "./errno.ts";
import type { Fid } from "./fids.ts";
import { MessageWriter } from "./message.ts";
import type { ByteString, SharedAttributes, SharedTree } from "./tree.ts";

/** Names looked at for one answer: each costs the host a call. */
const MOST_ENTRIES = 256;
/** An entry without its name. */
const ENTRY_SIZE = 13 + 8 + 1 + 2;

/**
 * The data of Rreaddir: `qid[13] offset[8] type[1] name[s]` for each entry from number `start` on, `.` and `..` first,
 * as many as fit into `most` bytes. Nothing at the end; EINVAL where not one fits.
 */
export function readDirectory(
  tree: SharedTree,
  { path }: Fid,
  names: readonly ByteString[],
  start: number,
  most: number,
): Uint8Array {
  const out = new MessageWriter();
  const all = names.length + 2;
  const nameOf = (i: number) => (i === 0 ? "." : i === 1 ? ".." : names[i - 2]);
  // What has gone in the meantime is left out: where that is all, there may be more behind it.
  for (let i = start; i < all && out.length === 0; ) {
    const end = i + countOf(nameOf, i, Math.min(all, i + MOST_ENTRIES), most);
    if (end === i) fail("EINVAL");
    const stats = tree.statAll(path, names.slice(Math.max(0, i - 2), Math.max(0, end - 2)));
    for (let next = 0; i < end; i++) {
      const stat = i < 2 ? directory(tree, path, i) : stats[next++];
      if (stat) putEntry(out, stat, i, nameOf(i));
    }
  }
  return out.result;
}

/** How many entries from `start` on, up to `end`, fit into `most` bytes. */
function countOf(nameOf: (i: number) => ByteString, start: number, end: number, most: number): number {
  let bytes = 0;
  for (let i = start; i < end; i++) {
    bytes += ENTRY_SIZE + nameOf(i).length;
    if (bytes > most) return i - start;
  }
  return end - start;
}

/** `.` and `..`. The shared directory is its own parent: nothing is told of what is above. */
function directory(tree: SharedTree, path: readonly ByteString[], i: number): SharedAttributes | undefined {
  return tree.stat(i === 0 ? path : path.slice(0, -1));
}

function putEntry(out: MessageWriter, stat: SharedAttributes, i: number, name: ByteString): void {
  putQid(out, stat);
  out
    .u64(BigInt(i + 1))
    .u8((stat.mode >> 12) & 0xf)
    .string(name);
}
