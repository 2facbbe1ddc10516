import { must, oneOf, optional, record, type Shaped, text, u32 } from "../../state-shape.ts";
import { fail } from "./errno.ts";
import type { ByteString, SharedFile, SharedPath, SharedTree } from "./tree.ts";

/** Fids at a time: each holds a path on the host's side. */
export const MOST_FIDS = 32768;
/** Open files and listed directories at a time. */
const MOST_OPEN = 4096;
/** Directories whose names are kept at a time: those listed last. */
const MOST_LISTED = 16;
/** Bytes of a path, as the host's calls take it (PATH_MAX with its NUL). */
const LONGEST_PATH = 4095;

/** How a fid has been opened. */
export type Opened = "read" | "write" | "list";

/** What a driver calls by a number: a path, and when it has been opened the file there. */
export class Fid {
  /** Names with slashes between them: empty for the shared directory. */
  place: ByteString;
  opened: Opened | undefined;
  file: SharedFile | undefined;

  constructor(place: ByteString, opened?: Opened) {
    this.place = place;
    this.opened = opened;
  }

  get path(): SharedPath {
    return pathOf(this.place);
  }

  /** The place of `name` in this directory. */
  child(name: ByteString): ByteString {
    return childOf(this.place, name);
  }
}

export function pathOf(place: ByteString): SharedPath {
  return place === "" ? [] : place.split("/");
}

export function childOf(place: ByteString, name: ByteString): ByteString {
  const child = place === "" ? name : `${place}/${name}`;
  return child.length <= LONGEST_PATH ? child : fail("ENAMETOOLONG");
}

export const FID_STATE = record({
  fid: u32,
  place: text(LONGEST_PATH),
  opened: optional(oneOf("read", "write", "list")),
});
export type FidState = Shaped<typeof FID_STATE>;

/** No place but one in the tree: a saved session may come from anybody. */
const isPlace = (place: string) =>
  pathOf(place).every((name) => name !== "" && name !== "." && name !== ".." && isByteString(name));
// Bytes, and no NUL among them.
const isByteString = (name: string) => [...name].every((byte) => byte > "\0" && byte <= "\xff");

/** The fids of a session. */
export class Fids {
  private readonly tree: SharedTree;
  private readonly fids = new Map<number, Fid>();
  /** The names of directories at the moment when the driver began to read them. */
  private readonly listed = new Map<Fid, readonly ByteString[]>();
  private open = 0;

  constructor(tree: SharedTree) {
    this.tree = tree;
  }

  get(number: number): Fid {
    return this.fids.get(number) ?? fail("EBADF");
  }

  has(number: number): boolean {
    return this.fids.has(number);
  }

  /** EINVAL where the number is taken. */
  add(number: number, place: ByteString): void {
    if (this.fids.has(number)) fail("EINVAL");
    if (this.fids.size >= MOST_FIDS) fail("ENFILE");
    this.fids.set(number, new Fid(place));
  }

  remove(number: number): void {
    const fid = this.get(number);
    if (fid.opened) this.open--;
    fid.file?.close();
    this.listed.delete(fid);
    this.fids.delete(number);
  }

  clear(): void {
    for (const number of [...this.fids.keys()]) this.remove(number);
  }

  /** To be asked before a fid is opened. */
  requireRoom(fid: Fid): void {
    if (fid.opened) fail("EINVAL");
    if (this.open >= MOST_OPEN) fail("EMFILE");
  }

  setOpen(fid: Fid, opened: Opened, file?: SharedFile): void {
    this.open++;
    fid.opened = opened;
    fid.file = file;
  }

  /** The file that a fid was opened on; in a restored session it is opened again. */
  fileOf(fid: Fid): SharedFile {
    if (fid.opened === "list") fail("EISDIR");
    if (!fid.opened) fail("EBADF");
    fid.file ??= this.tree.openFile(fid.path, fid.opened === "write");
    return fid.file;
  }

  /** The names in a directory; `anew` where the driver begins to read them. */
  namesOf(fid: Fid, anew: boolean): readonly ByteString[] {
    if (fid.opened !== "list") fail(fid.opened ? "ENOTDIR" : "EBADF");
    const names = (!anew && this.listed.get(fid)) || this.tree.names(fid.path);
    this.listed.delete(fid);
    this.listed.set(fid, names);
    for (const oldest of this.listed.keys()) {
      if (this.listed.size <= MOST_LISTED) break;
      this.listed.delete(oldest);
    }
    return names;
  }

  /** What was at `from`, and all below it, is at `to` now. */
  moved(from: ByteString, to: ByteString): void {
    for (const fid of this.fids.values())
      if (fid.place === from || fid.place.startsWith(`${from}/`))
        fid.place = to + fid.place.slice(from.length);
  }

  save(): FidState[] {
    return [...this.fids].map(([fid, { place, opened }]) => ({ fid, place, opened }));
  }

  restore(state: readonly FidState[]): void {
    this.clear();
    for (const { fid, place, opened } of state) {
      must(isPlace(place) && !this.fids.has(fid));
      this.fids.set(fid, new Fid(place, opened));
    }
    this.open = state.filter(({ opened }) => opened).length;
    must(this.open <= MOST_OPEN);
  }
}
