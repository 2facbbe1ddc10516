import type { Answer as Later } from "../../disk.ts";
import { listOf, must, record, type Shaped, u32 } from "../../state-shape.ts";
import { putAttributes, putQid, takeChange } from "./attributes.ts";
import { readDirectory } from "./directory.ts";
import { errno, errnoOf, fail } from "./errno.ts";
import { childOf, FID_STATE, type Fid, Fids, MOST_FIDS, pathOf } from "./fids.ts";
import { HEADER_SIZE, MessageReader, MessageWriter, Type } from "./message.ts";
import type { ByteString, SharedAttributes, SharedFile, SharedTree } from "./tree.ts";

const VERSION = "9P2000.L";
/** Messages are no longer than this, whatever a driver asks for, and no shorter limit is agreed on. */
export const MOST_MSIZE = 512 * 1024;
const LEAST_MSIZE = 4096;
const NO_FID = 0xffff_ffff;
/** Names in one walk (P9_MAXWELEM). */
const MOST_NAMES = 16;
/** V9FS_MAGIC: what Linux's statfs says of such a filesystem. */
const MAGIC = 0x01021997;
const NAME_MAX = 255;
const AT_REMOVEDIR = 0x200;
/** `open(2)` flags as the protocol has them. */
const Open = { accessMode: 3, exclusive: 0o200, truncate: 0o1000 } as const;
const FileType = { mask: 0o170000, symlink: 0o120000, regular: 0o100000, directory: 0o040000 } as const;
const LOCK_SUCCESS = 0;
const LOCK_TYPE_UNLOCKED = 2;

const STATE = record({ msize: u32, fids: listOf(FID_STATE, 0, MOST_FIDS) });
export type SessionState = Shaped<typeof STATE>;

/** What a request is answered with: fields, and data behind them. */
interface Answer {
  /** Another one once the handler has begun to wait. */
  out: MessageWriter;
  data?: Uint8Array;
  /** Bytes behind the fields that are in their place already. */
  placed?: number;
  /** The memory where that place is: `length` bytes from `offset` of the answer on. */
  readonly place?: Place;
}
export type Place = (offset: number, length: number) => readonly Uint8Array[];
type Handler = (request: MessageReader, answer: Answer, room: number) => void | Promise<void>;

function answered({ out, data, placed }: Answer, type: number, tag: number, room: number): Uint8Array[] {
  const more = placed ?? data?.length ?? 0;
  if (out.length + more > room) fail("EMSGSIZE");
  const first = out.header(type + 1, tag, more).result;
  return data ? [first, data] : [first];
}

/** What a request is answered with that has failed. */
export function failed(error: unknown, tag: number): Uint8Array[] {
  const out = new MessageWriter(HEADER_SIZE).u32(errnoOf(error));
  return [out.header(Type.lerror + 1, tag, 0).result];
}

/** Fills pieces of memory as far as the file goes. */
function readPieces(file: SharedFile, position: number, pieces: readonly Uint8Array[]): number {
  let done = 0;
  for (const piece of pieces) {
    const count = file.readInto?.(position + done, piece) ?? 0;
    done += count;
    if (count < piece.length) break;
  }
  return done;
}

function whenDone<T>(value: Later<T>, then: (value: T) => void): void | Promise<void> {
  return value instanceof Promise ? value.then(then) : then(value);
}

/**
 * The server's side of 9P2000.L, as Linux's v9fs speaks it: the protocol of Plan 9 (its manual, section 5) with requests
 * that are Linux's file operations, errors that are Linux's, and no authentication.
 */
export class Session {
  private readonly tree: SharedTree;
  private readonly fids: Fids;
  /** Put together here is what is answered at once. */
  private readonly spare = new MessageWriter(HEADER_SIZE);
  /** The longest message agreed on; 0 before a version is. */
  private msize = 0;

  constructor(tree: SharedTree) {
    this.tree = tree;
    this.fids = new Fids(tree);
  }

  /**
   * Answers a whole message of `length` bytes in parts, of at most `room` bytes where `room` has place for an error. What is given at once is
   * good until the next call; `place` is asked where data can be put without it, and then it is no part of what is given.
   * Never rejects.
   */
  handle(
    bytes: Uint8Array,
    room: number,
    length = bytes.length,
    place?: Place,
  ): Uint8Array[] | Promise<Uint8Array[]> {
    const type = bytes[4];
    const tag = bytes[5] | (bytes[6] << 8);
    const answer: Answer = { out: this.spare.clear(), place };
    try {
      const handler = this.handlers[type] ?? fail("EOPNOTSUPP");
      if (type !== Type.version && length > this.msize) fail("EMSGSIZE");
      const mostBody = Math.min(room, this.msize) - HEADER_SIZE;
      const later = handler(new MessageReader(bytes, length), answer, mostBody);
      if (!later) return answered(answer, type, tag, room);
      answer.out = new MessageWriter(HEADER_SIZE);
      return later.then(() => answered(answer, type, tag, room)).catch((error) => failed(error, tag));
    } catch (error) {
      return failed(error, tag);
    }
  }

