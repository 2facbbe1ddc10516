import { BROADCAST, type Endpoint, type Ipv4Address } from "../address.ts";
import { getU32, putU32 } from "../bytes.ts";
import { getMac, type MacAddress } from "../ethernet.ts";
import { FIRST_GUEST, GATEWAY, NAME_SERVER, NETMASK } from "./network.ts";

export const DHCP_SERVER_PORT = 67;
const CLIENT_PORT = 68;

/** Up to the options: BOOTP's fixed part and the magic cookie (RFC 2131, section 2). */
const OPTIONS_AT = 240;
const COOKIE = 0x63825363;
/** What a client is sure to take (section 2): some drop what is shorter. */
const LEAST_LENGTH = 300;
const LEASE_SECONDS = 86_400;
const LEASE_LIMIT = 16;

/** RFC 2132. */
const Option = {
  pad: 0,
  netmask: 1,
  router: 3,
  nameServer: 6,
  requestedAddress: 50,
  leaseTime: 51,
  messageType: 53,
  server: 54,
  end: 255,
} as const;
const Message = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

export interface DhcpReply {
  readonly to: Endpoint;
  readonly bytes: Uint8Array;
}

/**
 * A DHCP server (RFC 2131). A guest has its address by its MAC address: the first gets 10.0.2.15, up to 15 others the
 * following ones. A lease never runs out, and is given to another only when all are taken.
 */
export class DhcpServer {
  /** By the address less the first one's. */
  private readonly leases: (MacAddress | undefined)[] = [];

  /** The answer to a message from a client; undefined: none. */
  reply(message: Uint8Array): DhcpReply | undefined {
    // A request of BOOTP from Ethernet, and not from a relay.
    if (message.length < OPTIONS_AT || message[0] !== 1 || message[1] !== 1 || message[2] !== 6)
      return undefined;
    if (getU32(message, 236) !== COOKIE || getU32(message, 24) !== 0) return undefined;
    const options = readOptions(message.subarray(OPTIONS_AT));
    const mac = getMac(message, 28);
    const address = options.get(Option.requestedAddress);
    const request: Request = {
      message,
      mac,
      current: getU32(message, 12),
      wanted: address?.length === 4 ? getU32(address, 0) : undefined,
    };
    const server = options.get(Option.server);
    const isForOther = server?.length === 4 && getU32(server, 0) !== GATEWAY;
    switch (options.get(Option.messageType)?.[0]) {
      case Message.discover:
        return answer(request, Message.offer, this.leaseOf(mac));
      case Message.request:
        return isForOther ? undefined : this.confirm(request);
      case Message.release:
        this.leases.forEach((owner, i) => {
          if (owner === mac) this.leases[i] = undefined;
        });
        return undefined;
      case Message.inform:
        return answer(request, Message.ack, undefined);
    }
    return undefined;
  }

  private confirm(request: Request): DhcpReply {
    const address = this.leaseOf(request.mac);
    const asked = request.wanted ?? request.current;
    return asked === address ? answer(request, Message.ack, address) : refuse(request);
  }

  private leaseOf(mac: MacAddress): Ipv4Address {
    let index = this.leases.indexOf(mac);
    if (index < 0) {
      const free = this.leases.indexOf(undefined);
      if (free >= 0) index = free;
      else index = this.leases.length < LEASE_LIMIT ? this.leases.length : LEASE_LIMIT - 1;
      this.leases[index] = mac;
    }
    return FIRST_GUEST + index;
  }
}

interface Request {
  readonly message: Uint8Array;
  readonly mac: MacAddress;
  /** The address that the client uses already, or 0. */
  readonly current: Ipv4Address;
  readonly wanted: Ipv4Address | undefined;
}

/** The first of each; what is cut off ends them. */
function readOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length && bytes[at] !== Option.end; ) {
    if (bytes[at] === Option.pad) {
      at++;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    const end = at + 2 + length;
    if (end > bytes.length) break;
    if (!options.has(bytes[at])) options.set(bytes[at], bytes.subarray(at + 2, end));
    at = end;
  }
  return options;
}

/** `lease`: undefined for a client that only asks how the network is (section 4.3.5). */
function answer(request: Request, type: number, lease: Ipv4Address | undefined): DhcpReply {
  const options: [number, number[]][] = [
    [Option.messageType, [type]],
    [Option.server, fourBytes(GATEWAY)],
    [Option.netmask, fourBytes(NETMASK)],
    [Option.router, fourBytes(GATEWAY)],
    [Option.nameServer, fourBytes(NAME_SERVER)],
  ];
  if (lease !== undefined) options.push([Option.leaseTime, fourBytes(LEASE_SECONDS)]);
  const bytes = compose(request, options);
  putU32(bytes, 16, lease ?? 0);
  putU32(bytes, 20, GATEWAY);
  // A client that has an address hears at it, another one only by broadcast.
  return { to: { address: request.current || BROADCAST, port: CLIENT_PORT }, bytes };
}

function refuse(request: Request): DhcpReply {
  const bytes = compose(request, [
    [Option.messageType, [Message.nak]],
    [Option.server, fourBytes(GATEWAY)],
  ]);
  putU32(bytes, 12, 0);
  return { to: { address: BROADCAST, port: CLIENT_PORT }, bytes };
}

function compose({ message }: Request, options: [number, number[]][]): Uint8Array {
  const bytes = new Uint8Array(LEAST_LENGTH);
  // Transaction, seconds, flags, addresses and the client's hardware address are the request's.
  bytes.set(message.subarray(0, 44));
  bytes[0] = 2;
  bytes[3] = 0;
  putU32(bytes, 236, COOKIE);
  let at = OPTIONS_AT;
  for (const [code, value] of options) {
    bytes.set([code, value.length, ...value], at);
    at += 2 + value.length;
  }
  bytes[at] = Option.end;
  return bytes;
}

function fourBytes(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
}
