import type { Dentry } from "./dentry.ts";
import type { DirectoryInode, Inode } from "./inode.ts";
import type { ByteString } from "./names.ts";

/** What can happen to a file or directory (linux/inotify.h). */
export const Event = {
  access: 0x1,
  modify: 0x2,
  attributes: 0x4,
  closeWrite: 0x8,
  closeNoWrite: 0x10,
  open: 0x20,
  movedFrom: 0x40,
  movedTo: 0x80,
  create: 0x100,
  delete: 0x200,
  deleteSelf: 0x400,
  moveSelf: 0x800,
  isDirectory: 0x4000_0000,
} as const;

/** Hears of what happens to an inode, and, where that is a directory, to what is in it. */
export interface Watcher {
  /** `name`: of what it happened to in the directory that is watched; absent: the inode itself. */
  notify(event: number, name: ByteString | undefined, cookie: number): void;
}

/** Directories are told apart by their type: importing their class would make a circle. */
const DIRECTORY = 0o040000;

const kindOf = (inode: Inode) => (inode.type === DIRECTORY ? Event.isDirectory : 0);

/** Something has happened to what is at a dentry: tells who watches it, or its directory. */
export function tell(dentry: Dentry, event: number): void {
  const { inode, parent, name, removed } = dentry;
  const above = removed ? undefined : parent?.inode.watchers;
  if (!inode.watchers && !above) return;
  tellSet(above, event | kindOf(inode), name, 0);
  tellSelf(inode, event | kindOf(inode));
}

/** Something has happened to an inode, whatever its names. */
export function tellSelf(inode: Inode, event: number): void {
  tellSet(inode.watchers, event, undefined, 0);
}

/** A name has come, gone or changed in a directory. */
export function tellName(
  directory: DirectoryInode,
  name: ByteString,
  inode: Inode,
  event: number,
  cookie = 0,
): void {
  tellSet(directory.watchers, event | kindOf(inode), name, cookie);
}

/** An inode has lost its last name. */
export function tellGone(inode: Inode): void {
  if (inode.watchers) tellSelf(inode, Event.deleteSelf);
}

function tellSet(
  watchers: ReadonlySet<Watcher> | undefined,
  event: number,
  name: ByteString | undefined,
  cookie: number,
): void {
  if (watchers) for (const watcher of [...watchers]) watcher.notify(event, name, cookie);
}

let cookies = 0;

/** What the two halves of a rename have in common. */
export function newCookie(): number {
  cookies = (cookies + 1) >>> 0;
  return cookies;
}
