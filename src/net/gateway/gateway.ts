import { BROADCAST, type Ipv4Address } from "../address.ts";
import type { EthernetPort } from "../cable.ts";
import type { HostSockets, Listener } from "../host-sockets.ts";
import { Stack } from "../stack.ts";
import type { Timers } from "../timers.ts";
import type { Datagram } from "../udp.ts";
import { type Allow, isAllowed } from "./allow.ts";
import { DHCP_SERVER_PORT, DhcpServer } from "./dhcp.ts";
import { FIRST_GUEST, GATEWAY, GATEWAY_MAC, isInside, NAME_SERVER } from "./network.ts";
import type { TransportProtocol } from "./parse.ts";
import type { ConnectionEnds } from "./relay.ts";
import { TcpGate } from "./tcp-gate.ts";
import { UdpGate } from "./udp-gate.ts";

export interface GatewayOptions {
  /** The end of the cable that leads to the guest, or to a switch with several. */
  readonly port: EthernetPort;
  readonly sockets: HostSockets;
  readonly timers: Timers;
  /** Fills `into` with random bytes that nobody can guess. */
  readonly random: (into: Uint8Array) => void;
  readonly allow: Allow;
  /** The guest's card takes packets of up to 64 KiB, and cuts or keeps them itself. */
  readonly largeFrames: boolean;
}

/** Where a forwarded port of the host leads. */
export interface ForwardOptions {
  readonly protocol: TransportProtocol;
  readonly hostAddress: string;
  /** 0: any that is free. */
  readonly hostPort: number;
  /** Without it 10.0.2.15. */
  readonly guestAddress?: Ipv4Address;
  readonly guestPort: number;
}

/**
 * A user-mode network as QEMU's: 10.0.2.0/24 with the host at 10.0.2.2, its name servers at 10.0.2.3, and the guest, by
 * DHCP, at 10.0.2.15. What a guest sends elsewhere goes on in sockets of the host, where it is allowed. Echo requests are
 * answered for the two addresses; for others, which sockets cannot ask, they are prohibited.
 */
export class Gateway {
  private readonly stack: Stack;
  private readonly tcp: TcpGate;
  private readonly udp: UdpGate;
  private readonly dhcp = new DhcpServer();
  private readonly listeners = new Set<Listener>();

  constructor(options: GatewayOptions) {
    const { port, sockets, timers, random, allow, largeFrames } = options;
    this.stack = new Stack({
      port,
      timers,
      random,
      mac: GATEWAY_MAC,
      addresses: [GATEWAY, NAME_SERVER],
      accepts: () => true,
      route: (destination) => (isInside(destination) ? destination : undefined),
      largeFrames,
    });
    this.tcp = new TcpGate(this.stack, sockets, (to) => isAllowed(allow, "tcp", to));
    this.udp = new UdpGate(this.stack, sockets, timers, (to) => isAllowed(allow, "udp", to));
    this.stack.udp.onDatagram = (datagram) => this.receive(datagram);
  }

  /** Leads a port of the host to a guest. Rejects where the host refuses the address. */
  async forward(options: ForwardOptions): Promise<Listener> {
    const { protocol, hostAddress, hostPort, guestPort } = options;
    const guest = { address: options.guestAddress ?? FIRST_GUEST, port: guestPort };
    const gate = protocol === "tcp" ? this.tcp : this.udp;
    const listener = await gate.listen(hostAddress, hostPort, guest);
    this.listeners.add(listener);
    return {
      port: listener.port,
      close: () => {
        listener.close();
        this.listeners.delete(listener);
      },
    };
  }

  /** TCP connections of guests with the outside. */
  get connections(): readonly ConnectionEnds[] {
    return this.tcp.connections;
  }

  /** Ends every connection and closes every socket. */
  close(): void {
    for (const listener of this.listeners) listener.close();
    this.tcp.close();
    this.udp.close();
    this.stack.close();
  }

  private receive(datagram: Datagram): void {
    const { destination, bytes } = datagram;
    const isOurs = destination.address === BROADCAST || destination.address === GATEWAY;
    if (!isOurs || destination.port !== DHCP_SERVER_PORT) {
      this.udp.send(datagram);
      return;
    }
    const reply = this.dhcp.reply(bytes);
    if (reply !== undefined)
      this.stack.udp.send({ address: GATEWAY, port: DHCP_SERVER_PORT }, reply.to, reply.bytes);
  }
}
