import { UsageError } from "../../messages/errors.ts";
import { netText } from "../../messages/net.ts";
import { type Ipv4Address, parseIpv4 } from "../address.ts";

/** Parts of what users write about networks. `whole` is what they wrote, for the error. */

export type TransportProtocol = "tcp" | "udp";

export function readProtocol(text: string, whole: string): TransportProtocol {
  if (text === "tcp" || text === "udp") return text;
  throw new UsageError(netText.badProtocol(whole, text));
}

export function readAddress(text: string, whole: string): Ipv4Address {
  const address = parseIpv4(text);
  if (address === undefined) throw new UsageError(netText.badAddress(whole, text));
  return address;
}

export function readPort(text: string, whole: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 0xffff) throw new UsageError(netText.badPort(whole, text));
  return port;
}
