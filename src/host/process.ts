import { constants, fstatSync, readSync, statSync, writeSync } from "node:fs";
import { cliText } from "../messages/cli.ts";
import { RefusedError } from "../messages/errors.ts";
import { why } from "./why.ts";

/**
 * The command line's own streams. Writing is synchronous, so that what we say and what the guest
 * says keep their order and nothing is lost at exit.
 */

/** Thrown when whoever read our output has gone: there is nobody left to tell anything. */
export class OutputClosed extends Error {}

export const printOut = (text: string): void => writeStream(1, Buffer.from(text));
/** What we say beside a guest whose terminal is raw must do for itself what the terminal does otherwise. */
export const printErr = (text: string): void => {
  const lines = rawTerminal.active && isTerminal(2) ? text.replaceAll("\n", "\r\n") : text;
  writeStream(2, Buffer.from(lines));
};

/** Set while the terminal adds nothing to what is written to it. */
export const rawTerminal = { active: false };
/** Bytes for stdout, as they are. */
export const printBytes = (bytes: Uint8Array): void => writeStream(1, bytes);

/** To standard output (1) or standard error (2). Throws `OutputClosed`, or `RefusedError` where it takes no more. */
export function writeStream(file: 1 | 2, bytes: Uint8Array): void {
  try {
    writeAll(file, bytes);
  } catch (error) {
    if (error instanceof OutputClosed) throw error;
    const name = file === 1 ? cliText.standardOutput() : cliText.standardError();
    throw new RefusedError(cliText.cannotWrite(name, why(error)));
  }
}

/** Writes all of `bytes` to an open file, however slow its reader. Throws `OutputClosed`, or what the host says. */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(file, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") throw new OutputClosed();
      // A pipe that was set non-blocking by its other user: full for now.
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** The lines of standard input, one at a time, blocking; `undefined` at its end. */
export function lineReader(): () => string | undefined {
  const chunk = Buffer.alloc(4096);
  const decoder = new TextDecoder();
  let pending = "";
  let ended = false;
  return () => {
    for (;;) {
      const end = pending.indexOf("\n");
      if (end >= 0 || ended) {
        if (end < 0 && pending === "") return undefined;
        const line = end < 0 ? pending : pending.slice(0, end);
        pending = end < 0 ? "" : pending.slice(end + 1);
        return line;
      }
      const count = readInput(chunk);
      if (count === 0) ended = true;
      pending += decoder.decode(chunk.subarray(0, count), { stream: true });
    }
  };
}

function readInput(chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(0, chunk);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** Whether a person types the input. */
export const inputIsTerminal = (): boolean => isTerminal(0);

/** Whether an open file is a terminal. Node's own answer takes 3 ms to load, so it is asked only of what may be one. */
export function isTerminal(file: number): boolean {
  try {
    const { mode, rdev } = fstatSync(file);
    if ((mode & constants.S_IFMT) !== constants.S_IFCHR || rdev === nullDevice()) return false;
  } catch {
    return false;
  }
  return process.getBuiltinModule("node:tty").isatty(file);
}

/** The device that is most often in a terminal's place. */
const nullDevice = (): number | undefined => statSync("/dev/null", { throwIfNoEntry: false })?.rdev;
