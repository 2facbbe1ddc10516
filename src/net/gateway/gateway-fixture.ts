import { SeededRandom } from "../../random/seeded-random.ts";
import { cable, type EthernetPort } from "../cable.ts";
import type { HostSockets, TcpEvents, TcpSocket } from "../host-sockets.ts";
import { address, VirtualTime } from "../network-fixture.ts";
import { Stack } from "../stack.ts";
import { parseAllow } from "./allow.ts";
import { Gateway } from "./gateway.ts";

/** A socket of the host that a test plays the other side of. */
export class PlayedSocket implements TcpSocket {
  readonly remote: TcpSocket["remote"];
  readonly events: TcpEvents;
  readonly written: Uint8Array[] = [];
  /** Bytes that it takes before it is full. */
  room = Number.POSITIVE_INFINITY;
  isReading = true;
  isEnded = false;
  isDestroyed = false;

  constructor(remote: TcpSocket["remote"], events: TcpEvents) {
    this.remote = remote;
    this.events = events;
  }

  get text(): string {
    return Buffer.concat(this.written).toString();
  }

  get writtenLength(): number {
    return this.written.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes);
    return this.writtenLength < this.room;
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  setReading(reading: boolean): void {
    this.isReading = reading;
  }
}

/** The host's network as a test plays it. */
export class PlayedHost implements HostSockets {
  readonly calls: PlayedSocket[] = [];
  readonly datagrams: string[] = [];
  readonly udpReceivers: ((bytes: Uint8Array, address: string, port: number) => void)[] = [];
  servers = [
    { address: "9.9.9.9", port: 53 },
    { address: "8.8.8.8", port: 5353 },
  ];
  openUdpSockets = 0;
  accept: ((socket: TcpSocket) => TcpEvents) | undefined;

  connectTcp(to: string, port: number, events: TcpEvents): TcpSocket {
    const socket = new PlayedSocket({ address: to, port }, events);
    this.calls.push(socket);
    return socket;
  }

  async listenTcp(_address: string, port: number, accept: (socket: TcpSocket) => TcpEvents) {
    this.accept = accept;
    return { port, close: () => {} };
  }

  openUdp(receive: (bytes: Uint8Array, address: string, port: number) => void) {
    this.udpReceivers.push(receive);
    this.openUdpSockets++;
    return {
      send: (bytes: Uint8Array, to: string, port: number) => {
        this.datagrams.push(`${Buffer.from(bytes)} to ${to}:${port}`);
      },
      close: () => {
        this.openUdpSockets--;
      },
    };
  }

  async bindUdp(_: string, port: number, receive: (b: Uint8Array, a: string, p: number) => void) {
    return { ...this.openUdp(receive), port };
  }

  nameServers() {
    return this.servers;
  }
}

/** A gateway and a guest at 10.0.2.15 on one cable; `watched` may put something between it and the guest. */
export function gatewayAndGuest({
  allow = ["*"],
  largeFrames = false,
  watched = (port: EthernetPort) => port,
} = {}) {
  const time = new VirtualTime();
  const host = new PlayedHost();
  const random = new SeededRandom(5n);
  const [left, right] = cable();
  const common = {
    timers: time,
    random: (into: Uint8Array) => into.set(random.bytes(into.length)),
    largeFrames,
  };
  const gateway = new Gateway({ ...common, port: left, sockets: host, allow: allow.map(parseAllow) });
  const guest = new Stack({
    ...common,
    port: watched(right),
    mac: 0x525400123456,
    addresses: [address("10.0.2.15")],
    accepts: () => true,
    route: () => address("10.0.2.2"),
  });
  const call = (to: string, port: number) => {
    const log: string[] = [];
    const remote = { address: address(to), port };
    const connection = guest.tcp.connect(address("10.0.2.15"), remote, () => ({
      opened: () => log.push("opened"),
      readable: () => log.push("readable"),
      writable: () => log.push("writable"),
      closed: (reason) => log.push(reason),
    }));
    if (connection === undefined) throw new Error("no room");
    return { connection, log };
  };
  return { time, host, gateway, guest, call, left, right };
}
