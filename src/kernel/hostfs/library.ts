import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { P9Client } from "../rk9p/client.ts";
import { p9Transports } from "../rk9p/transport.ts";
import { platform } from "../rkplat/platform.ts";
import { fail } from "../vfs/error.ts";
import { shareMounter } from "../vfs/share-filesystem.ts";
import { HostFilesystem } from "./filesystem.ts";

/** Directories that the host shares by 9P. */
export const hostfs: Library = {
  name: "hostfs",
  summary: librarySummary.hostfs,
  provides: [shareMounter],
  needs: [p9Transports, platform],
  start(kernel) {
    const transports = kernel.use(p9Transports);
    const moments = { turns: kernel.use(platform).hostTurns, changes: 0 };
    kernel.provide(shareMounter, (tag, readOnly) => {
      const transport = transports.find((one) => one.tag === tag) ?? fail("ENODEV");
      return new HostFilesystem(new P9Client(transport), { readOnly, moments });
    });
  },
};
