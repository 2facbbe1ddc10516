import type { Endpoint, Ipv4Address } from "../address.ts";
import { getU32 } from "../bytes.ts";
import type { Ethernet } from "../ethernet.ts";
import { IPV4_HEADER, type Ipv4, Protocol } from "../ipv4.ts";
import type { Timers } from "../timers.ts";
import { BufferBudget } from "./allowance.ts";
import { TcpConnection } from "./connection.ts";
import type { ConnectionHandler } from "./handler.ts";
import type { ConnectionNode } from "./node.ts";
import { Flag, makeSegment, parseSegment, SEGMENT_LIMIT, type Segment } from "./segment.ts";
import { plus } from "./sequence.ts";

/** The data in a packet of 1,500 bytes without options. */
const SEGMENT_SIZE = 1500 - IPV4_HEADER - 20;
const CONNECTION_LIMIT = 1024;
/** A connection of which nothing was heard for so long makes room for a new one. */
const IDLE_MS = 600_000;
/** For all buffers, beside the first 64 KiB of each. */
const BUFFER_BYTES = 64 * 1024 * 1024;
const FIRST_EPHEMERAL = 49_152;
const EPHEMERALS = 65_536 - FIRST_EPHEMERAL;

export interface TcpOptions {
  readonly link: Ethernet;
  readonly ip: Ipv4;
  readonly timers: Timers;
  /** Fills `into` with random bytes. */
  readonly random: (into: Uint8Array) => void;
  /** The cable takes packets of any size, as a card does that cuts them itself. */
  readonly largeFrames: boolean;
}

/** The Transmission Control Protocol of a node: its connections, by their two ends. */
export class Tcp {
  /** Somebody calls. To take it, now or later (`accept`), set the connection's handler; else it is refused. */
  onRequest: (connection: TcpConnection, syn: Segment) => void = () => {};
  private readonly options: TcpOptions;
  private readonly node: ConnectionNode;
  /** By both ports; the few that share them differ in their addresses. */
  private readonly connections = new Map<number, TcpConnection[]>();
  private readonly waiting = new Set<TcpConnection>();
  private count = 0;

  constructor(options: TcpOptions) {
    const { link, ip, timers } = options;
    this.options = options;
    this.node = {
      timers,
      budget: new BufferBudget(BUFFER_BYTES),
      segmentSize: SEGMENT_SIZE,
      segmentLimit: options.largeFrames ? SEGMENT_LIMIT : SEGMENT_SIZE,
      get hasRoom() {
        return link.hasRoom;
      },
      waitForRoom: (connection) => this.waiting.add(connection),
      run: (action) => link.run(action),
      send: (frame, { local, remote }) => ip.send(frame, local.address, remote.address, Protocol.tcp, false),
      reset: (segment) => this.reset(segment),
      remove: (connection) => this.remove(connection),
    };
    ip.handle(Protocol.tcp, (packet) => {
      const segment = parseSegment(packet);
      if (segment !== undefined) this.receive(segment);
    });
    link.onRoom = () => this.sendAgain();
  }

  /** Connections, those that wait out their end included. */
  get size(): number {
    return this.count;
  }

  /**
   * Calls `remote` from a free port of `address`; undefined where there are too many connections. `handlerOf` is asked
   * before the call, since the answer may come before this returns.
   */
  connect(
    address: Ipv4Address,
    remote: Endpoint,
    handlerOf: (connection: TcpConnection) => ConnectionHandler,
  ): TcpConnection | undefined {
    if (!this.makeRoom()) return undefined;
    const first = this.drawU32() % EPHEMERALS;
    for (let i = 0; i < EPHEMERALS; i++) {
      const local = { address, port: FIRST_EPHEMERAL + ((first + i) % EPHEMERALS) };
      if (this.find(local, remote) !== undefined) continue;
      const connection = this.add(local, remote);
      connection.handler = handlerOf(connection);
      connection.open();
      return connection;
    }
    return undefined;
  }

  /** There is no way to `address`: whoever is calling there is told. */
  unreachable(address: Ipv4Address): void {
    for (const connection of this.all())
      if (connection.state === "syn-sent" && connection.remote.address === address)
        connection.finish("unreachable");
  }

