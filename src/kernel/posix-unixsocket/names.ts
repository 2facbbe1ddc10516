import { fail } from "../vfs/error.ts";
import type { Inode } from "../vfs/inode.ts";
import { type ByteString, fromBytes, toBytes } from "../vfs/names.ts";
import type { UnixSocket } from "./unix-socket.ts";

export const AF_UNIX = 1;
/** Bytes of `sun_path`. */
const LONGEST_PATH = 108;

/** A name of a local socket (unix(7)): a path of the file tree, or an abstract one, which begins with a NUL here. */
export type UnixName = ByteString;

export const isAbstract = (name: UnixName) => name.startsWith("\0");

/** The name in a `struct sockaddr_un`; empty: none was given (bind chooses one). Throws EINVAL. */
export function decodeAddress(address: Uint8Array): UnixName {
  if (address.length < 2 || address.length > 2 + LONGEST_PATH) fail("EINVAL");
  if ((address[0] | (address[1] << 8)) !== AF_UNIX) fail("EINVAL");
  const name = fromBytes(address.subarray(2));
  if (name === "" || isAbstract(name)) return name;
  const end = name.indexOf("\0");
  return end < 0 ? name : name.slice(0, end);
}

/** A `struct sockaddr_un`; without a name the family alone. */
export function encodeAddress(name: UnixName | undefined): Uint8Array {
  const path = name === undefined ? "" : isAbstract(name) ? name : `${name}\0`;
  return Uint8Array.of(AF_UNIX, 0, ...toBytes(path));
}

/** Which socket has which name. */
export class UnixNames {
  private readonly abstract = new Map<UnixName, UnixSocket>();
  private readonly inFiles = new WeakMap<Inode, UnixSocket>();
  private chosen = 0;

  bindAbstract(name: UnixName, socket: UnixSocket): void {
    if (this.abstract.has(name)) fail("EADDRINUSE");
    this.abstract.set(name, socket);
  }

  /** An abstract name that nobody has: five hexadecimal digits. */
  choose(socket: UnixSocket): UnixName {
    for (let tries = 0; tries < 0x100000; tries++) {
      this.chosen = (this.chosen + 1) & 0xfffff;
      const name = `\0${this.chosen.toString(16).padStart(5, "0")}`;
      if (this.abstract.has(name)) continue;
      this.abstract.set(name, socket);
      return name;
    }
    return fail("ENOSPC");
  }

  bindFile(inode: Inode, socket: UnixSocket): void {
    this.inFiles.set(inode, socket);
  }

  findAbstract(name: UnixName): UnixSocket {
    return this.abstract.get(name) ?? fail("ECONNREFUSED");
  }

  findFile(inode: Inode): UnixSocket {
    return this.inFiles.get(inode) ?? fail("ECONNREFUSED");
  }

  /** Its socket is closed. A file of that name stays, and refuses connections. */
  release(name: UnixName, inode: Inode | undefined): void {
    if (inode) this.inFiles.delete(inode);
    else this.abstract.delete(name);
  }
}
