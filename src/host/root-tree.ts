import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  futimesSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeSync,
} from "node:fs";
import { resolve } from "node:path";
import { cliText } from "../messages/cli.ts";
import { RefusedError } from "../messages/errors.ts";
import { rootText } from "../messages/root.ts";
import { why } from "./why.ts";

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
/** As many links as Linux follows in one path. */
const MOST_LINKS = 40;
/** Who owns a file is not kept, so its set-user-ID and set-group-ID bits would be for somebody else. */
const KEPT_MODE = 0o1777;
/** What a file is called until it is whole. */
const UNFINISHED = ".runikraft-new";

/** A file that is being written; it takes its name's place at the end. */
export interface NewFile {
  write(piece: Uint8Array): void;
  end(): void;
}

/**
 * A host directory as the root of a file system to be: symbolic links in it mean what they mean to who has it as `/`,
 * so nothing here reaches out of it. Paths and links' targets are byte strings, one character a byte; a path starts
 * at the root, with a slash or without. Everything throws `RefusedError` where the host refuses.
 */
export class RootTree {
  /** As a byte string, without a slash at the end. */
  private readonly root: string;
  /** Directories on the host, by the path that was asked for. */
  private readonly resolved = new Map<string, string>();

  /** The directory has to be there. */
  constructor(path: string) {
    const real = refusing(path, () => realpathSync(path, { encoding: "buffer" }).toString("latin1"));
    this.root = real === "/" ? "" : real;
  }

  /** For the programs of the host. */
  hostPath(path: string): string {
    return readable(this.follow(path));
  }

  exists(path: string): boolean {
    return this.look(path) !== undefined;
  }

  /** Undefined where there is no such file. */
  read(path: string): Uint8Array | undefined {
    const host = this.follow(path);
    return stats(host)?.isFile() ? refusing(host, () => readFileSync(bytes(host))) : undefined;
  }

  /** The target of a symbolic link; undefined where there is none. */
  readLink(path: string): string | undefined {
    if (!this.look(path)?.isSymbolicLink()) return undefined;
    return readlinkSync(bytes(this.host(path)), { encoding: "buffer" }).toString("latin1");
  }

  /** Names in a directory, in order; none where there is no such directory. */
  list(path: string): string[] {
    const host = this.follow(path);
    if (!stats(host)?.isDirectory()) return [];
    return refusing(host, () => readdirSync(bytes(host), { encoding: "buffer" }))
      .map((name) => name.toString("latin1"))
      .sort();
  }

  /** Whether a name leads to a file, links followed. */
  leadsToFile(path: string): boolean {
    return stats(this.follow(path))?.isFile() ?? false;
  }

  /** With those above it. What leads to a directory already stays as it is: `/lib` is a link. */
  makeDirectory(path: string, mode = 0o755): void {
    const host = this.follow(path);
    refusing(host, () => {
      makeDirectories(host);
      // Or else what is in it could not be written.
      chmodSync(bytes(host), (mode & KEPT_MODE) | 0o700);
    });
  }

  newFile(path: string, mode: number, mtime?: number): NewFile {
    const host = this.free(path);
    const unfinished = bytes(host + UNFINISHED);
    const fd = refusing(host, () => openSync(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600));
    return {
      write: (piece) =>
        refusing(host, () => {
          for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
        }),
      end: () =>
        refusing(host, () => {
          fchmodSync(fd, mode & KEPT_MODE);
          if (mtime !== undefined) futimesSync(fd, mtime, mtime);
          closeSync(fd);
          renameSync(unfinished, bytes(host));
        }),
    };
  }

  write(path: string, content: string | Uint8Array, mode = 0o644, mtime?: number): void {
    const file = this.newFile(path, mode, mtime);
    file.write(typeof content === "string" ? Buffer.from(content) : content);
    file.end();
  }

  /** A directory in its place stays. */
  makeSymlink(path: string, target: string): void {
    if (this.look(path)?.isDirectory()) return;
    const host = this.free(path);
    refusing(host, () => {
      rmSync(bytes(host), { force: true });
      symlinkSync(bytes(target), bytes(host));
    });
    this.resolved.clear();
  }

