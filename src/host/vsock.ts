import { rmSync } from "node:fs";
import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { VsockDevice } from "../devices/virtio/vsock.ts";
import type { VsockEvents, VsockHost, VsockStream } from "../devices/virtio/vsock-host.ts";
import { RefusedError } from "../messages/errors.ts";
import { vsockMessages } from "../messages/vsock.ts";
import { why } from "./why.ts";

/** The longest `CONNECT <port>\n`. */
const LONGEST_COMMAND = 32;

/**
 * A guest's vsock as Unix sockets, as Firecracker has them: who connects to the socket at PATH and says
 * `CONNECT <port>\n` is connected to that port of the guest and first gets `OK <host port>\n`; what the guest connects
 * to port N of the host goes to the socket at PATH_N. Nothing else of the host can be reached.
 */
export class VsockSockets implements VsockHost {
  private readonly path: string;
  private server: Server | undefined;
  private readonly sockets = new Set<Socket>();

  constructor(path: string) {
    this.path = path;
  }

  /** Lets others connect to the guest of `device`. Rejects with a RefusedError where there is no making the socket. */
  listen(device: Pick<VsockDevice, "open">): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (socket) => this.accept(socket, device));
    this.server = server;
    return new Promise((resolve, reject) => {
      const refuse = (error: Error) =>
        reject(new RefusedError(vsockMessages.cannotListen(this.path, why(error))));
      server.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "EADDRINUSE") return refuse(error);
        server.once("error", refuse);
        // A process that was killed has left its socket: nobody answers there.
        const probe = createConnection({ path: this.path });
        probe.once("connect", () => {
          probe.destroy();
          refuse(error);
        });
        probe.once("error", ({ code }: NodeJS.ErrnoException) => {
          if (code !== "ECONNREFUSED") return refuse(error);
          rmSync(this.path, { force: true });
          server.listen(this.path, resolve);
        });
      });
      server.listen(this.path, resolve);
    });
  }

  /** Ends all connections and takes the socket at PATH away. */
  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    const { server } = this;
    return new Promise((resolve) => (server?.listening ? server.close(() => resolve()) : resolve()));
  }

  connect(stream: VsockStream): VsockEvents {
    const socket = createConnection({ path: `${this.path}_${stream.hostPort}`, allowHalfOpen: true });
    this.track(socket);
    socket.once("connect", () => stream.accept());
    forward(socket, stream);
    return eventsTo(socket, () => stream);
  }

  private accept(socket: Socket, device: Pick<VsockDevice, "open">): void {
    this.track(socket);
    let command = Buffer.alloc(0);
    const read = (bytes: Buffer) => {
      command = Buffer.concat([command, bytes]);
      const end = command.indexOf("\n");
      if (end < 0 && command.length < LONGEST_COMMAND) return;
      socket.off("data", read);
      socket.pause();
      const port = guestPort(command.toString("latin1", 0, Math.max(0, end)));
      if (port === undefined) socket.destroy();
      else begin(socket, device, port, command.subarray(end + 1));
    };
    socket.on("data", read);
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.sockets.delete(socket));
  }
}

/** Of a line `CONNECT <port>`. */
function guestPort(line: string): number | undefined {
  const digits = /^CONNECT (\d{1,10})\r?$/.exec(line)?.[1];
  const port = Number(digits);
  return digits !== undefined && port <= 0xffff_ffff ? port : undefined;
}

/** `rest`: what came behind the command. */
function begin(socket: Socket, device: Pick<VsockDevice, "open">, port: number, rest: Uint8Array): void {
  const stream: VsockStream | undefined = device.open(port, {
    ...eventsTo(socket, () => stream),
    connected: () => {
      socket.write(`OK ${stream?.hostPort}\n`);
      if (rest.length > 0) stream?.write(rest);
      socket.resume();
    },
  });
  if (!stream) socket.destroy();
  else forward(socket, stream);
  socket.pause();
}

/** From the socket to the guest. */
function forward(socket: Socket, stream: VsockStream): void {
  socket.on("data", (bytes) => {
    if (!stream.write(bytes)) socket.pause();
  });
  socket.on("end", () => stream.end());
  socket.on("drain", () => stream.setReading(true));
  socket.on("close", () => {
    // Where both sides have ended, what was read last may still be on its way to the guest.
    if (!socket.readableEnded || !socket.writableFinished) stream.destroy();
  });
}

/** From the guest to the socket. */
function eventsTo(socket: Socket, stream: () => VsockStream | undefined): VsockEvents {
  return {
    connected: () => {},
    received: (bytes) => {
      if (!socket.write(bytes)) stream()?.setReading(false);
    },
    ended: () => socket.end(),
    drained: () => socket.resume(),
    closed: (reason) => (reason === "done" ? socket.destroySoon() : socket.destroy()),
  };
}
