import type { Endpoint } from "../address.ts";
import type { TcpEvents, TcpSocket } from "../host-sockets.ts";
import type { TcpConnection } from "../tcp/connection.ts";
import type { ConnectionHandler } from "../tcp/handler.ts";

const PIECE = 64 * 1024;

/** Why a socket of the host came to nothing. */
export type ConnectFailure = "refused" | "unreachable";

export interface ConnectionEnds {
  readonly guest: Endpoint;
  readonly peer: Endpoint;
}

/**
 * A guest's TCP connection and the host's socket that it goes on in. Each side is read only as fast as the other takes it:
 * a full socket leaves the bytes in the connection, whose window closes, and a full connection stops the socket.
 */
export class Relay {
  readonly guestSide: ConnectionHandler = {
    opened: () => this.start(),
    readable: () => this.pump(),
    writable: () => this.passRest(),
    closed: (reason) => {
      // After an orderly end the socket sends what it still has, and goes by itself.
      if (reason !== "done") this.socket?.destroy();
      this.rest = [];
      this.isGuestGone = true;
      this.checkGone();
    },
  };

  readonly hostSide: TcpEvents = {
    connected: () => {
      this.isConnected = true;
      this.isReady = true;
      this.onConnected();
      this.pump();
    },
    received: (bytes) => {
      this.rest.push(bytes);
      this.passRest();
    },
    ended: () => {
      this.hasHostEnded = true;
      this.passRest();
    },
    drained: () => {
      this.isReady = true;
      this.pump();
    },
    closed: (reason) => {
      this.socket = undefined;
      if (!this.isConnected) this.onFailed(reason === "unreachable" ? "unreachable" : "refused");
      else if (reason !== "done" || !this.hasHostEnded) this.abortGuest();
      this.checkGone();
    },
  };

  /** The guest's end and the other one, as the guest knows them. */
  get ends(): ConnectionEnds {
    const { local, remote } = this.connection;
    return { guest: remote, peer: local };
  }

  /** Set by who has the socket connect. */
  onConnected: () => void = () => {};
  onFailed: (reason: ConnectFailure) => void = () => {};
  /** Nothing is left of either side. */
  onGone: () => void = () => {};
  private readonly connection: TcpConnection;
  private socket: TcpSocket | undefined;
  private isConnected = false;
  /** The socket takes more. */
  private isReady = false;
  private isGuestGone = false;
  private hasGuestEnded = false;
  private hasHostEnded = false;
  /** What the socket gave and the connection had no room for. */
  private rest: Uint8Array[] = [];

  constructor(connection: TcpConnection, isConnected: boolean) {
    this.connection = connection;
    this.isConnected = isConnected;
    this.isReady = isConnected;
    connection.noDelay = true;
  }

  /** The socket, whose events go to `hostSide`: it waits until the guest can take something. */
  setSocket(socket: TcpSocket): void {
    this.socket = socket;
    socket.setReading(false);
  }

  /** Lets go of both sides. */
  destroy(): void {
    this.connection.drop();
    this.socket?.destroy();
  }

  private abortGuest(): void {
    this.isGuestGone = true;
    this.rest = [];
    this.connection.abort();
  }

  private checkGone(): void {
    if (this.isGuestGone && this.socket === undefined) this.onGone();
  }

  private start(): void {
    this.socket?.setReading(true);
    this.pump();
  }

  /** From the guest to the host. */
  private pump(): void {
    const { connection, socket } = this;
    while (socket !== undefined && this.isReady && connection.readable > 0)
      this.isReady = socket.write(connection.read(PIECE));
    if (!this.isConnected || this.hasGuestEnded || !connection.isEnded) return;
    this.hasGuestEnded = true;
    socket?.end();
  }

  /** From the host to the guest. */
  private passRest(): void {
    while (this.rest.length > 0) {
      const [first] = this.rest;
      const taken = this.connection.write(first);
      if (taken < first.length) {
        this.rest[0] = first.subarray(taken);
        this.socket?.setReading(false);
        return;
      }
      this.rest.shift();
    }
    if (this.hasHostEnded) this.connection.end();
    else this.socket?.setReading(true);
  }
}
