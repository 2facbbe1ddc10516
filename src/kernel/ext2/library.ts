import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { time } from "../rktime/time.ts";
import { diskMounter } from "../vfs/disk-filesystem.ts";
import { Ext2Filesystem } from "./filesystem.ts";

export const ext2: Library = {
  name: "ext2",
  summary: librarySummary.ext2,
  provides: [diskMounter],
  needs: [time],
  start(kernel) {
    const clock = kernel.use(time);
    kernel.provide(
      diskMounter,
      (device, readOnly) =>
        new Ext2Filesystem(device, {
          readOnly,
          now: () => clock.realtime(),
          after: (nanoseconds, action) => void clock.after(nanoseconds, action),
        }),
    );
  },
};
