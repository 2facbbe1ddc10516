import { UsageError } from "../../messages/errors.ts";
import { netText } from "../../messages/net.ts";
import { type Endpoint, type Ipv4Address, samePrefix } from "../address.ts";
import { readAddress, readPort, readProtocol, type TransportProtocol } from "./parse.ts";

/** Destinations, as the guest names them, that it may reach. */
export interface AllowRule {
  /** Undefined: both. */
  readonly protocol: TransportProtocol | undefined;
  readonly address: Ipv4Address;
  readonly prefix: number;
  readonly firstPort: number;
  readonly lastPort: number;
}

/** What a guest may reach. Without rules that is nothing, the name server at 10.0.2.3 and the host at 10.0.2.2 included. */
export type Allow = "all" | readonly AllowRule[];

/**
 * Reads `[tcp:|udp:]ADDRESS[/PREFIX][:PORT[-PORT]]`; `*` stands for any address or port. `tcp:192.0.2.1:80`,
 * `10.0.0.0/8`, `udp:*:53`, `*:8000-8999`, `*`. Throws `UsageError`.
 */
export function parseAllow(text: string): AllowRule {
  const parts = text.split(":");
  const named = /^(\d|\*)/.test(parts[0]) ? undefined : parts.shift();
  const [where, ports = "*", ...rest] = parts;
  if (where === undefined || where === "" || rest.length > 0) throw new UsageError(netText.allowShape(text));
  const [firstPort, lastPort] = readPorts(ports, text);
  return {
    protocol: named === undefined ? undefined : readProtocol(named, text),
    ...readNetwork(where, text),
    firstPort,
    lastPort,
  };
}

export function isAllowed(allow: Allow, protocol: TransportProtocol, to: Endpoint): boolean {
  if (allow === "all") return true;
  return allow.some(
    (rule) =>
      (rule.protocol ?? protocol) === protocol &&
      samePrefix(rule.address, to.address, rule.prefix) &&
      rule.firstPort <= to.port &&
      to.port <= rule.lastPort,
  );
}

function readNetwork(text: string, whole: string): { address: Ipv4Address; prefix: number } {
  if (text === "*") return { address: 0, prefix: 0 };
  const [address, prefix = "32", ...rest] = text.split("/");
  if (rest.length > 0) throw new UsageError(netText.allowShape(whole));
  if (!/^\d{1,2}$/.test(prefix) || Number(prefix) > 32)
    throw new UsageError(netText.badPrefix(whole, prefix));
  return { address: readAddress(address, whole), prefix: Number(prefix) };
}

function readPorts(text: string, whole: string): [number, number] {
  if (text === "*") return [0, 0xffff];
  const [first, last = first, ...rest] = text.split("-");
  if (rest.length > 0) throw new UsageError(netText.allowShape(whole));
  const range: [number, number] = [readPort(first, whole), readPort(last, whole)];
  if (range[0] > range[1]) throw new UsageError(netText.badPortRange(whole, text));
  return range;
}
