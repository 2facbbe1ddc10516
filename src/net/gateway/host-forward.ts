import { UsageError } from "../../messages/errors.ts";
import { netText } from "../../messages/net.ts";
import type { Ipv4Address } from "../address.ts";
import { FIRST_GUEST, isGuest } from "./network.ts";
import { readAddress, readPort, readProtocol, type TransportProtocol } from "./parse.ts";

/** A port of the host that leads to a port of a guest. */
export interface HostForward {
  readonly protocol: TransportProtocol;
  /** As text; `0.0.0.0` for all of the host's. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly guestAddress: Ipv4Address;
  readonly guestPort: number;
}

/**
 * Reads QEMU's `hostfwd`: `[tcp|udp]:[HOSTADDRESS]:HOSTPORT-[GUESTADDRESS]:GUESTPORT`. Without a protocol it is TCP,
 * without a host address all of the host's, without a guest address 10.0.2.15. Throws `UsageError`.
 */
export function parseHostForward(text: string): HostForward {
  const match = /^([^:]*):([^:]*):([^:-]*)-([^:]*):([^:]*)$/.exec(text);
  if (match === null) throw new UsageError(netText.forwardShape(text));
  const [, protocol, hostAddress, hostPort, guestAddress, guestPort] = match;
  const guest = guestAddress === "" ? FIRST_GUEST : readAddress(guestAddress, text);
  if (!isGuest(guest)) throw new UsageError(netText.badGuestAddress(text, guestAddress));
  if (hostAddress !== "") readAddress(hostAddress, text);
  return {
    protocol: protocol === "" ? "tcp" : readProtocol(protocol, text),
    hostAddress: hostAddress === "" ? "0.0.0.0" : hostAddress,
    hostPort: readPort(hostPort, text),
    guestAddress: guest,
    guestPort: readPort(guestPort, text),
  };
}
