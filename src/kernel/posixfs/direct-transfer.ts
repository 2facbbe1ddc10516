import type { Thread } from "../rkprocess/thread.ts";
import { fromSelf, signal, signals } from "../rksignal/signals.ts";
import { UserFault } from "../rkvm/user-memory.ts";
import { errno } from "../syscalls/errno.ts";
import { VfsError } from "../vfs/error.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import { untilDone } from "./call.ts";

/** A part of the caller's memory. */
export interface Segment {
  readonly address: number;
  readonly length: number;
}

/** A file that copies straight from and to user memory. */
type DirectFile = OpenFile & Required<Pick<OpenFile, "readTo" | "writeFrom">>;

export function isDirect(file: OpenFile): file is DirectFile {
  return file.readTo !== undefined;
}

/** `read` of such a file. */
export function readDirect(thread: Thread, file: DirectFile, { address, length }: Segment): number {
  const { memory } = thread;
  const most = Math.min(length, file.pieceSize);
  return untilDone(thread, file, () => {
    // A fault shows before the call waits.
    memory.reach(address, most, "write");
    return file.readTo(memory, address, most);
  });
}

/** `write` of such a file. */
export function writeDirect(thread: Thread, file: DirectFile, { address, length }: Segment): number {
  const { memory } = thread;
  let done = 0;
  const attempt = () => {
    try {
      do {
        const at = address + done;
        const count = Math.min(length - done, file.pieceSize);
        const there = memory.reach(at, count, "read");
        if (there < count) throw new UserFault(at + there);
        const moved = file.writeFrom(memory, at, count);
        if (moved === undefined) return undefined;
        done += moved;
      } while (done < length);
    } catch (error) {
      if (error instanceof VfsError && error.code === errno.EPIPE) brokenPipe(thread);
      if (done === 0) throw error;
    }
    return done;
  };
  return untilDone(thread, file, attempt, () => done);
}

/** SIGPIPE: the thread writes to what nobody reads. */
export function brokenPipe(thread: Thread): void {
  thread.kernel.use(signals).toThread(thread, fromSelf(thread.process, signal.SIGPIPE));
}
