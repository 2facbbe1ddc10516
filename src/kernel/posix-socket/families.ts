import { type Api, api } from "../library.ts";
import { fail } from "../vfs/error.ts";
import type { Socket, SocketCaller } from "./socket.ts";

/** An address family: makes sockets. Its library puts it into `socketFamilies` when it starts. */
export interface AddressFamily {
  /** AF_* */
  readonly number: number;
  /** Throws ESOCKTNOSUPPORT and EPROTONOSUPPORT. `flags`: O_NONBLOCK. */
  create(type: number, protocol: number, flags: number, caller: SocketCaller): Socket;
  /** Two sockets connected with each other; absent: EOPNOTSUPP. */
  pair?(type: number, protocol: number, flags: number, caller: SocketCaller): [Socket, Socket];
}

/** The address families of a kernel. */
export class SocketFamilies {
  private readonly families = new Map<number, AddressFamily>();

  add(family: AddressFamily): void {
    this.families.set(family.number, family);
  }

  get(number: number): AddressFamily {
    return this.families.get(number) ?? fail("EAFNOSUPPORT");
  }
}

export const socketFamilies: Api<SocketFamilies> = api("posix-socket");
