import { type Endpoint, formatIpv4, type Ipv4Address, isUnicast, parseIpv4 } from "../address.ts";
import type { HostSockets } from "../host-sockets.ts";
import { DNS_PORT, GATEWAY, isInside, NAME_SERVER } from "./network.ts";

const LOOPBACK = "127.0.0.1";

/** A place as the host's sockets name it. */
export interface HostPlace {
  readonly address: string;
  readonly port: number;
}

/** Where a destination of a guest's lies as the host sees it; `undefined`: nowhere. */
export function outsideOf({ address, port }: Endpoint, sockets: HostSockets): HostPlace | undefined {
  if (address === GATEWAY) return { address: LOOPBACK, port };
  if (address === NAME_SERVER) return port === DNS_PORT ? sockets.nameServers()[0] : undefined;
  if (isInside(address) || !isUnicast(address)) return undefined;
  return { address: formatIpv4(address), port };
}

/** How a guest sees an address of the host's network: what the guest cannot reach as such is the gateway. */
export function insideOf(address: string): Ipv4Address {
  const parsed = parseIpv4(address);
  return parsed === undefined || !isUnicast(parsed) || isInside(parsed) ? GATEWAY : parsed;
}
