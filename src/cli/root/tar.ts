import { RefusedError } from "../../messages/errors.ts";
import { rootText } from "../../messages/root.ts";

/**
 * Reads a tar archive as it streams by: the ustar format with GNU's long names, which is what Debian's packages are
 * made of (deb(5)). Names are byte strings: one character is one byte.
 */

export interface TarMember {
  readonly type: "file" | "directory" | "symlink" | "hardlink";
  /** Without `./` in front and without a slash at the end; empty for the archive's top. */
  readonly path: string;
  /** What a link points to; of a hard link a path like `path`. */
  readonly target: string;
  /** Permission bits. */
  readonly mode: number;
  /** Seconds. */
  readonly mtime: number;
}

/** Takes the content of a file, piece by piece. A piece is only good during the call. */
export interface TarSink {
  write(piece: Uint8Array): void;
  end(): void;
}

const BLOCK = 512;
/** Bytes. Longer names than any file system has. */
const LONGEST_NAME = 65536;

/** Calls `visit` for each member, and gives a file's content to the sink that it returns. Throws `RefusedError`. */
export async function readTar(
  stream: AsyncIterable<Uint8Array>,
  visit: (member: TarMember) => TarSink | undefined,
): Promise<void> {
  const input = new Input(stream);
  let longName: string | undefined;
  let longTarget: string | undefined;
  for (;;) {
    const block = await input.take(BLOCK);
    // An archive ends with blocks of zeros; dpkg takes one that just ends, too.
    if (block === undefined || block.every((byte) => byte === 0)) break;
    checkSum(block);
    const size = number(block, 124, 12);
    const type = String.fromCharCode(block[156]);
    if (type === "L" || type === "K") {
      if (size > LONGEST_NAME) throw broken();
      const name = cString(await input.need(padded(size)), 0, size);
      if (type === "L") longName = name;
      else longTarget = name;
      continue;
    }
    const member = header(block, type, longName, longTarget);
    longName = undefined;
    longTarget = undefined;
    // Only a file has content, whatever size a link claims.
    const sink = visit(member);
    if (member.type !== "file") continue;
    await input.pass(size, (piece) => sink?.write(piece));
    sink?.end();
    await input.pass(padded(size) - size, () => {});
  }
  await input.drain();
}

function header(block: Uint8Array, type: string, longName?: string, longTarget?: string): TarMember {
  const types: Record<string, TarMember["type"]> = {
    "\0": "file",
    "0": "file",
    "7": "file",
    "1": "hardlink",
    "2": "symlink",
    "5": "directory",
  };
  const name = longName ?? cString(block, 0, 100);
  // A GNU header has other things where ustar's prefix is.
  const prefix = longName === undefined && cString(block, 257, 8) === "ustar" ? cString(block, 345, 155) : "";
  const path = prefix === "" ? name : `${prefix}/${name}`;
  if (types[type] === undefined) throw new RefusedError(rootText.strangeMember(path));
  const target = longTarget ?? cString(block, 157, 100);
  return {
    type: types[type],
    path: clean(path),
    target: type === "1" ? clean(target) : target,
    mode: number(block, 100, 8) & 0o7777,
    mtime: number(block, 136, 12),
  };
}

const clean = (path: string): string => path.replace(/^(?:\.?\/)+/, "").replace(/\/+$|^\.$/g, "");
const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;
const broken = (): RefusedError => new RefusedError(rootText.brokenTar());

function cString(block: Uint8Array, at: number, length: number): string {
  let text = "";
  for (let i = at; i < at + length && block[i] !== 0; i++) text += String.fromCharCode(block[i]);
  return text;
}

/** Octal digits, or with the top bit set a big-endian number. */
function number(block: Uint8Array, at: number, length: number): number {
  let value = 0;
  if (block[at] & 0x80) {
    for (let i = at + 1; i < at + length; i++) value = value * 256 + block[i];
  } else {
    const digits = cString(block, at, length).trim();
    if (!/^[0-7]*$/.test(digits)) throw broken();
    value = digits === "" ? 0 : Number.parseInt(digits, 8);
  }
  if (!Number.isSafeInteger(value)) throw broken();
  return value;
}

/** The header's bytes added up, its sum taken as spaces. */
function checkSum(block: Uint8Array): void {
  let sum = 8 * 0x20;
  block.forEach((byte, i) => {
    if (i < 148 || i >= 156) sum += byte;
  });
  if (sum !== number(block, 148, 8)) throw broken();
}

/** The bytes of a stream, counted off. */
class Input {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = new Uint8Array(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.chunks = stream[Symbol.asyncIterator]();
  }

  /** The next bytes, or undefined at the end. */
  async take(count: number): Promise<Uint8Array | undefined> {
    if (this.rest.length >= count) {
      const bytes = this.rest.subarray(0, count);
      this.rest = this.rest.subarray(count);
      return bytes;
    }
    const bytes = new Uint8Array(count);
    let done = 0;
    while (done < count) {
      if (this.rest.length === 0 && !(await this.more())) {
        if (done === 0) return undefined;
        throw broken();
      }
      const piece = this.rest.subarray(0, count - done);
      bytes.set(piece, done);
      done += piece.length;
      this.rest = this.rest.subarray(piece.length);
    }
    return bytes;
  }

  async need(count: number): Promise<Uint8Array> {
    const bytes = await this.take(count);
    if (bytes === undefined) throw broken();
    return bytes;
  }

  /** Gives the next `count` bytes away as they come. */
  async pass(count: number, to: (piece: Uint8Array) => void): Promise<void> {
    for (let left = count; left > 0; ) {
      if (this.rest.length === 0 && !(await this.more())) throw broken();
      const piece = this.rest.subarray(0, left);
      to(piece);
      left -= piece.length;
      this.rest = this.rest.subarray(piece.length);
    }
  }

  /** Reads to the end, so that whoever writes is not cut off. */
  async drain(): Promise<void> {
    while (await this.more());
  }

  private async more(): Promise<boolean> {
    const { value, done } = await this.chunks.next();
    this.rest = done ? new Uint8Array(0) : value;
    return !done;
  }
}
