import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
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
import { OutputClosed, writeAll } from "./process.ts";
import { why } from "./why.ts";

/** Files of the host that the user names on the command line. */

/** Bytes. */
const LARGE_PIECE = 64 << 20;

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

/** Makes a directory, with those that lead to it, where there is none yet. Throws `RefusedError`. */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new RefusedError(cliText.cannotWrite(path, why(error)));
  }
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
    const temporary = temporaryFor(path);
    if (temporary === undefined) {
      writePieces(path, bytes);
      return;
    }
    try {
      writePieces(temporary.name, bytes);
      renameSync(temporary.name, temporary.target);
    } finally {
      rmSync(temporary.name, { force: true });
    }
  } catch (error) {
    throw new RefusedError(cliText.cannotWrite(path, why(error)));
  }
}

/** Throws the `RefusedError` that `writeWholeFile` would, as far as that can be known before there is anything to write. */
export function checkWritable(path: string): void {
  try {
    const temporary = temporaryFor(path);
    if (temporary === undefined) {
      if (statSync(path).isDirectory()) throw Object.assign(new Error(path), { code: "EISDIR" });
      accessSync(path, constants.W_OK);
      return;
    }
    closeSync(openSync(temporary.name, "w"));
    rmSync(temporary.name);
  } catch (error) {
    throw new RefusedError(cliText.cannotWrite(path, why(error)));
  }
}

/** The name of a file until it is whole, and the file that it then is; undefined for what is no file. */
function temporaryFor(path: string): { readonly name: string; readonly target: string } | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats && !stats.isFile()) return undefined;
  const target = stats ? realpathSync(path) : path;
  return { name: `${target}.${process.pid}.tmp`, target };
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
  /** Throws `RefusedError`. */
  write(text: string): void;
  /** Writes what is left. Throws `RefusedError`. */
  close(): void;
}

const LOG_PIECE = 1 << 16;

/** Opens a file for a log, emptied. Throws `RefusedError`. */
export function openLog(path: string): LogFile {
  const file = openForBytes(path);
  let pending = "";
  const flush = () => {
    file.write(Buffer.from(pending));
    pending = "";
  };
  return {
    write(text) {
      pending += text;
      if (pending.length >= LOG_PIECE) flush();
    },
    close() {
      flush();
      file.close();
    },
  };
}

/** Opens a file for bytes, emptied; each write is done at once. This and `write` throw `RefusedError`. */
export function openForBytes(path: string): { write(bytes: Uint8Array): void; close(): void } {
  const refused = (error: unknown) => new RefusedError(cliText.cannotWrite(path, why(error)));
  let file: number;
  try {
    file = openSync(path, "w");
  } catch (error) {
    throw refused(error);
  }
  return {
    write(bytes) {
      try {
        writeAll(file, bytes);
      } catch (error) {
        throw error instanceof OutputClosed ? error : refused(error);
      }
    },
    close: () => closeSync(file),
  };
}
