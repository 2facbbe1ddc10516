/**
 * The host's network as a gateway uses it. Addresses are text (`"127.0.0.1"`), ports are numbers. Nothing throws:
 * failures arrive through callbacks, and none is called before the method that starts it has returned.
 */
export interface HostSockets {
  connectTcp(address: string, port: number, events: TcpEvents): TcpSocket;
  /** Rejects where the host refuses the address. */
  listenTcp(address: string, port: number, accept: (socket: TcpSocket) => TcpEvents): Promise<Listener>;
  /** A socket of its own, on a free port. `receive` gets what comes back. */
  openUdp(receive: (bytes: Uint8Array, address: string, port: number) => void): UdpSocket;
  /** As `openUdp`, on a given address. Rejects where the host refuses it. */
  bindUdp(
    address: string,
    port: number,
    receive: (bytes: Uint8Array, address: string, port: number) => void,
  ): Promise<BoundUdpSocket>;
  /** Addresses and ports of the name servers that the host itself uses. */
  nameServers(): readonly { readonly address: string; readonly port: number }[];
}

export interface TcpEvents {
  connected(): void;
  received(bytes: Uint8Array): void;
  /** The other side sends no more. */
  ended(): void;
  /** All that was written has left: there is room for more. */
  drained(): void;
  /** The connection is gone; nothing follows. `refused`: it never came to be. */
  closed(reason: "done" | "reset" | "refused" | "unreachable"): void;
}

export interface TcpSocket {
  readonly remote: { readonly address: string; readonly port: number };
  /** False: enough is waiting to leave; go on after `drained`. The bytes are taken in any case. */
  write(bytes: Uint8Array): boolean;
  /** Sends no more, still receives. */
  end(): void;
  /** Ends both directions at once. */
  destroy(): void;
  /** Whether `received` may be called: flow control towards the peer. */
  setReading(reading: boolean): void;
}

export interface UdpSocket {
  /** What cannot leave soon is lost. */
  send(bytes: Uint8Array, address: string, port: number): void;
  close(): void;
}

export interface BoundUdpSocket extends UdpSocket {
  /** The port that it has, also where 0 was asked for. */
  readonly port: number;
}

export interface Listener {
  /** The port that it has, also where 0 was asked for. */
  readonly port: number;
  close(): void;
}
