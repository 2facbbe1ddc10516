import type { Endpoint } from "../address.ts";
import type { HostSockets, Listener } from "../host-sockets.ts";
import { Unreachable } from "../icmp.ts";
import type { Ipv4Packet } from "../ipv4.ts";
import type { Stack } from "../stack.ts";
import type { TcpConnection } from "../tcp/connection.ts";
import type { Segment } from "../tcp/segment.ts";
import { isGuest } from "./network.ts";
import { insideOf, outsideOf } from "./outside.ts";
import { type ConnectionEnds, Relay } from "./relay.ts";

/** TCP of a gateway: guests' calls go on in sockets of the host, and calls to ports of the host in the guest. */
export class TcpGate {
  private readonly stack: Stack;
  private readonly sockets: HostSockets;
  private readonly isAllowed: (to: Endpoint) => boolean;
  private readonly relays = new Set<Relay>();

  constructor(stack: Stack, sockets: HostSockets, isAllowed: (to: Endpoint) => boolean) {
    this.stack = stack;
    this.sockets = sockets;
    this.isAllowed = isAllowed;
    stack.tcp.onRequest = (connection, syn) => this.callOutside(connection, syn);
  }

  /** Rejects where the host refuses the address. */
  listen(hostAddress: string, hostPort: number, guest: Endpoint): Promise<Listener> {
    return this.sockets.listenTcp(hostAddress, hostPort, (socket) => {
      let relay: Relay | undefined;
      this.stack.tcp.connect(insideOf(socket.remote.address), guest, (connection) => {
        relay = this.join(connection, true);
        relay.setSocket(socket);
        return relay.guestSide;
      });
      if (relay === undefined) socket.destroy();
      return relay?.hostSide ?? IGNORED;
    });
  }

  get connections(): ConnectionEnds[] {
    return Array.from(this.relays, ({ ends }) => ends);
  }

  close(): void {
    for (const relay of this.relays) relay.destroy();
    this.relays.clear();
  }

  private callOutside(connection: TcpConnection, syn: Segment): void {
    const { local, remote } = connection;
    const place = isGuest(remote.address) ? outsideOf(local, this.sockets) : undefined;
    // Without a handler it is refused.
    if (place === undefined || !this.isAllowed(local)) return;
    const relay = this.join(connection, false);
    relay.onConnected = () => connection.accept();
    const quote = quoteOf(syn.packet);
    relay.onFailed = (reason) => {
      if (reason === "refused") connection.abort();
      else {
        connection.drop();
        this.stack.icmp.unreachable(quote, Unreachable.host);
      }
      this.relays.delete(relay);
    };
    relay.setSocket(this.sockets.connectTcp(place.address, place.port, relay.hostSide));
  }

  private join(connection: TcpConnection, isConnected: boolean): Relay {
    const relay = new Relay(connection, isConnected);
    connection.handler = relay.guestSide;
    relay.onGone = () => this.relays.delete(relay);
    this.relays.add(relay);
    return relay;
  }
}

const IGNORED = { connected() {}, received() {}, ended() {}, drained() {}, closed() {} };

/** What an ICMP error needs of a packet, apart from the frame that it came in. */
function quoteOf(packet: Ipv4Packet): Ipv4Packet {
  return { ...packet, header: packet.header.slice(), payload: packet.payload.slice(0, 8) };
}
