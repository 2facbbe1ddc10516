import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { signals } from "../rksignal/signals.ts";
import { time } from "../rktime/time.ts";
import { vfs } from "../vfs/vfs.ts";
import { socketCalls } from "./calls.ts";
import { SocketFamilies, socketFamilies } from "./families.ts";
import { messageCalls } from "./messages.ts";

/** The system calls of sockets, for whatever address families are linked. */
export const posixSocket: Library = {
  name: "posix-socket",
  summary: librarySummary.posixSocket,
  provides: [socketFamilies],
  needs: [vfs, time, signals],
  syscalls: [...socketCalls, ...messageCalls],
  start(kernel) {
    kernel.provide(socketFamilies, new SocketFamilies());
  },
};
