import { errno } from "../syscalls/errno.ts";
import { fail } from "../vfs/error.ts";
import type { FilesystemUse } from "../vfs/filesystem.ts";
import type { AttributeChange, Attributes, DirectoryEntry } from "../vfs/inode.ts";
import type { ByteString } from "../vfs/names.ts";
import { takeAttributes, takeEntries } from "./answers.ts";
import { Answer, HEADER, Request, Type } from "./message.ts";
import { type P9Transport, SHORT_ANSWER } from "./transport.ts";

const VERSION = "9P2000.L";
/** A driver has one request under way at a time. */
const TAG = 1;
const NO_TAG = 0xffff;
const NO_FID = 0xffff_ffff;
/** Names in one walk (P9_MAXWELEM). */
const MOST_NAMES = 16;
/** A whole message beyond its data: what Linux calls P9_IOHDRSZ. */
const OVERHEAD = 24;
/** `type[1] version[4] path[8]` */
const QID_SIZE = 13;
/** Before the data of Rread and Rreaddir. */
const COUNT_SIZE = HEADER + 4;
/** All fields up to `blocks` (P9_GETATTR_BASIC). */
const BASIC = 0x7ff;
const AT_REMOVEDIR = 0x200;
const SECOND = 1_000_000_000n;
/** What Tsetattr changes. */
const Valid = {
  mode: 1,
  uid: 2,
  gid: 4,
  size: 8,
  atime: 0x10,
  mtime: 0x20,
  given: 0x80,
  mtimeGiven: 0x100,
} as const;
const ACCESS = { read: 0, write: 2, exclusive: 0o200, directory: 0o200000 } as const;
/** Entries of a directory that are taken from a server, and answers about them: as many as anybody may hold. */
const MOST_ENTRIES = 4_000_000;

/** What the server says that a file is: `path` is the same for all names of a file, and no other file's. */
export interface Identity {
  readonly path: bigint;
}

const names = new Map<number, keyof typeof errno>(
  Object.entries(errno).map(([name, code]) => [code, name as keyof typeof errno]),
);

/**
 * The client's side of 9P2000.L: each operation is one request, and its answer. Operations throw the server's errno as
 * `VfsError`, and EIO for an answer that does not keep to the protocol. A fid is the client's number for a path of the
 * server, or for the file that it was opened on.
 */
export class P9Client {
  readonly tag: string;
  private readonly transport: P9Transport;
  private readonly request = new Request();
  private readonly answer = new Answer(SHORT_ANSWER);
  private readonly mostData: number;
  /** The length of the last answer's message. */
  private size = 0;
  private lastFid = 0;
  private readonly freeFids: number[] = [];

  /** Agrees on a version; what the server knew of fids is gone. Throws `VfsError` EIO. */
  constructor(transport: P9Transport) {
    this.transport = transport;
    this.tag = transport.tag;
    const most = transport.mostData + OVERHEAD;
    this.request.begin(Type.version, NO_TAG).u32(most).string(VERSION);
    const agreed = this.demand(NO_TAG).u32();
    if (this.answer.string() !== VERSION || agreed > most || agreed <= OVERHEAD) fail("EIO");
    this.mostData = agreed - OVERHEAD;
  }

  /** The top of the server's tree as a new fid. */
  attach(): number {
    const fid = this.newFid();
    this.request.begin(Type.attach, TAG).u32(fid).u32(NO_FID).string("root").string("").u32(0);
    this.demand();
    return fid;
  }

  /** A new fid for what is at the end of `path`, 16 names at most; undefined where there is nothing. */
  walk(from: number, path: readonly ByteString[]): number | undefined {
    const fid = this.newFid();
    const { request, answer } = this;
    request.begin(Type.walk, TAG).u32(from).u32(fid).u16(path.length);
    for (const name of path) request.string(name);
    const error = this.ask();
    const found = error === 0 ? answer.u16() : 0;
    if (error === 0 && found > path.length) fail("EIO");
    if (error === 0 && found === path.length) {
      answer.skip(QID_SIZE * found);
      return fid;
    }
    this.freeFids.push(fid);
    if (error !== 0 && error !== errno.ENOENT) failWith(error);
    return undefined;
  }

