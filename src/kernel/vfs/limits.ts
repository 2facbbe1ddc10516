import type { errno } from "../syscalls/errno.ts";
import { fail } from "./error.ts";

/** What the files of one machine may take of the host, whatever its processes' limits say. */
export interface FileLimits {
  /** Bytes that all pipes hold. */
  readonly pipeBytes: number;
  /** Bytes that wait in all local sockets. */
  readonly socketBytes: number;
  /** Bytes of all files of memfd_create. */
  readonly memoryFileBytes: number;
  /** Open file descriptions. */
  readonly openFiles: number;
  /** What all epolls watch. */
  readonly epollWatches: number;
  /** What all inotify instances watch, and how many instances there are. */
  readonly inotifyWatches: number;
  readonly inotifyInstances: number;
}

export const DEFAULT_LIMITS: FileLimits = {
  pipeBytes: 64 << 20,
  socketBytes: 64 << 20,
  memoryFileBytes: 2 ** 30,
  openFiles: 262_144,
  epollWatches: 262_144,
  inotifyWatches: 65_536,
  inotifyInstances: 128,
};

/** So much of something, and the error when there is no more. */
export class Budget {
  private left: number;
  private readonly error: keyof typeof errno;

  constructor(limit: number, error: keyof typeof errno) {
    this.left = limit;
    this.error = error;
  }

  /** Throws `VfsError`. */
  charge(count: number): void {
    if (count > this.left) fail(this.error);
    this.left -= count;
  }

  /** Whether there was enough, which is then taken. */
  tryCharge(count: number): boolean {
    if (count > this.left) return false;
    this.left -= count;
    return true;
  }

  discharge(count: number): void {
    this.left += count;
  }
}
