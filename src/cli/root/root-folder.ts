import { isNothing, makeHostDirectory, RootTree } from "../../host/root-tree.ts";
import { RefusedError } from "../../messages/errors.ts";
import { rootText } from "../../messages/root.ts";

/** Roots that this command made: directories of the host with a note in them of what they are made from. */

export const STATUS = "var/lib/dpkg/status";
const NOTE = "var/lib/runikraft/suite";

/** What Debian's base-files has in common with every root of today: usr has it all. */
const MERGED = ["bin", "lib", "sbin"];

export interface MadeRoot {
  readonly tree: RootTree;
  /** The Debian release that its packages are from. */
  readonly suite: string;
}

/** Undefined where nothing is there yet. Throws `RefusedError` for what is there and not ours. */
export function findRoot(path: string): MadeRoot | undefined {
  if (isNothing(path)) return undefined;
  const tree = new RootTree(path);
  const note = tree.read(NOTE);
  if (note === undefined) throw new RefusedError(rootText.notOurs(path));
  return { tree, suite: Buffer.from(note).toString().trim() };
}

/** Makes a root without any packages. */
export function makeRoot(path: string, suite: string): MadeRoot {
  makeHostDirectory(path);
  const tree = new RootTree(path);
  tree.write(NOTE, `${suite}\n`);
  tree.write(STATUS, "");
  // dpkg's own note of how the files beside it are named.
  tree.write("var/lib/dpkg/info/format", "1\n");
  for (const name of MERGED) {
    tree.makeDirectory(`usr/${name}`);
    tree.makeSymlink(name, `usr/${name}`);
  }
  return { tree, suite };
}