  /** The same for a path of any length. */
  walkFar(from: number, path: readonly ByteString[]): number | undefined {
    let at = this.walk(from, path.slice(0, MOST_NAMES));
    for (let done = MOST_NAMES; at !== undefined && done < path.length; done += MOST_NAMES) {
      const next = this.walk(at, path.slice(done, done + MOST_NAMES));
      this.clunk(at);
      at = next;
    }
    return at;
  }

  /** Lets go of a fid. */
  clunk(fid: number): void {
    this.request.begin(Type.clunk, TAG).u32(fid);
    this.ask();
    this.freeFids.push(fid);
  }

  /** Undefined where the fid's path leads to nothing. */
  attributes(fid: number): (Attributes & Identity) | undefined {
    this.request.begin(Type.getattr, TAG).u32(fid).u64(BASIC);
    const error = this.ask();
    if (error === 0) return takeAttributes(this.answer);
    return error === errno.ENOENT ? undefined : failWith(error);
  }

  /** A time that is given is set to that. */
  setAttributes(fid: number, { mode, uid, gid, atime, mtime }: AttributeChange, size?: number): void {
    let valid = 0;
    if (mode !== undefined) valid |= Valid.mode;
    if (uid !== undefined) valid |= Valid.uid;
    if (gid !== undefined) valid |= Valid.gid;
    if (size !== undefined) valid |= Valid.size;
    if (atime !== undefined) valid |= Valid.atime | Valid.given;
    if (mtime !== undefined) valid |= Valid.mtime | Valid.mtimeGiven;
    this.request.begin(Type.setattr, TAG).u32(fid).u32(valid);
    this.request
      .u32(mode ?? 0)
      .u32(uid ?? 0)
      .u32(gid ?? 0)
      .u64(size ?? 0);
    for (const time of [atime ?? 0n, mtime ?? 0n]) {
      const fraction = ((time % SECOND) + SECOND) % SECOND;
      this.request.i64((time - fraction) / SECOND).i64(fraction);
    }
    this.demand();
  }

  /** Opens what a fid leads to, and says what that is. */
  open(fid: number, write: boolean): Identity {
    this.request
      .begin(Type.lopen, TAG)
      .u32(fid)
      .u32(write ? ACCESS.write : ACCESS.read);
    return this.identity();
  }

  /** Makes a regular file in the directory that `fid` leads to, and opens it for both: then `fid` is the file's. */
  create(fid: number, name: ByteString, mode: number): void {
    this.request.begin(Type.lcreate, TAG).u32(fid).string(name);
    this.request
      .u32(ACCESS.write | ACCESS.exclusive)
      .u32(mode)
      .u32(0);
    this.demand();
  }

  /** The bytes read: fewer at the end of the file. */
  read(fid: number, position: number, into: Uint8Array): number {
    for (let done = 0; done < into.length; ) {
      const wanted = Math.min(into.length - done, this.mostData);
      this.request
        .begin(Type.read, TAG)
        .u32(fid)
        .u64(position + done)
        .u32(wanted);
      const count = this.demand(TAG, COUNT_SIZE).u32();
      if (count > wanted || COUNT_SIZE + count > this.size) fail("EIO");
      this.transport.copy(COUNT_SIZE, into.subarray(done, done + count));
      done += count;
      if (count < wanted) return done;
    }
    return into.length;
  }

  /** The bytes written: fewer where room ran out. */
  write(fid: number, position: number, from: Uint8Array): number {
    for (let done = 0; done < from.length; ) {
      const piece = from.subarray(done, done + this.mostData);
      this.request
        .begin(Type.write, TAG)
        .u32(fid)
        .u64(position + done)
        .u32(piece.length);
      const error = this.ask(TAG, SHORT_ANSWER, piece);
      if (error !== 0 && done > 0) return done;
      const count = error === 0 ? this.answer.u32() : failWith(error);
      if (count === 0 || count > piece.length) fail("EIO");
      done += count;
      if (count < piece.length) return done;
    }
    return from.length;
  }

