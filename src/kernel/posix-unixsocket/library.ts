import { librarySummary } from "../../messages/libraries.ts";
import type { Kernel } from "../kernel.ts";
import type { Library } from "../library.ts";
import { type AddressFamily, socketFamilies } from "../posix-socket/families.ts";
import { credentialsOf, type Socket, SocketType } from "../posix-socket/socket.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { anonymousPlace } from "../vfs/anonymous.ts";
import { fail } from "../vfs/error.ts";
import { Budget } from "../vfs/limits.ts";
import { vfs } from "../vfs/vfs.ts";
import { ConnectedSocket, isConnectedType } from "./connected.ts";
import { DatagramSocket } from "./datagram.ts";
import { InFlight } from "./in-flight.ts";
import { AF_UNIX, UnixNames } from "./names.ts";
import { type UnixContext, UnixSocket } from "./unix-socket.ts";

/** The sockets of AF_UNIX, whatever surrounds them. */
export function unixFamily(context: UnixContext): AddressFamily {
  const checked = (type: number, protocol: number) => {
    if (protocol !== 0 && protocol !== AF_UNIX) fail("EPROTONOSUPPORT");
    // SOCK_RAW is taken for SOCK_DGRAM, as under Linux.
    if (type === SocketType.raw) return SocketType.datagram;
    return isConnectedType(type) || type === SocketType.datagram ? type : fail("ESOCKTNOSUPPORT");
  };
  return {
    number: AF_UNIX,
    create(type, protocol, flags): Socket {
      const kind = checked(type, protocol);
      return isConnectedType(kind)
        ? new ConnectedSocket(context, flags, kind)
        : new DatagramSocket(context, flags, kind);
    },
    pair(type, protocol, flags): [Socket, Socket] {
      const kind = checked(type, protocol);
      return isConnectedType(kind)
        ? ConnectedSocket.pair(context, flags, kind)
        : DatagramSocket.pair(context, flags, kind);
    },
  };
}

/** `now`: nanoseconds since 1970; `sender`: see `UnixContext`. */
export function unixContext(memory: Budget, now: () => bigint, sender: UnixContext["sender"]): UnixContext {
  let made = 0;
  return {
    names: new UnixNames(),
    inFlight: new InFlight((file) => file instanceof UnixSocket),
    memory,
    place: () => anonymousPlace("socket", ++made, now(), () => fail("ENXIO")),
    sender,
  };
}

function contextOf(kernel: Kernel): UnixContext {
  const memory = new Budget(kernel.use(vfs).limits.socketMemory, "ENOBUFS");
  return unixContext(
    memory,
    () => kernel.use(time).realtime(),
    () => {
      const { current } = kernel.use(dispatcher);
      return current ? credentialsOf(current.process) : { pid: 0, uid: 0, gid: 0 };
    },
  );
}

/** Local sockets: unix(7). */
export const posixUnixsocket: Library = {
  name: "posix-unixsocket",
  summary: librarySummary.posixUnixsocket,
  provides: [],
  needs: [socketFamilies, vfs, time, dispatcher],
  start(kernel) {
    kernel.use(socketFamilies).add(unixFamily(contextOf(kernel)));
  },
};