  /** Forgets everything the driver knows. */
  clear(): void {
    this.fids.clear();
    this.msize = 0;
  }

  save(): SessionState {
    return { msize: this.msize, fids: this.fids.save() };
  }

  restore(state: SessionState): void {
    const { msize, fids } = STATE(state);
    must(msize === 0 || (msize >= LEAST_MSIZE && msize <= MOST_MSIZE));
    this.msize = msize;
    this.fids.restore(fids);
  }

  private readonly handlers: Readonly<Record<number, Handler>> = {
    [Type.version]: (request, { out }) => {
      const msize = request.u32();
      const version = request.string();
      this.clear();
      if (msize < LEAST_MSIZE) fail("EMSGSIZE");
      const isKnown = version === VERSION;
      const agreed = Math.min(msize, MOST_MSIZE);
      if (isKnown) this.msize = agreed;
      out.u32(agreed).string(isKnown ? VERSION : "unknown");
    },

    [Type.attach]: (request, { out }) => {
      const fid = request.u32();
      if (request.u32() !== NO_FID) fail("EBADF");
      const root = this.stat("");
      this.fids.add(fid, "");
      putQid(out, root);
    },

    [Type.walk]: (request, { out }) => {
      const from = request.u32();
      const to = request.u32();
      const count = request.u16();
      if (count > MOST_NAMES) fail("EINVAL");
      const names = Array.from({ length: count }, () => request.name());
      let { place } = this.fids.get(from);
      if (to !== from && this.fids.has(to)) fail("EINVAL");
      const found: SharedAttributes[] = [];
      for (const name of names) {
        const next = childOf(place, name);
        const stat = this.tree.stat(pathOf(next));
        if (!stat && found.length === 0) fail("ENOENT");
        if (!stat) break;
        found.push(stat);
        place = next;
      }
      if (found.length === count) {
        if (to === from) this.fids.remove(from);
        this.fids.add(to, place);
      }
      out.u16(found.length);
      for (const stat of found) putQid(out, stat);
    },

    [Type.clunk]: (request) => this.fids.remove(request.u32()),

    [Type.lopen]: (request, { out }) => {
      const fid = this.fids.get(request.u32());
      const flags = request.u32();
      this.fids.requireRoom(fid);
      const stat = this.stat(fid.place);
      const type = stat.mode & FileType.mask;
      if (type === FileType.symlink) fail("ELOOP");
      if (type === FileType.directory) this.fids.setOpen(fid, "list");
      else this.open(fid, flags);
      putQid(out, stat);
      out.u32(0);
    },

    [Type.lcreate]: (request, { out }) => {
      const fid = this.fids.get(request.u32());
      const place = fid.child(request.name());
      const flags = request.u32();
      const mode = request.u32();
      this.fids.requireRoom(fid);
      let file: ReturnType<SharedTree["makeFile"]> | undefined;
      try {
        file = this.tree.makeFile(pathOf(place), mode & 0o7777);
      } catch (error) {
        if (errnoOf(error) !== errno.EEXIST || (flags & Open.exclusive) !== 0) throw error;
      }
      const directory = fid.place;
      fid.place = place;
      try {
        if (file) this.fids.setOpen(fid, "write", file);
        else this.open(fid, flags);
      } catch (error) {
        fid.place = directory;
        throw error;
      }
      putQid(out, this.attributes(fid));
      out.u32(0);
    },

    [Type.read]: (request, answer, room) => {
      const file = this.fids.fileOf(this.fids.get(request.u32()));
      const position = request.position();
      const length = Math.max(0, Math.min(request.u32(), room - 4));
      const pieces = file.readInto && answer.place?.(HEADER_SIZE + 4, length);
      if (pieces) {
        answer.placed = readPieces(file, position, pieces);
        answer.out.u32(answer.placed);
        return;
      }
      return whenDone(file.read(position, length), (data) => {
        answer.out.u32(data.length);
        answer.data = data;
      });
    },

    [Type.write]: (request, answer) => {
      const fid = this.fids.get(request.u32());
      const position = request.position();
      const data = request.data(request.u32());
      const file = this.fids.fileOf(fid);
      if (fid.opened !== "write") fail("EBADF");
      return whenDone(file.write(position, data), (count) => void answer.out.u32(count));
    },

    [Type.fsync]: (request) => {
      const fid = this.fids.get(request.u32());
      if (fid.opened === "list") return;
      return whenDone(this.fids.fileOf(fid).sync(), () => {});
    },

    [Type.readdir]: (request, answer, room) => {
      const fid = this.fids.get(request.u32());
      const start = request.position();
      const most = Math.min(request.u32(), room - 4);
      const names = this.fids.namesOf(fid, start === 0);
      answer.data = readDirectory(this.tree, fid, names, start, most);
      answer.out.u32(answer.data.length);
    },

    [Type.getattr]: (request, { out }) => {
      putAttributes(out, this.attributes(this.fids.get(request.u32())));
    },

    [Type.setattr]: (request) => {
      const fid = this.fids.get(request.u32());
      const { size, change } = takeChange(request, this.tree.now());
      if (size !== undefined) this.resize(fid, size);
      if (fid.file) fid.file.setAttributes(change);
      else this.tree.setAttributes(fid.path, change);
    },

    [Type.statfs]: (request, { out }) => {
      this.fids.get(request.u32());
      const use = this.tree.use();
      out.u32(MAGIC).u32(use.blockSize);
      for (const count of [use.blocks, use.freeBlocks, use.freeBlocks, use.files, use.freeFiles])
        out.count(count);
      out.count(0).u32(NAME_MAX);
    },

    [Type.readlink]: (request, { out }) => {
      out.string(this.tree.readLink(this.fids.get(request.u32()).path));
    },

    [Type.symlink]: (request, { out }) => {
      const place = this.fids.get(request.u32()).child(request.name());
      const target = request.string();
      if (target === "" || target.includes("\0")) fail("EINVAL");
      this.tree.createSymlink(pathOf(place), target);
      putQid(out, this.stat(place));
    },

    [Type.mkdir]: (request, { out }) => {
      const place = this.fids.get(request.u32()).child(request.name());
      this.tree.createDirectory(pathOf(place), request.u32() & 0o7777);
      putQid(out, this.stat(place));
    },

    /** Files only: what a device node means to the host is not the guest's to say. */
    [Type.mknod]: (request, { out }) => {
      const place = this.fids.get(request.u32()).child(request.name());
      const mode = request.u32();
      const type = mode & FileType.mask;
      if (type !== 0 && type !== FileType.regular) fail("EPERM");
      this.tree.makeFile(pathOf(place), mode & 0o7777).close();
      putQid(out, this.stat(place));
    },

    [Type.link]: (request) => {
      const directory = this.fids.get(request.u32());
      const fid = this.fids.get(request.u32());
      this.tree.link(fid.path, pathOf(directory.child(request.name())));
    },

    [Type.rename]: (request) => {
      const fid = this.fids.get(request.u32());
      const directory = this.fids.get(request.u32());
      this.rename(fid.place, directory.child(request.name()));
    },

    [Type.renameat]: (request) => {
      const from = this.fids.get(request.u32()).child(request.name());
      const to = this.fids.get(request.u32()).child(request.name());
      this.rename(from, to);
    },

    [Type.unlinkat]: (request) => {
      const place = this.fids.get(request.u32()).child(request.name());
      if ((request.u32() & AT_REMOVEDIR) !== 0) this.tree.removeDirectory(pathOf(place));
      else this.tree.unlink(pathOf(place));
    },

    /** The fid is gone also where the file cannot be removed. */
    [Type.remove]: (request) => {
      const number = request.u32();
      const { path, place } = this.fids.get(number);
      this.fids.remove(number);
      if (path.length === 0) fail("EINVAL");
      const type = this.stat(place).mode & FileType.mask;
      if (type === FileType.directory) this.tree.removeDirectory(path);
      else this.tree.unlink(path);
    },

    /** Locks hold among the guest's own processes: its kernel has granted this one already. */
    [Type.lock]: (request, { out }) => {
      this.fids.get(request.u32());
      out.u8(LOCK_SUCCESS);
    },

    [Type.getlock]: (request, { out }) => {
      this.fids.get(request.u32());
      request.u8();
      out.u8(LOCK_TYPE_UNLOCKED).u64(request.u64()).u64(request.u64()).u32(request.u32());
      out.string(request.string());
    },
  };

  private stat(place: ByteString): SharedAttributes {
    return this.tree.stat(pathOf(place)) ?? fail("ENOENT");
  }

  /** Those of an open file are its own, wherever its name has gone. */
  private attributes(fid: Fid): SharedAttributes {
    return fid.file?.attributes() ?? this.stat(fid.place);
  }

  private open(fid: Fid, flags: number): void {
    const opened = (flags & Open.accessMode) === 0 ? "read" : "write";
    const file = this.tree.openFile(fid.path, opened === "write");
    if (opened === "write" && (flags & Open.truncate) !== 0) file.resize(0);
    this.fids.setOpen(fid, opened, file);
  }

  private resize(fid: Fid, size: number): void {
    const opened = fid.opened === "write" ? this.fids.fileOf(fid) : undefined;
    const file = opened ?? this.tree.openFile(fid.path, true);
    try {
      file.resize(size);
    } finally {
      if (!opened) file.close();
    }
  }

  private rename(from: ByteString, to: ByteString): void {
    if (from === "") fail("EINVAL");
    this.tree.rename(pathOf(from), pathOf(to));
    this.fids.moved(from, to);
  }
}
