import { putQid } from "./attributes.ts";
import { fail } from "./errno.ts";
import { childOf, type Fid, pathOf } from "./fids.ts";
import { MessageWriter } from "./message.ts";
import type { ByteString, SharedAttributes, SharedTree } from "./tree.ts";

/** Names looked at for one answer: each costs the host a call. */
const MOST_ENTRIES = 256;

/**
 * The data of Rreaddir: `qid[13] offset[8] type[1] name[s]` for each entry from number `start` on, `.` and `..` first,
 * as many as fit into `most` bytes. Nothing at the end; EINVAL where not one fits.
 */
export function readDirectory(
  tree: SharedTree,
  fid: Fid,
  names: readonly ByteString[],
  start: number,
  most: number,
): Uint8Array {
  const out = new MessageWriter();
  const count = names.length + 2;
  for (let i = start; i < count && (i < start + MOST_ENTRIES || out.length === 0); i++) {
    const name = i === 0 ? "." : i === 1 ? ".." : names[i - 2];
    const stat = entry(tree, fid, name);
    // Gone in the meantime.
    if (!stat) continue;
    const before = out.length;
    putQid(out, stat);
    out
      .u64(BigInt(i + 1))
      .u8((stat.mode >> 12) & 0xf)
      .string(name);
    if (out.keepWithin(most, out.length - before)) continue;
    if (before === 0) fail("EINVAL");
    break;
  }
  return out.result;
}

function entry(tree: SharedTree, { path, place }: Fid, name: ByteString): SharedAttributes | undefined {
  if (name === ".") return tree.stat(path);
  // The shared directory is its own parent: nothing is told of what is above.
  if (name === "..") return tree.stat(path.slice(0, -1));
  return tree.stat(pathOf(childOf(place, name)));
}
