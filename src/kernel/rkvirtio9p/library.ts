import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { type P9Transport, p9Transports } from "../rk9p/transport.ts";
import { type FrameAllocator, frameAllocator } from "../rkalloc/frames.ts";
import { platform } from "../rkplat/platform.ts";
import { VirtioTransport } from "../rkvirtio/mmio.ts";
import { type DataPages, P9_DEVICE, VirtioChannel } from "./channel.ts";

const PAGE = 4096;
/** Pages that data goes through: 2^order of them, at most, and one of so many of the machine's. */
const DATA_ORDER = 7;
const SHARE = 32;

/** 9P servers behind virtio devices: those in the platform's slots that answer. */
export const rkvirtio9p: Library = {
  name: "rkvirtio9p",
  summary: librarySummary.rkvirtio9p,
  provides: [p9Transports],
  needs: [platform, frameAllocator],
  start(kernel) {
    const { bus, ram, virtio } = kernel.use(platform);
    const frames = kernel.use(frameAllocator);
    const found = virtio.flatMap((base) => VirtioTransport.find(bus, base, P9_DEVICE) ?? []);
    const data = found.length > 0 ? dataPages(frames) : undefined;
    // Touched in order, their frames follow each other, and data moves in one piece.
    for (let page = 0; data && page < data.pages; page++) ram.writable(data.address / PAGE + page);
    const transports: P9Transport[] = [];
    for (const transport of data ? found : []) {
      const control = frames.allocate(0);
      const channel = control === -1 ? undefined : VirtioChannel.start(transport, ram, control * PAGE, data!);
      if (channel) transports.push(channel);
    }
    kernel.provide(p9Transports, transports);
  },
};

function dataPages(frames: FrameAllocator): DataPages | undefined {
  let order = DATA_ORDER;
  while (order > 1 && 2 ** order * SHARE > frames.totalPages) order--;
  const page = frames.allocate(order);
  return page === -1 ? undefined : { address: page * PAGE, pages: 2 ** order };
}
