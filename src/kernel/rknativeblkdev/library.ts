import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { type BlockDevice, blockDevices, SECTOR } from "../rkblkdev/block-device.ts";
import { nativeHandles, nativeResources } from "../rknative/library.ts";
import { ringWaiters, Side } from "../rknativering/waiters.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { rings } from "../rkring/ring.ts";
import { errno } from "../syscalls/errno.ts";
import { native } from "../syscalls/native.ts";
import { vfs } from "../vfs/vfs.ts";
import { BlockQueue } from "./queue.ts";

/** A file system is mounted from it, which nobody else may change. */
const isMounted = ({ kernel }: Thread, { name }: BlockDevice): boolean =>
  kernel.use(vfs).mounts.some(({ filesystem }) => filesystem.source === `/dev/${name}`);

/** `struct rk_blkdev_info`: 0 name (16 bytes), 16 sectors, 24 bytes of a sector, 28 flags. */
const INFO_BYTES = 32;
const LONGEST_NAME = 15;
const Flag = { readOnly: 1, mounted: 2 } as const;

function info(thread: Thread, index: number, at: number): number {
  const device = thread.kernel.use(blockDevices)[index];
  if (!device) return -errno.ENODEV;
  const bytes = new Uint8Array(INFO_BYTES);
  const view = new DataView(bytes.buffer);
  // A library of the user's own may have disks of any name and size.
  new TextEncoder().encodeInto(device.name, bytes.subarray(0, LONGEST_NAME));
  view.setBigUint64(16, BigInt(Math.floor(device.sizeBytes / SECTOR)), true);
  view.setUint32(24, SECTOR, true);
  const flags = (device.readOnly ? Flag.readOnly : 0) | (isMounted(thread, device) ? Flag.mounted : 0);
  view.setUint32(28, flags, true);
  thread.memory.write(at, bytes);
  return 0;
}

/** `rk_blkdev_queue(disk, ring of submissions, ring of completions, capacity of both)`. */
function queue(
  thread: Thread,
  index: number,
  submissions: number,
  completions: number,
  capacity: number,
): number {
  const { kernel, memory, process } = thread;
  const device = kernel.use(blockDevices)[index];
  if (!device) return -errno.ENODEV;
  if (isMounted(thread, device)) return -errno.EBUSY;
  for (const ring of [submissions, completions])
    if (!kernel.use(rings).attach(memory, ring, capacity)) return -errno.EINVAL;
  return process.get(nativeHandles).add(new BlockQueue(device, submissions, completions, capacity));
}

function kick(thread: Thread, handle: number): number {
  const found = thread.process.get(nativeHandles).get(handle, BlockQueue);
  if (!found) return -errno.EBADF;
  const waiters = thread.kernel.use(ringWaiters);
  return found.kick(thread, (ring) => waiters.wake(thread, ring, Side.consumers));
}

/** rkblkdev for programs: queues of requests in rings. */
export const rknativeblkdev: Library = {
  name: "rknativeblkdev",
  summary: librarySummary.rknativeblkdev,
  provides: [],
  needs: [nativeResources, blockDevices, rings, ringWaiters, vfs],
  syscalls: [
    native("rk_blkdev_count", ({ kernel }) => kernel.use(blockDevices).length),
    native("rk_blkdev_info", info),
    native("rk_blkdev_queue", queue),
    native("rk_blkdev_kick", kick),
  ],
};