  /** What is in a directory, but for `.` and `..`; `fid` has been opened. */
  entries(fid: number): DirectoryEntry[] {
    const entries: DirectoryEntry[] = [];
    let offset = 0n;
    for (let answers = 0; entries.length + answers <= MOST_ENTRIES; answers++) {
      this.request.begin(Type.readdir, TAG).u32(fid).i64(offset).u32(this.mostData);
      const answer = this.demand(TAG, Number.POSITIVE_INFINITY);
      if (answer.u32() !== answer.left) fail("EIO");
      if (answer.left === 0) return entries;
      offset = takeEntries(answer, entries);
    }
    return fail("EIO");
  }

  readLink(fid: number): ByteString {
    this.request.begin(Type.readlink, TAG).u32(fid);
    const target = this.demand(TAG, Number.POSITIVE_INFINITY).string();
    return target === "" || target.includes("\0") ? fail("EIO") : target;
  }

  symlink(directory: number, name: ByteString, target: ByteString): void {
    this.request.begin(Type.symlink, TAG).u32(directory).string(name).string(target).u32(0);
    this.demand();
  }

  makeDirectory(directory: number, name: ByteString, mode: number): void {
    this.request.begin(Type.mkdir, TAG).u32(directory).string(name).u32(mode).u32(0);
    this.demand();
  }

  link(directory: number, fid: number, name: ByteString): void {
    this.request.begin(Type.link, TAG).u32(directory).u32(fid).string(name);
    this.demand();
  }

  rename(from: number, name: ByteString, to: number, newName: ByteString): void {
    this.request.begin(Type.renameat, TAG).u32(from).string(name).u32(to).string(newName);
    this.demand();
  }

  unlink(directory: number, name: ByteString, isDirectory: boolean): void {
    this.request.begin(Type.unlinkat, TAG).u32(directory).string(name);
    this.request.u32(isDirectory ? AT_REMOVEDIR : 0);
    this.demand();
  }

  sync(fid: number): void {
    this.request.begin(Type.fsync, TAG).u32(fid).u32(0);
    this.demand();
  }

  use(fid: number): FilesystemUse {
    this.request.begin(Type.statfs, TAG).u32(fid);
    const answer = this.demand();
    answer.skip(4);
    const blockSize = answer.u32();
    const [blocks, , freeBlocks, files, freeFiles] = Array.from({ length: 5 }, () => answer.count());
    return { blockSize, blocks, freeBlocks, files, freeFiles };
  }

  private newFid(): number {
    return this.freeFids.pop() ?? ++this.lastFid;
  }

  private identity(): Identity {
    const answer = this.demand();
    answer.skip(5);
    return { path: answer.u64() };
  }

  /** Sends the request that was put together. Throws the server's errno. */
  private demand(tag = TAG, head = SHORT_ANSWER): Answer {
    const error = this.ask(tag, head);
    return error === 0 ? this.answer : failWith(error);
  }

  /** The same, but gives the errno; 0 for an answer, of which `head` bytes at most are there to be taken apart. */
  private ask(tag = TAG, head = SHORT_ANSWER, data?: Uint8Array): number {
    const { answer, transport } = this;
    const request = this.request.end(data?.length);
    const type = request[4];
    const length = transport.exchange(request, head !== SHORT_ANSWER, data);
    transport.copy(0, answer.begin(Math.min(length, head)));
    this.size = answer.u32();
    const answered = answer.u8();
    if (this.size > length || answer.u16() !== tag) fail("EIO");
    answer.endAt(this.size);
    if (answered === type + 1) return 0;
    if (answered !== Type.lerror + 1) fail("EIO");
    return answer.u32() || errno.EIO;
  }
}

function failWith(code: number): never {
  return fail(names.get(code) ?? "EIO");
}
