import { EventEmitter } from "node:events";
import { closeSync, openSync, readSync } from "node:fs";
import type { HostedEmitter } from "../machine/events.ts";
import type { HostServices } from "../machine/hosted-options.ts";
import { nodeTranslator } from "./translator.ts";

/** What a machine takes of Node beside files and streams. */
export const nodeHost: HostServices = {
  milliseconds: () => performance.now(),
  // To the microsecond.
  now: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n,
  nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  emitter: () => new EventEmitter() as HostedEmitter,
  entropy,
  translator: nodeTranslator,
};

/** From the host's own device, where it has one: loading `node:crypto` would be 4 ms of every start. */
function entropy(into: Uint8Array): void {
  let fd: number;
  try {
    fd = openSync("/dev/urandom", "r");
  } catch {
    process.getBuiltinModule("node:crypto").randomFillSync(into);
    return;
  }
  try {
    for (let done = 0; done < into.length; ) done += readSync(fd, into, done, into.length - done, null);
  } finally {
    closeSync(fd);
  }
}
