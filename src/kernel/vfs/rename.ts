import type { Location } from "./dentry.ts";
import { fail } from "./error.ts";
import { DirectoryInode, type Inode } from "./inode.ts";
import type { ByteString } from "./names.ts";
import { Event, newCookie, tellGone, tellName, tellSelf } from "./notify.ts";
import { directoryOf, isGone, requireWritable } from "./operations.ts";
import { May, requireAccess, requireRemovable, type Who } from "./permission.ts";
import { type Base, type Last, walkParent } from "./walk.ts";

/** Flags of `renameat2`. */
export const Rename = { noReplace: 1, exchange: 2 } as const;

/** `flags`: of `Rename`. */
export function rename(from: Base, path: ByteString, to: Base, newPath: ByteString, flags: number): void {
  if (flags & ~(Rename.noReplace | Rename.exchange)) fail("EINVAL");
  if (flags === (Rename.noReplace | Rename.exchange)) fail("EINVAL");
  const source = walkParent(from, path);
  const target = walkParent(to, newPath);
  if (source.parent.mount !== target.parent.mount) fail("EXDEV");
  if (source.kind !== "normal") fail("EBUSY");
  if (target.kind !== "normal") fail(flags & Rename.noReplace ? "EEXIST" : "EBUSY");
  requireWritable(source.parent);
  const moved = source.found ?? fail("ENOENT");
  const replaced = target.found;
  const exchange = (flags & Rename.exchange) !== 0;
  if (replaced && flags & Rename.noReplace) fail("EEXIST");
  if (!replaced && exchange) fail("ENOENT");
  checkRenamePlaces(source, target, exchange);
  if (replaced?.dentry.inode === moved.dentry.inode) return;
  requireMovable(from.who, source, target);
  checkRenameKinds(source, target, exchange);
  if (target.parent.dentry.removed) fail("ENOENT");
  directoryOf(source).rename(
    source.name,
    moved.dentry.inode,
    directoryOf(target),
    target.name,
    replaced?.dentry.inode,
    exchange,
  );
  if (!exchange) target.parent.dentry.drop(target.name);
  moved.dentry.moveTo(target.parent.dentry, target.name);
  if (exchange) replaced?.dentry.moveTo(source.parent.dentry, source.name);
  tellMoved(source, target, moved.dentry.inode);
  if (exchange && replaced) tellMoved(target, source, replaced.dentry.inode);
  else if (replaced && isGone(replaced.dentry.inode)) tellGone(replaced.dentry.inode);
}

function tellMoved(from: Last, to: Last, inode: Inode): void {
  const cookie = newCookie();
  tellName(directoryOf(from), from.name, inode, Event.movedFrom, cookie);
  tellName(directoryOf(to), to.name, inode, Event.movedTo, cookie);
  tellSelf(inode, Event.moveSelf);
}

/** Both names may be changed, and so may the `..` of a directory that gets another one. */
function requireMovable(who: Who, source: Last, target: Last): void {
  if (who?.ownsEveryFile !== false) return;
  const moved = (source.found as Location).dentry.inode;
  const [from, to] = [directoryOf(source), directoryOf(target)];
  requireRemovable(who, from, moved);
  const replaced = target.found?.dentry.inode;
  if (replaced) requireRemovable(who, to, replaced);
  else requireAccess(who, to, May.write | May.execute);
  if (from === to) return;
  if (moved instanceof DirectoryInode) requireAccess(who, moved, May.write);
  if (replaced instanceof DirectoryInode) requireAccess(who, replaced, May.write);
}

/** Names that end in a slash are for directories, and no directory comes into itself. */
function checkRenamePlaces(source: Last, target: Last, exchange: boolean): void {
  const moved = source.found as Location;
  const replaced = target.found;
  const isDirectory = moved.dentry.inode instanceof DirectoryInode;
  if (!isDirectory && (source.slash || (target.slash && !exchange))) fail("ENOTDIR");
  if (target.parent.dentry.isBelow(moved.dentry)) fail("EINVAL");
  if (!replaced) return;
  if (exchange && target.slash && !(replaced.dentry.inode instanceof DirectoryInode)) fail("ENOTDIR");
  if (source.parent.dentry.isBelow(replaced.dentry)) fail(exchange ? "EINVAL" : "ENOTEMPTY");
}

function checkRenameKinds(source: Last, target: Last, exchange: boolean): void {
  const moved = source.found as Location;
  const replaced = target.found;
  if (moved.mount !== source.parent.mount || (replaced && replaced.mount !== target.parent.mount))
    fail("EBUSY");
  if (!replaced || exchange) return;
  const isDirectory = moved.dentry.inode instanceof DirectoryInode;
  const ontoDirectory = replaced.dentry.inode instanceof DirectoryInode;
  if (isDirectory && !ontoDirectory) fail("ENOTDIR");
  if (!isDirectory && ontoDirectory) fail("EISDIR");
}
