/** Bytes of a file that are looked at for `#!` (BINPRM_BUF_SIZE). */
export const HEAD_SIZE = 256;

/** What a script's first line asks for: an interpreter and at most one argument. */
export interface Interpreter {
  readonly path: Uint8Array;
  readonly argument: Uint8Array | undefined;
}

const NEWLINE = 10;
const isBlank = (byte: number): boolean => byte === 32 || byte === 9;

/**
 * The interpreter that a script names (execve(2), "Interpreter scripts"), from the file's first bytes; `undefined`:
 * it is no script, or names none.
 */
export function readScript(head: Uint8Array): Interpreter | undefined {
  if (head[0] !== 0x23 || head[1] !== 0x21) return undefined;
  const end = head.indexOf(NEWLINE);
  let line = head.subarray(2, end === -1 ? HEAD_SIZE - 1 : end);
  const zero = line.indexOf(0);
  const after = head[HEAD_SIZE - 1];
  const isWhole = end !== -1 || head.length < HEAD_SIZE || zero !== -1 || isBlank(after) || after === 0;
  if (zero !== -1) line = line.subarray(0, zero);
  let start = 0;
  while (start < line.length && isBlank(line[start])) start++;
  let stop = line.length;
  while (stop > start && isBlank(line[stop - 1])) stop--;
  line = line.subarray(start, stop);
  const gap = line.findIndex(isBlank);
  // A path that was cut off might be another's.
  if (line.length === 0 || (gap === -1 && !isWhole)) return undefined;
  if (gap === -1) return { path: line.slice(), argument: undefined };
  let rest = gap;
  while (isBlank(line[rest])) rest++;
  return { path: line.slice(0, gap), argument: line.slice(rest) };
}