  /** Forgets all connections and tells nobody. */
  close(): void {
    for (const connection of this.all()) connection.drop();
  }

  private receive(segment: Segment): void {
    const known = this.find(segment.destination, segment.source);
    if (known !== undefined && !isReopened(known, segment)) {
      known.receive(segment);
      return;
    }
    const { flags } = segment;
    if ((flags & Flag.rst) !== 0) return;
    if ((flags & (Flag.syn | Flag.ack)) !== Flag.syn) {
      this.reset(segment);
      return;
    }
    known?.drop();
    this.request(segment);
  }

  private request(syn: Segment): void {
    // What does not fit is dropped: the caller will try again.
    if (!this.makeRoom()) return;
    const connection = this.add(syn.destination, syn.source);
    connection.request(syn);
    this.onRequest(connection, syn);
    if (connection.handler === undefined) connection.abort();
  }

  /** Answers a segment that belongs to no connection (section 3.10.7.1). */
  private reset(segment: Segment): void {
    const { flags, sequence, acknowledgment, data } = segment;
    if ((flags & Flag.rst) !== 0) return;
    const length = data.length + ((flags & Flag.syn) !== 0 ? 1 : 0) + ((flags & Flag.fin) !== 0 ? 1 : 0);
    const header =
      (flags & Flag.ack) !== 0
        ? { sequence: acknowledgment, acknowledgment: 0, flags: Flag.rst, window: 0 }
        : {
            sequence: 0,
            acknowledgment: plus(sequence, length),
            flags: Flag.rst | Flag.ack,
            window: 0,
          };
    const { source, destination } = segment;
    const frame = makeSegment(destination, source, header);
    this.options.ip.send(frame, destination.address, source.address, Protocol.tcp, false);
  }

  private sendAgain(): void {
    for (const connection of [...this.waiting]) {
      if (!this.options.link.hasRoom) return;
      this.waiting.delete(connection);
      connection.sendAgain();
    }
  }

  private add(local: Endpoint, remote: Endpoint): TcpConnection {
    const connection = new TcpConnection(this.node, local, remote, this.drawU32());
    const key = portsOf(local, remote);
    const others = this.connections.get(key);
    if (others === undefined) this.connections.set(key, [connection]);
    else others.push(connection);
    this.count++;
    return connection;
  }

  private find(local: Endpoint, remote: Endpoint): TcpConnection | undefined {
    return this.connections
      .get(portsOf(local, remote))
      ?.find((other) => other.remote.address === remote.address && other.local.address === local.address);
  }

  private remove(connection: TcpConnection): void {
    const key = portsOf(connection.local, connection.remote);
    const others = this.connections.get(key);
    const index = others?.indexOf(connection) ?? -1;
    if (others === undefined || index < 0) return;
    others.splice(index, 1);
    if (others.length === 0) this.connections.delete(key);
    this.waiting.delete(connection);
    this.count--;
  }

  /** False: there are as many connections as there may be, and all are in use. */
  private makeRoom(): boolean {
    if (this.count < CONNECTION_LIMIT) return true;
    const all = this.all();
    const ending = all.find(({ state }) => state === "time-wait");
    const quietest = all.reduce((a, b) => (a.heardAt <= b.heardAt ? a : b));
    const isIdle = this.options.timers.now() - quietest.heardAt > IDLE_MS;
    const victim = ending ?? (isIdle ? quietest : undefined);
    victim?.finish("timeout");
    return this.count < CONNECTION_LIMIT;
  }

  private all(): TcpConnection[] {
    return [...this.connections.values()].flat();
  }

  private drawU32(): number {
    const bytes = new Uint8Array(4);
    this.options.random(bytes);
    return getU32(bytes, 0);
  }
}

const portsOf = (local: Endpoint, remote: Endpoint): number => local.port * 65_536 + remote.port;

/** A new call of a peer whose last connection we only wait out (RFC 9293, section 3.10.7.4). */
function isReopened(connection: TcpConnection, segment: Segment): boolean {
  const isSyn = (segment.flags & (Flag.syn | Flag.ack | Flag.rst)) === Flag.syn;
  return isSyn && connection.isSpentFor(segment.sequence);
}
