import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { cliText } from "../messages/cli.ts";
import { RefusedError } from "../messages/errors.ts";
import { writeAll } from "./process.ts";

/** Files of the host that the user names on the command line. */

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

function openForWriting(path: string): number {
  try {
    return openSync(path, "w");
  } catch (error) {
    throw new RefusedError(cliText.cannotWrite(path, why(error)));
  }
}
