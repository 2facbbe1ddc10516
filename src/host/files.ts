import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { cliText } from "../messages/cli.ts";
import { RefusedError } from "../messages/errors.ts";
import { writeAll } from "./process.ts";

/** Files of the host that the user names on the command line. */

/** Bytes. */
const LARGE_PIECE = 64 << 20;

/** Why the host would not, in the user's language. */
export function why(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return cliText.noSuchFile();
  if (code === "ENOTDIR") return cliText.notDirectory();
  if (code === "EISDIR") return cliText.isDirectory();
  if (code === "EACCES" || code === "EPERM") return cliText.notPermitted();
  return message;
}

/** Throws `RefusedError` when the file cannot be read. */
export function readHostFile(path: string): Uint8Array {
  try {
    // Such as /dev/zero, which never ends.
    const stats = statSync(path);
    if (!stats.isCharacterDevice() && !stats.isBlockDevice()) return readFileSync(path);
  } catch (error) {
    throw new RefusedError(cliText.cannotRead(path, why(error)));
  }
  throw new RefusedError(cliText.cannotRead(path, cliText.isDevice()));
}

/** Writes a program: a new file may be executed, as a linker's. Throws `RefusedError` when it cannot be written. */
export function writeProgram(path: string, bytes: Uint8Array): void {
  try {
    writeFileSync(path, bytes, { mode: 0o777 });
  } catch (error) {
    throw new RefusedError(cliText.cannotWrite(path, why(error)));
  }
}

/**
 * Writes a file that is whole or, where that fails, as it was: under another name first. What is no file, such as a pipe,
 * is written to as it is. Throws `RefusedError` when it cannot be written.
 */
export function writeWholeFile(path: string, bytes: Uint8Array): void {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats && !stats.isFile()) {
      writePieces(path, bytes);
      return;
    }
    const target = stats ? realpathSync(path) : path;
    const temporary = `${target}.${process.pid}.tmp`;
    try {
      writePieces(temporary, bytes);
      renameSync(temporary, target);
    } finally {
      rmSync(temporary, { force: true });
    }
  } catch (error) {
    throw new RefusedError(cliText.cannotWrite(path, why(error)));
  }
}

/** Node writes no more than 2 GiB at once. */
function writePieces(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "w");
  try {
    for (let at = 0; at < bytes.length; at += LARGE_PIECE)
      writeAll(file, bytes.subarray(at, at + LARGE_PIECE));
    if (fstatSync(file).isFile()) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A file that is written in large pieces. */
export interface LogFile {
  write(text: string): void;
  /** Writes what is left. */
  close(): void;
}

const LOG_PIECE = 1 << 16;

/** Opens a file for a log, emptied. Throws `RefusedError`. */
export function openLog(path: string): LogFile {
  const file = openForWriting(path);
  let pending = "";
  const flush = () => {
    writeAll(file, Buffer.from(pending));
    pending = "";
  };
  return {
    write(text) {
      pending += text;
      if (pending.length >= LOG_PIECE) flush();
    },
    close() {
      flush();
      closeSync(file);
    },
  };
}

/** Opens a file for bytes, emptied; each write is done at once. Throws `RefusedError`. */
export function openForBytes(path: string): { write(bytes: Uint8Array): void; close(): void } {
  const file = openForWriting(path);
  return { write: (bytes) => writeAll(file, bytes), close: () => closeSync(file) };
}

function openForWriting(path: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    throw new RefusedError(cliText.cannotWrite(path, why(error)));
  }
}
