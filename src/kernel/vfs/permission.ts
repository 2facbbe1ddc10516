import { Capability } from "../rkprocess/capabilities.ts";
import type { Credentials } from "../rkprocess/credentials.ts";
import { fail } from "./error.ts";
import { type Attributes, FileType, type Inode } from "./inode.ts";

/**
 * What a file's mode and owner let somebody do (inode(7), path_resolution(7)). Everywhere `who` is undefined for the
 * kernel itself, which may do everything.
 */
export type Who = Credentials | undefined;

/** What may be wanted of an inode: bits as in a mode, and in access(2). */
export const May = { execute: 1, write: 2, read: 4 } as const;

const ModeBit = { setUser: 0o4000, setGroup: 0o2000, sticky: 0o1000, groupExecute: 0o010 } as const;
const ANY_EXECUTE = 0o111;
/** A directory where everybody has files, and removes their own. */
const SHARED_DIRECTORY = 0o1002;

const typeOf = ({ mode }: Attributes) => mode & FileType.mask;

/** `wanted`: `May` bits. */
export function mayAccess(who: Who, inode: Inode, wanted: number): boolean {
  return (who?.ownsEveryFile !== false && !(wanted & May.execute)) || allows(who, inode.attributes(), wanted);
}

/** The same for what is no inode. */
export function allows(who: Who, attributes: Attributes, wanted: number): boolean {
  if (who && classAllows(who, attributes, wanted)) return true;
  if (typeOf(attributes) === FileType.directory) {
    if (!who || who.has(Capability.overrideFiles)) return true;
    return !(wanted & May.write) && who.has(Capability.readFiles);
  }
  if (who && wanted === May.read && who.has(Capability.readFiles)) return true;
  const isRunnable = !(wanted & May.execute) || (attributes.mode & ANY_EXECUTE) !== 0;
  return isRunnable && (!who || who.has(Capability.overrideFiles));
}

/** Owner, group or others: the first that fits decides. */
function classAllows(who: Credentials, { mode, uid, gid }: Attributes, wanted: number): boolean {
  const shift = uid === who.fsuid ? 6 : who.isInGroup(gid) ? 3 : 0;
  return ((mode >> shift) & wanted) === wanted;
}

/** Throws EACCES. */
export function requireAccess(who: Who, inode: Inode, wanted: number): void {
  if (!mayAccess(who, inode, wanted)) fail("EACCES");
}

/** What a read-only filesystem keeps as it is; through a fifo or device it is no change of the filesystem. */
export function isStored(type: number): boolean {
  return type === FileType.regular || type === FileType.directory || type === FileType.symlink;
}

/** Of a directory on the way of a path: throws EACCES. */
export function requireSearch(who: Credentials, directory: Inode): void {
  if (!mayAccess(who, directory, May.execute)) fail("EACCES");
}

export function isOwner(who: Who, { uid }: Attributes): boolean {
  return !who || who.fsuid === uid || who.has(Capability.ownFiles);
}

/** Throws EPERM for who does not own it. */
export function requireOwner(who: Who, file: { attributes(): Attributes }): void {
  if (who?.ownsEveryFile === false && !isOwner(who, file.attributes())) fail("EPERM");
}

/** Whether a set-group-id bit of a file with that group may be somebody's to set. */
export function maySetGroup(who: Who, gid: number): boolean {
  return !who || who.isInGroup(gid) || who.has(Capability.setFileIds);
}

/** A name may go from a directory: throws EACCES, and EPERM for what is another's in a sticky one. */
export function requireRemovable(who: Who, directory: Inode, victim: Inode): void {
  if (who?.ownsEveryFile !== false) return;
  requireAccess(who, directory, May.write | May.execute);
  const { mode, uid } = directory.attributes();
  if (mode & ModeBit.sticky && uid !== who.fsuid && !isOwner(who, victim.attributes())) fail("EPERM");
}

/** Others' files get no names that outlive theirs, unless they are harmless (proc_sys_fs(5), protected_hardlinks). */
export function requireLinkable(who: Who, inode: Inode): void {
  if (who?.ownsEveryFile !== false) return;
  const attributes = inode.attributes();
  const { mode } = attributes;
  const runsAsGroup = (mode & SET_GROUP_RUNS) === SET_GROUP_RUNS;
  const isHarmless =
    typeOf(attributes) === FileType.regular &&
    !(mode & ModeBit.setUser || runsAsGroup) &&
    mayAccess(who, inode, May.read | May.write);
  if (!isHarmless && !isOwner(who, attributes)) fail("EPERM");
}

/** Set-group-id with the permission to execute; without, it means something else. */
const SET_GROUP_RUNS = ModeBit.setGroup | ModeBit.groupExecute;

/** In a directory that all may write to, links of others lead nowhere (proc_sys_fs(5), protected_symlinks). */
export function requireFollowable(who: Credentials, directory: Inode, link: Inode): void {
  const { uid } = link.attributes();
  const { mode, uid: owner } = directory.attributes();
  if (uid !== who.fsuid && (mode & SHARED_DIRECTORY) === SHARED_DIRECTORY && uid !== owner) fail("EACCES");
}

/** The mode of a file whose owner changes (chown(2)); that of directories stays. */
export function modeForNewOwner(who: Who, { mode, gid }: Attributes): number {
  if ((mode & FileType.mask) === FileType.directory) return mode & 0o7777;
  const losesGroup = mode & ModeBit.groupExecute || !maySetGroup(who, gid);
  return mode & 0o7777 & ~(ModeBit.setUser | (losesGroup ? ModeBit.setGroup : 0));
}

/** A file that somebody without CAP_FSETID changes runs as its owner no more (write(2), truncate(2)). */
export function loseSetId(
  who: Who,
  file: { readonly inode: Inode; setAttributes(change: { mode: number }): void },
): void {
  if (who?.ownsEveryFile !== false || file.inode.type !== FileType.regular) return;
  const attributes = file.inode.attributes();
  if (!(attributes.mode & (ModeBit.setUser | ModeBit.setGroup)) || who.has(Capability.setFileIds)) return;
  const mode = modeForNewOwner(who, attributes);
  if (mode !== (attributes.mode & 0o7777)) file.setAttributes({ mode });
}

/** Throws EPERM: a file may be given away with CAP_CHOWN alone, its group be changed to one of the owner's (chown(2)). */
export function requireOwnerChange(
  who: Who,
  attributes: Attributes,
  uid: number | undefined,
  gid: number | undefined,
): void {
  if (!who || who.has(Capability.chown)) return;
  const isMine = who.fsuid === attributes.uid;
  if (uid !== undefined && !(isMine && uid === attributes.uid)) fail("EPERM");
  if (gid !== undefined && !(isMine && (gid === attributes.gid || who.isInGroup(gid)))) fail("EPERM");
}
