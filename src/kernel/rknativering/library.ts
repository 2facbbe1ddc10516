import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { limitedTo } from "../rknative/handles.ts";
import { nativeResources } from "../rknative/library.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { waitUntil } from "../rkprocess/wait.ts";
import { rings } from "../rkring/ring.ts";
import { time } from "../rktime/time.ts";
import { errno } from "../syscalls/errno.ts";
import { native } from "../syscalls/native.ts";
import { RingWaiters, ringWaiters, Side } from "./waiters.ts";

function create(thread: Thread, address: number, capacity: number): number {
  const { memory, kernel } = thread;
  if (!kernel.use(rings).create(memory, address, capacity)) return -errno.EINVAL;
  const waiters = kernel.use(ringWaiters);
  for (const side of Object.values(Side)) waiters.wake(thread, address, side);
  return 0;
}

/** Until there is a word to take (side 0) or room for one (side 1). */
function wait(thread: Thread, address: number, capacity: number, side: number, timeout: number): number {
  const { memory, kernel } = thread;
  const ring = kernel.use(rings).attach(memory, address, capacity);
  if (!ring || (side !== Side.consumers && side !== Side.producers)) return -errno.EINVAL;
  const waiters = kernel.use(ringWaiters);
  const attempt = () => {
    const count = ring.count();
    if (count < 0) return count;
    if (side === Side.consumers ? count > 0 : !ring.isFull()) return 0;
    if (timeout === 0) return -errno.ETIMEDOUT;
    // Whoever changes the ring from here on sees it.
    waiters.announce(thread, address, side);
    return undefined;
  };
  // Reading first brings the page in, so that a shared one is known as such.
  const now = attempt();
  if (now !== undefined) return now;
  const { queue, tidy } = waiters.at(thread, address, side);
  return waitUntil(thread, { attempt, queues: [queue], ...limitedTo(timeout), finished: tidy });
}

/** rkring for programs: rings in memory that threads or processes share, which the kernel only helps to wait for. */
export const rknativering: Library = {
  name: "rknativering",
  summary: librarySummary.rknativering,
  provides: [ringWaiters],
  needs: [nativeResources, rings, time],
  syscalls: [
    native("rk_ring_create", create),
    native("rk_ring_wait", wait),
    native("rk_ring_wake", (thread, address, side) => {
      if (address % 8 !== 0 || (side !== Side.consumers && side !== Side.producers)) return -errno.EINVAL;
      thread.kernel.use(ringWaiters).wake(thread, address, side);
      return 0;
    }),
  ],
  start: (kernel) => kernel.provide(ringWaiters, new RingWaiters()),
};
