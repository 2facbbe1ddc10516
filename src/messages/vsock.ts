import { catalogue } from "./catalogue.ts";

/** Of the sockets that lead to a guest's vsock. */
export const vsockMessages = catalogue(
  {
    cannotListen: (path: string, reason: string) => `cannot listen on the socket ${path}: ${reason}`,
  },
  {
    cannotListen: (path: string, reason: string) => `无法在套接字 ${path} 上监听：${reason}`,
  },
);
