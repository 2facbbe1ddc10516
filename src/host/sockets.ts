import { createSocket, type Socket as DatagramSocket } from "node:dgram";
import { getServers } from "node:dns";
import { connect, createServer, isIPv4, type Socket } from "node:net";
import { RefusedError } from "../messages/errors.ts";
import { netText } from "../messages/net.ts";
import type { HostSockets, Listener, TcpEvents, TcpSocket, UdpSocket } from "../net/host-sockets.ts";
import { why } from "./why.ts";

/** Datagrams that Node may hold back for one socket; what comes faster is lost. */
const DATAGRAM_LIMIT = 256;
const DNS_PORT = 53;

/** The host's IPv4 network, by Node. `listenTcp` and `bindUdp` reject with a `RefusedError`. */
export const nodeSockets: HostSockets = {
  connectTcp(host, port, events) {
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    socket.once("connect", () => events.connected());
    follow(socket, events, false);
    return tcpSocket(socket, { address: host, port });
  },

  listenTcp(host, port, accept) {
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
      const remote = { address: socket.remoteAddress ?? "0.0.0.0", port: socket.remotePort ?? 0 };
      follow(socket, accept(tcpSocket(socket, remote)), true);
    });
    return new Promise<Listener>((resolve, reject) => {
      const refuse = (error: Error) => reject(refused(host, port, error));
      server.once("error", refuse);
      server.listen({ host, port }, () => {
        server.off("error", refuse);
        // Of a single call that could not be taken, for want of descriptors: that one is lost.
        server.on("error", () => {});
        const bound = server.address();
        resolve({
          port: typeof bound === "object" && bound !== null ? bound.port : port,
          close: () => void server.close(),
        });
      });
    });
  },

  openUdp: (receive) => udpSocket(datagrams(receive)),

  bindUdp(address, port, receive) {
    const socket = datagrams(receive);
    return new Promise((resolve, reject) => {
      const refuse = (error: Error) => reject(refused(address, port, error));
      socket.once("error", refuse);
      socket.bind({ address, port }, () => {
        socket.off("error", refuse);
        resolve({ ...udpSocket(socket), port: socket.address().port });
      });
    });
  },

  nameServers: () =>
    getServers()
      .map((server) => /^([\d.]+)(?::(\d+))?$/.exec(server))
      .flatMap((match) =>
        match !== null && isIPv4(match[1]) ? [{ address: match[1], port: Number(match[2] ?? DNS_PORT) }] : [],
      ),
};

function refused(address: string, port: number, error: Error): RefusedError {
  return new RefusedError(netText.cannotForward(address, port, why(error)));
}

function tcpSocket(socket: Socket, remote: TcpSocket["remote"]): TcpSocket {
  return {
    remote,
    write: (bytes) => socket.write(bytes),
    end: () => void socket.end(),
    destroy() {
      if (socket.connecting) socket.destroy();
      else socket.resetAndDestroy();
    },
    setReading(reading) {
      if (reading) socket.resume();
      else socket.pause();
    },
  };
}

function follow(socket: Socket, events: TcpEvents, connected: boolean): void {
  let wasConnected = connected;
  let failure: string | undefined;
  socket.once("connect", () => {
    wasConnected = true;
  });
  socket.on("data", (bytes) => events.received(bytes));
  socket.on("end", () => events.ended());
  socket.on("drain", () => events.drained());
  socket.on("error", (error: NodeJS.ErrnoException) => {
    failure = error.code ?? "";
  });
  socket.on("close", () => {
    if (failure === undefined) events.closed("done");
    else if (wasConnected) events.closed("reset");
    else events.closed(failure === "ECONNREFUSED" ? "refused" : "unreachable");
  });
}

function datagrams(receive: (bytes: Uint8Array, address: string, port: number) => void): DatagramSocket {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { address, port }) => receive(bytes, address, port));
  // Such as a port that nobody has: a datagram is lost like any other.
  socket.on("error", () => {});
  return socket;
}

function udpSocket(socket: DatagramSocket): UdpSocket {
  let waiting = 0;
  let closed = false;
  return {
    send(bytes, address, port) {
      if (closed || waiting === DATAGRAM_LIMIT) return;
      waiting++;
      socket.send(bytes, port, address, () => {
        waiting--;
      });
    },
    close() {
      if (!closed) socket.close();
      closed = true;
    },
  };
}
