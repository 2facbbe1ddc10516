import { errno } from "../syscalls/errno.ts";

/** A file operation failed with an errno: what system calls answer, negated. No other error leaves the VFS. */
export class VfsError extends Error {
  /** Positive, from `errno`. */
  readonly code: number;

  constructor(name: keyof typeof errno) {
    super(name);
    this.name = "VfsError";
    this.code = errno[name];
  }
}

const made = new Map<string, VfsError>();

/** Throws the error called `name`. One object each is kept: guests probe for missing files by the thousand. */
export function fail(name: keyof typeof errno): never {
  let error = made.get(name);
  if (!error) {
    error = new VfsError(name);
    made.set(name, error);
  }
  throw error;
}
