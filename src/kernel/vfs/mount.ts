import { Dentry, type Location } from "./dentry.ts";
import type { Devices } from "./devices.ts";
import type { Filesystem } from "./filesystem.ts";
import type { ByteString } from "./names.ts";

/** A filesystem put into the file tree. */
export interface Mount {
  readonly filesystem: Filesystem;
  /** `st_dev`: major number 0, as for every filesystem that no device holds. */
  readonly device: number;
  /** Its top: of a bind mount some place in the filesystem. */
  readonly root: Dentry;
  /** Where it hangs; undefined for the root of the tree and for filesystems that are nowhere (pipes). */
  at: Location | undefined;
  /** What device files in it lead to. */
  readonly devices?: Devices | undefined;
  /** `MountFlag` bits. */
  flags: number;
}

/** What does not happen through a mount, whatever the filesystem says: flags of mount(2). */
export const MountFlag = {
  readOnly: 1,
  noSetId: 2,
  noDevices: 4,
  noPrograms: 8,
  noAccessTimes: 1024,
} as const;

export function createMount(
  filesystem: Filesystem,
  device: number,
  at: Location | undefined,
  devices: Devices,
): Mount {
  return { filesystem, device, root: new Dentry("", undefined, filesystem.root), at, devices, flags: 0 };
}

/** Whether nothing may be changed there. */
export function isReadOnly({ filesystem, flags }: Mount): boolean {
  return (flags & MountFlag.readOnly) !== 0 || filesystem.readOnly;
}

/** Goes down into whatever is mounted on a place. */
export function enterMounts(location: Location): Location {
  let at = location;
  for (;;) {
    const mount = at.dentry.mounted?.get(at.mount);
    if (!mount) return at;
    at = { mount, dentry: mount.root };
  }
}

/**
 * Hangs a mount on a place, or takes it from the one where it hangs. The same directory may be there through several mounts:
 * what hangs on it in one is not in the others, or a directory that is bound to itself would have no end.
 */
export function hangMount(mount: Mount, at: Location | undefined): void {
  mount.at?.dentry.mounted?.delete(mount.at.mount);
  mount.at = at;
  if (!at) return;
  at.dentry.mounted ??= new Map();
  at.dentry.mounted.set(at.mount, mount);
}

/** `..`: the directory above, across mounts. `root` is its own parent. */
export function parentOf(location: Location, root: Location): Location {
  let at = location;
  for (;;) {
    if (at.dentry === root.dentry && at.mount === root.mount) return at;
    if (at.dentry.parent && at.dentry !== at.mount.root)
      return enterMounts({ mount: at.mount, dentry: at.dentry.parent });
    if (!at.mount.at) return at;
    at = at.mount.at;
  }
}

/** The path from `root` to a place; undefined where it is not below `root` or was removed. */
export function pathOf(location: Location, root: Location): ByteString | undefined {
  const path = climb(location, root);
  return path.removed || !path.reached ? undefined : path.text;
}

/** A place from the top of the tree, for `/proc` and messages: `pipe:[7]` for what is in no directory. */
export function describe(location: Location): ByteString {
  const path = climb(location, undefined);
  return path.removed ? `${path.text} (deleted)` : path.text;
}

function climb(location: Location, root: Location | undefined) {
  const names: ByteString[] = [];
  let { mount, dentry } = location;
  let removed = false;
  let reached = false;
  for (;;) {
    if (root && dentry === root.dentry && mount === root.mount) reached = true;
    removed ||= dentry.removed;
    if (reached) break;
    if (dentry.parent && dentry !== mount.root) {
      names.push(dentry.name);
      dentry = dentry.parent;
    } else if (mount.at) ({ mount, dentry } = mount.at);
    else break;
  }
  const nowhere = !reached && names.length === 0 && dentry.name !== "";
  return { text: nowhere ? dentry.name : `/${names.reverse().join("/")}`, removed, reached };
}
