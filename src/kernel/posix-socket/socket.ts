import type { Process } from "../rkprocess/process.ts";
import type { Thread } from "../rkprocess/thread.ts";
import type { Location } from "../vfs/dentry.ts";
import { fail } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { OpenFile } from "../vfs/open-file.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { SocketOptions } from "./options.ts";

export const SocketType = { stream: 1, datagram: 2, raw: 3, sequenced: 5 } as const;

/** Flags of `send` and `recv` (linux/socket.h). */
export const MSG = {
  OOB: 1,
  PEEK: 2,
  CTRUNC: 8,
  TRUNC: 0x20,
  DONTWAIT: 0x40,
  EOR: 0x80,
  WAITALL: 0x100,
  NOSIGNAL: 0x4000,
  CMSG_CLOEXEC: 0x4000_0000,
} as const;

/** Who makes a call, for what depends on it: paths, permissions, credentials. */
export interface SocketCaller {
  readonly thread: Thread;
  readonly files: ProcessFiles;
}

/** `struct ucred`. */
export interface UserCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

export function credentialsOf({ pid, credentials }: Process): UserCredentials {
  return { pid, uid: credentials.uid, gid: credentials.gid };
}

/** What goes with the bytes of one `send`. */
export interface SendOptions {
  /** A `struct sockaddr`, where one was given. */
  readonly to?: { readonly address: Uint8Array; readonly caller: SocketCaller } | undefined;
  /** SCM_RIGHTS: the receiver takes a hold of its own on each. */
  readonly files?: readonly OpenFile[];
  /** SCM_CREDENTIALS, where the sender gave them. */
  readonly credentials?: UserCredentials | undefined;
}

/** What one `recv` has got. */
export interface Received {
  readonly bytes: Uint8Array;
  /** Bytes of the message, also those that did not fit; of a stream the bytes received. */
  readonly length: number;
  /** The sender's `struct sockaddr`; of connected streams none. */
  readonly from?: Uint8Array | undefined;
  /** Held for the receiver. */
  readonly files?: readonly OpenFile[] | undefined;
  /** Set where the receiver asked for them (SO_PASSCRED). */
  readonly credentials?: UserCredentials | undefined;
}

/**
 * A socket, of whatever address family. Operations never wait: they throw EAGAIN, and `waiters` tells when to try
 * again. Addresses are `struct sockaddr` in bytes, as the family has them.
 */
export abstract class Socket extends OpenFile {
  /** AF_*, one of `SocketType`, and the protocol (SO_DOMAIN, SO_TYPE, SO_PROTOCOL). */
  readonly domain: number;
  readonly type: number;
  readonly protocol: number;
  readonly options = new SocketOptions();

  constructor(location: Location, flags: number, domain: number, type: number, protocol: number) {
    super(location, (flags & O.NONBLOCK) | O.RDWR);
    this.domain = domain;
    this.type = type;
    this.protocol = protocol;
  }

  abstract get localAddress(): Uint8Array;
  /** Throws ENOTCONN. */
  abstract get peerAddress(): Uint8Array;
  /** Who is at the other end (SO_PEERCRED), where the family knows. */
  get peerCredentials(): UserCredentials {
    return { pid: 0, uid: 0xffff_ffff, gid: 0xffff_ffff };
  }
  /** Whether it listens (SO_ACCEPTCONN). */
  abstract get listening(): boolean;
  abstract bind(address: Uint8Array, caller: SocketCaller): void;
  abstract connect(address: Uint8Array, caller: SocketCaller): void;
  abstract listen(backlog: number, caller: SocketCaller): void;
  /** The next connection, not yet a descriptor of anybody. `flags`: O_NONBLOCK. */
  abstract accept(flags: number): Socket;
  /** Takes bytes, fewer than given where a stream's room ends, and returns how many. EPIPE raises no signal here. */
  abstract send(bytes: Uint8Array, options: SendOptions): number;
  /** At most `most` bytes; MSG_PEEK leaves them. A stream that has ended gives none. */
  abstract receive(most: number, flags: number): Received;
  /** Ends receiving, sending or both. */
  abstract shutdown(receiving: boolean, sending: boolean): void;
  /** Takes the error that a connection has met (SO_ERROR): an errno, 0 for none. */
  takeError(): number {
    return 0;
  }
  /** An option beside those of SOL_SOCKET. */
  getOption(_level: number, _name: number): Uint8Array {
    return fail("ENOPROTOOPT");
  }
  setOption(_level: number, _name: number, _value: Uint8Array): void {
    fail("ENOPROTOOPT");
  }

  get isStream(): boolean {
    return this.type === SocketType.stream;
  }

  override get pieceSize(): number {
    return this.isStream ? super.pieceSize : LONGEST_MESSAGE;
  }

  override read(into: Uint8Array): number {
    const { bytes, files } = this.receive(into.length, 0);
    // `read` has no place for them.
    for (const file of files ?? []) file.release();
    into.set(bytes);
    return bytes.length;
  }
}

/** A message of more bytes than any socket takes shows as one of this many. */
const LONGEST_MESSAGE = 1 << 20;
