import type { Ipv4Address } from "./address.ts";
import { Arp } from "./arp.ts";
import type { EthernetPort } from "./cable.ts";
import { Ethernet, type MacAddress } from "./ethernet.ts";
import { Icmp } from "./icmp.ts";
import { Ipv4 } from "./ipv4.ts";
import { Tcp } from "./tcp/tcp.ts";
import type { Timers } from "./timers.ts";
import { Udp } from "./udp.ts";

export interface StackOptions {
  readonly port: EthernetPort;
  readonly timers: Timers;
  /** Fills `into` with random bytes. */
  readonly random: (into: Uint8Array) => void;
  readonly mac: MacAddress;
  /** The addresses of this node: ARP and echo requests for them are answered. */
  readonly addresses: readonly Ipv4Address[];
  /** Whether a packet for this address is taken in: a gateway takes more than its own. */
  readonly accepts: (destination: Ipv4Address) => boolean;
  /** The neighbour by which an address is reached; undefined: by none. */
  readonly route: (destination: Ipv4Address) => Ipv4Address | undefined;
  /** The other end of the cable takes packets of up to 64 KiB. */
  readonly largeFrames: boolean;
}

/** The protocols of one node on one cable, put together. */
export class Stack {
  readonly ip: Ipv4;
  readonly icmp: Icmp;
  readonly udp: Udp;
  readonly tcp: Tcp;
  private readonly link: Ethernet;
  private readonly arp: Arp;

  constructor(options: StackOptions) {
    const { addresses, accepts, route, random, largeFrames } = options;
    const link = new Ethernet(options.port, options.mac);
    const timers: Timers = {
      now: () => options.timers.now(),
      after: (milliseconds, callback) => options.timers.after(milliseconds, () => link.run(callback)),
    };
    this.link = link;
    this.arp = new Arp(link, timers, addresses);
    this.ip = new Ipv4({ link, arp: this.arp, timers, accepts, route });
    this.icmp = new Icmp(this.ip, (address) => addresses.includes(address));
    this.udp = new Udp(this.ip);
    this.tcp = new Tcp({ link, ip: this.ip, timers, random, largeFrames });
    this.arp.onUnreachable = (address) => this.tcp.unreachable(address);
  }

  /** Leaves the cable: no timer stays, and nobody is told. */
  close(): void {
    this.tcp.close();
    this.ip.close();
    this.arp.close();
    this.link.close();
  }
}