  makeHardLink(path: string, existing: string): void {
    const source = this.host(existing);
    const host = this.free(path);
    refusing(host, () => {
      rmSync(bytes(host), { force: true });
      linkSync(bytes(source), bytes(host));
    });
  }

  /** Nothing happens where there is nothing. */
  remove(path: string): void {
    const host = this.host(path);
    refusing(host, () => rmSync(bytes(host), { force: true }));
    this.resolved.clear();
  }

  private look(path: string): Stats | undefined {
    return stats(this.host(path));
  }

  /** The host's path of a name that may be taken for something that is no directory. */
  private free(path: string): string {
    const host = this.host(path);
    const there = stats(host);
    if (there?.isDirectory())
      throw new RefusedError(cliText.cannotWrite(readable(host), cliText.isDirectory()));
    if (there === undefined) {
      const above = host.slice(0, host.lastIndexOf("/"));
      refusing(above, () => makeDirectories(above));
    }
    return host;
  }

  /** The host's path of a name, which may itself be a link. */
  private host(path: string): string {
    const names = path.split("/").filter((name) => name !== "" && name !== ".");
    const last = names.pop();
    if (last === undefined) return this.root || "/";
    if (last === "..") throw new RefusedError(rootText.badPath(readable(path)));
    return `${this.directory(names.join("/"))}/${last}`;
  }

  /** The host's path of what a name leads to. */
  private follow(path: string): string {
    return this.directory(path) || "/";
  }

  /** Follows every link, within the root. What is not there is taken as it stands. */
  private directory(path: string): string {
    const known = this.resolved.get(path);
    if (known !== undefined) return known;
    const found: string[] = [];
    const todo = path.split("/").reverse();
    for (let links = 0; todo.length > 0; ) {
      const name = todo.pop() as string;
      if (name === "" || name === ".") continue;
      if (name === "..") {
        found.pop();
        continue;
      }
      const host = `${this.root}/${[...found, name].join("/")}`;
      if (!stats(host)?.isSymbolicLink()) {
        found.push(name);
        continue;
      }
      if (++links > MOST_LINKS) throw new RefusedError(rootText.badPath(readable(path)));
      const target = readlinkSync(bytes(host), { encoding: "buffer" }).toString("latin1");
      if (target.startsWith("/")) found.length = 0;
      todo.push(...target.split("/").reverse());
    }
    const result = [this.root, ...found].join("/");
    this.resolved.set(path, result);
    return result;
  }
}

/** Whether there is nothing at a path of the host, or a directory with nothing in it. */
export function isNothing(path: string): boolean {
  return refusing(path, () => !existsSync(path) || readdirSync(path).length === 0);
}

/** A directory of the host, with those above it. */
export function makeHostDirectory(path: string): void {
  const all = Buffer.from(resolve(path)).toString("latin1");
  refusing(all, () => makeDirectories(all));
}

/** As dpkg notes of configuration files. Loading what computes it would cost every start of a program. */
export const md5 = (pieces: readonly Uint8Array[]): string => {
  const hash = process.getBuiltinModule("node:crypto").createHash("md5");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
};

const bytes = (path: string): Buffer => Buffer.from(path, "latin1");
const readable = (path: string): string => bytes(path).toString();

/** Those above it, too. Node's own way to do it never ends in /proc. */
function makeDirectories(host: string): void {
  const there = stats(host);
  if (there?.isDirectory()) return;
  if (there) throw Object.assign(new Error(host), { code: "ENOTDIR" });
  const above = host.slice(0, host.lastIndexOf("/"));
  if (above !== "") makeDirectories(above);
  mkdirSync(bytes(host));
}

function stats(host: string): Stats | undefined {
  return refusing(host, () => {
    try {
      return lstatSync(bytes(host));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw error;
    }
  });
}

function refusing<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new RefusedError(cliText.cannotWrite(readable(path), why(error)));
  }
}
