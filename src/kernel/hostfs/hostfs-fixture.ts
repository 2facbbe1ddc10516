import type { ImmediateTree } from "../../devices/virtio/p9/tree.ts";
import { P9Client } from "../rk9p/client.ts";
import { channelToTree } from "../rkvirtio9p/device-fixture.ts";
import { HostFilesystem } from "./filesystem.ts";

/** A tree of the host through a device, a driver and a client. Nothing that was seen is seen for longer than a call. */
export function hostFilesystem(tree: ImmediateTree, readOnly = false): HostFilesystem {
  let count = 0;
  const turns = {
    get count() {
      return ++count;
    },
  };
  const moments = { turns, changes: 0 };
  return new HostFilesystem(new P9Client(channelToTree(tree)), { readOnly, moments });
}
