import type { Timers } from "../timers.ts";
import type { BufferBudget } from "./allowance.ts";
import type { TcpConnection } from "./connection.ts";
import type { Segment } from "./segment.ts";

/** What a connection has of the node that it is one of. */
export interface ConnectionNode {
  readonly timers: Timers;
  readonly budget: BufferBudget;
  /** The data that fits into one packet of the link, and what the link takes at once, in packets yet to be cut. */
  readonly segmentSize: number;
  readonly segmentLimit: number;
  readonly hasRoom: boolean;
  /** `sendAgain` will be called when there is room. */
  waitForRoom(connection: TcpConnection): void;
  run(action: () => void): void;
  send(frame: Uint8Array, connection: TcpConnection): void;
  /** Answers a segment with a reset (section 3.5.2). */
  reset(segment: Segment): void;
  remove(connection: TcpConnection): void;
}
