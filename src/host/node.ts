import { randomFillSync } from "node:crypto";
import { EventEmitter } from "node:events";
import type { HostedEmitter } from "../machine/events.ts";
import type { HostServices } from "../machine/hosted-options.ts";

/** What a machine takes of Node beside files and streams. */
export const nodeHost: HostServices = {
  milliseconds: () => performance.now(),
  // To the microsecond.
  now: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n,
  nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  emitter: () => new EventEmitter() as HostedEmitter,
  entropy(into) {
    randomFillSync(into);
  },
};
