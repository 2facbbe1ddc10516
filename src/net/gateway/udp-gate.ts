import type { Endpoint } from "../address.ts";
import { getU16 } from "../bytes.ts";
import type { HostSockets, Listener, UdpSocket } from "../host-sockets.ts";
import { Unreachable } from "../icmp.ts";
import type { Stack } from "../stack.ts";
import type { Timers } from "../timers.ts";
import type { Datagram } from "../udp.ts";
import { isGuest, NAME_SERVER } from "./network.ts";
import { type HostPlace, insideOf, outsideOf } from "./outside.ts";

const PORT_LIMIT = 256;
const PEER_LIMIT = 64;
const QUESTION_LIMIT = 16;
const IDLE_MS = 60_000;

/** A guest's port and the host's socket that stands for it. */
interface GuestPort {
  readonly guest: Endpoint;
  readonly socket: UdpSocket;
  /** Forwarded from a port of the host: anybody may write to it, and it stays. */
  readonly isForwarded: boolean;
  /** Who may answer, as the host sees them, and who that is for the guest. */
  readonly peers: Map<string, Endpoint>;
  /** How often a question with this number went to the name servers. */
  readonly questions: Map<number, number>;
  usedAt: number;
}

/**
 * UDP of a gateway. Each port of a guest has a socket of the host for as long as it is used; what arrives there from
 * whom the guest has not written to is dropped, unless the port is forwarded.
 */
export class UdpGate {
  private readonly stack: Stack;
  private readonly sockets: HostSockets;
  private readonly timers: Timers;
  private readonly isAllowed: (to: Endpoint) => boolean;
  private readonly ports = new Map<string, GuestPort>();
  private cancelSweep: (() => void) | undefined;

  constructor(stack: Stack, sockets: HostSockets, timers: Timers, isAllowed: (to: Endpoint) => boolean) {
    this.stack = stack;
    this.sockets = sockets;
    this.timers = timers;
    this.isAllowed = isAllowed;
  }

  /** A guest sends something outside. */
  send(datagram: Datagram): void {
    const { source, destination, bytes, packet } = datagram;
    if (!isGuest(source.address) || source.port === 0 || destination.port === 0) return;
    const known = this.ports.get(keyOf(source));
    // Whoever wrote to a forwarded port may be answered.
    const asked = known?.isForwarded ? placeOf(known, destination) : undefined;
    if (asked === undefined && !this.isAllowed(destination)) {
      this.stack.icmp.unreachable(packet, Unreachable.prohibited);
      return;
    }
    const port = known ?? this.open(source);
    const place = asked ?? this.placeFor(port, destination, bytes);
    if (place === undefined) {
      this.stack.icmp.unreachable(packet, Unreachable.port);
      return;
    }
    port.usedAt = this.timers.now();
    remember(port.peers, `${place.address} ${place.port}`, destination, PEER_LIMIT);
    // The frame that the bytes are part of may be large; the socket keeps only them.
    port.socket.send(bytes.slice(), place.address, place.port);
  }

  /** Rejects where the host refuses the address. */
  async listen(hostAddress: string, hostPort: number, guest: Endpoint): Promise<Listener> {
    const socket = await this.sockets.bindUdp(hostAddress, hostPort, (bytes, address, from) =>
      this.receive(port, bytes, { address, port: from }),
    );
    const port = this.guestPort(guest, socket, true);
    this.ports.get(keyOf(guest))?.socket.close();
    this.ports.set(keyOf(guest), port);
    return {
      port: socket.port,
      close: () => {
        socket.close();
        if (this.ports.get(keyOf(guest)) === port) this.ports.delete(keyOf(guest));
      },
    };
  }

  close(): void {
    this.cancelSweep?.();
    for (const { socket } of this.ports.values()) socket.close();
    this.ports.clear();
  }

  private open(guest: Endpoint): GuestPort {
    if (this.ports.size >= PORT_LIMIT) this.closeQuietest();
    const socket = this.sockets.openUdp((bytes, address, from) =>
      this.receive(port, bytes, { address, port: from }),
    );
    const port = this.guestPort(guest, socket, false);
    this.sweepLater();
    this.ports.set(keyOf(guest), port);
    return port;
  }

  private guestPort(guest: Endpoint, socket: UdpSocket, isForwarded: boolean): GuestPort {
    const usedAt = this.timers.now();
    return { guest, socket, isForwarded, peers: new Map(), questions: new Map(), usedAt };
  }

  private receive(port: GuestPort, bytes: Uint8Array, from: HostPlace): void {
    const key = `${from.address} ${from.port}`;
    const known = port.peers.get(key);
    if (known === undefined && !port.isForwarded) return;
    const peer = known ?? { address: insideOf(from.address), port: from.port };
    if (known === undefined) remember(port.peers, key, peer, PEER_LIMIT);
    port.usedAt = this.timers.now();
    this.stack.udp.send(peer, port.guest, bytes);
  }

  /** A question that is asked again goes to the next name server. */
  private placeFor(port: GuestPort, to: Endpoint, bytes: Uint8Array): HostPlace | undefined {
    const place = outsideOf(to, this.sockets);
    if (place === undefined || to.address !== NAME_SERVER || bytes.length < 2) return place;
    const servers = this.sockets.nameServers();
    const number = getU16(bytes, 0);
    const times = port.questions.get(number) ?? 0;
    remember(port.questions, number, times + 1, QUESTION_LIMIT);
    return servers[times % servers.length];
  }

  private sweepLater(): void {
    this.cancelSweep ??= this.timers.after(IDLE_MS, () => {
      this.cancelSweep = undefined;
      this.sweep();
    });
  }

  /** Closes what was not used for a while. */
  private sweep(): void {
    const before = this.timers.now() - IDLE_MS;
    for (const [key, port] of this.ports) {
      if (port.isForwarded) continue;
      if (port.usedAt <= before) this.drop(key, port);
      else this.sweepLater();
    }
  }

  private closeQuietest(): void {
    const open = [...this.ports].filter(([, port]) => !port.isForwarded);
    if (open.length === 0) return;
    const [key, port] = open.reduce((a, b) => (a[1].usedAt <= b[1].usedAt ? a : b));
    this.drop(key, port);
  }

  private drop(key: string, port: GuestPort): void {
    port.socket.close();
    this.ports.delete(key);
  }
}

const keyOf = ({ address, port }: Endpoint): string => `${address} ${port}`;

/** The host's name for somebody whom the guest knows by `endpoint`. */
function placeOf(port: GuestPort, endpoint: Endpoint): HostPlace | undefined {
  for (const [key, peer] of port.peers) {
    if (peer.address !== endpoint.address || peer.port !== endpoint.port) continue;
    const [address, number] = key.split(" ");
    return { address, port: Number(number) };
  }
  return undefined;
}

/** Sets an entry, the newest; the oldest goes where there are too many. */
function remember<K, V>(map: Map<K, V>, key: K, value: V, limit: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= limit) break;
    map.delete(oldest);
  }
}
