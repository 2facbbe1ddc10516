import { fail } from "../vfs/error.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import type { UnixSocket } from "./unix-socket.ts";

/** Files that may be under way in messages of one machine at a time. */
const MOST_FILES = 16_384;

/** With so many sockets under way garbage is looked for whenever one is closed. */
const LOOK_ALWAYS = 64;

/**
 * Files under way in messages (SCM_RIGHTS). A socket may be sent through itself, or through another that is sent
 * through it: then nobody can ever receive either, and what is in them has to be found and thrown away (as
 * net/unix/garbage.c does).
 */
export class InFlight {
  private count = 0;
  /** How often each socket is under way. */
  private readonly sockets = new Map<UnixSocket, number>();
  private readonly isSocket: (file: OpenFile) => file is UnixSocket;
  /** Files to let go of: one may hold messages with further files, and those too, to any depth. */
  private readonly leaving: OpenFile[] = [];
  private isReleasing = false;
  private isCollecting = false;
  /** Sockets closed since garbage was last looked for. */
  private closed = 0;

  constructor(isSocket: (file: OpenFile) => file is UnixSocket) {
    this.isSocket = isSocket;
  }

  /** A message with these files is put into a queue, with one hold on each. Throws ETOOMANYREFS. */
  enter(files: readonly OpenFile[]): void {
    if (this.count + files.length > MOST_FILES) fail("ETOOMANYREFS");
    this.count += files.length;
    for (const file of files) {
      file.retain();
      if (this.isSocket(file)) this.sockets.set(file, (this.sockets.get(file) ?? 0) + 1);
    }
  }

  /** The message has been received: the holds are the receiver's. */
  leave(files: readonly OpenFile[]): void {
    this.count -= files.length;
    for (const file of files) {
      if (!this.isSocket(file)) continue;
      const left = (this.sockets.get(file) ?? 0) - 1;
      if (left > 0) this.sockets.set(file, left);
      else this.sockets.delete(file);
    }
  }

  /** The message is thrown away. */
  drop(files: readonly OpenFile[]): void {
    this.leave(files);
    this.leaving.push(...files);
    if (this.isReleasing) return;
    this.isReleasing = true;
    for (let file = this.leaving.pop(); file; file = this.leaving.pop()) file.release();
    this.isReleasing = false;
  }

  /** A socket has been closed: throws away what only messages nobody can receive still hold. */
  collect(): void {
    if (this.sockets.size === 0 || this.isCollecting) return;
    // Looking takes time by what is under way: with much of that, not at every close.
    if (++this.closed < this.sockets.size - LOOK_ALWAYS) return;
    this.closed = 0;
    this.isCollecting = true;
    for (const socket of this.unreachable()) socket.discardMessages();
    this.isCollecting = false;
  }

  private unreachable(): UnixSocket[] {
    const inside = new Map<UnixSocket, number>();
    for (const socket of this.sockets.keys())
      for (const child of this.children(socket)) inside.set(child, (inside.get(child) ?? 0) + 1);
    // Held by more than messages of sockets that are under way themselves.
    const reached = new Set(
      [...this.sockets.keys()].filter((socket) => socket.holders > (inside.get(socket) ?? 0)),
    );
    for (const socket of reached) for (const child of this.children(socket)) reached.add(child);
    return [...this.sockets.keys()].filter((socket) => !reached.has(socket));
  }

  /** Sockets in the messages that a socket, or one that waits to be accepted from it, would receive. */
  private *children(socket: UnixSocket): Iterable<UnixSocket> {
    for (const one of [socket, ...socket.waiting])
      for (const { files } of one.messages) for (const file of files) if (this.isSocket(file)) yield file;
  }
}
