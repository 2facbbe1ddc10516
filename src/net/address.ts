/** An IPv4 address as an unsigned number of 32 bits: `10.0.2.15` is 0x0a00020f. */
export type Ipv4Address = number;

/** One end of a TCP or UDP conversation. */
export interface Endpoint {
  readonly address: Ipv4Address;
  readonly port: number;
}

export const BROADCAST: Ipv4Address = 0xffffffff;

/** The address that `text` writes as four decimal numbers; undefined where it does not. */
export function parseIpv4(text: string): Ipv4Address | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((address, part) => address * 256 + part, 0);
}

export function formatIpv4(address: Ipv4Address): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join(".");
}

/** Whether the first `prefix` bits (0 to 32) of both are the same. */
export function samePrefix(a: Ipv4Address, b: Ipv4Address, prefix: number): boolean {
  return prefix === 0 || (a ^ b) >>> (32 - prefix) === 0;
}

/** Whether the address can be one host's: neither "this network" (0/8), loopback, multicast nor reserved (RFC 6890). */
export function isUnicast(address: Ipv4Address): boolean {
  const first = address >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}
