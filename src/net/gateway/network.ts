import type { Ipv4Address } from "../address.ts";
import { samePrefix } from "../address.ts";

/** The network that a gateway makes for its guests: the one of QEMU's user-mode network. */
export const GATEWAY_MAC = 0x52550a000202;
/** 10.0.2.2: the gateway, and as a destination of connections the host's own 127.0.0.1. */
export const GATEWAY: Ipv4Address = 0x0a000202;
/** 10.0.2.3: the host's name servers. */
export const NAME_SERVER: Ipv4Address = 0x0a000203;
/** 10.0.2.15: the first guest. */
export const FIRST_GUEST: Ipv4Address = 0x0a00020f;
export const PREFIX = 24;
export const NETMASK: Ipv4Address = 0xffffff00;

export const DNS_PORT = 53;

/** The address lies in the gateway's network. */
export const isInside = (address: Ipv4Address): boolean => samePrefix(address, GATEWAY, PREFIX);

/** The address can be a guest's. */
export const isGuest = (address: Ipv4Address): boolean =>
  isInside(address) && address > NAME_SERVER && (address & 0xff) !== 0xff;
