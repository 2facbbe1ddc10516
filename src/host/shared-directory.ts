import type { ImmediateTree, SharedTree } from "../devices/virtio/p9/tree.ts";
import { cliText } from "../messages/cli.ts";
import { RefusedError } from "../messages/errors.ts";
import { HostDirectory } from "./directory.ts";
import { ImmediateHostFile } from "./immediate-file.ts";
import { ownersHere, sameOwners } from "./owners.ts";
import { SharedHostFile } from "./shared-file.ts";
import { why } from "./why.ts";

/** A directory of this host that a machine's guest may mount. Throws `RefusedError` where it is none. */
export function shareDirectory(path: string, writable: boolean): SharedTree {
  return refusing(
    path,
    () => new HostDirectory(path, !writable, sameOwners, (fd, terms) => new SharedHostFile(fd, terms)),
  );
}

/** The same for a hosted program: its files answer at once, and what is its user's is the guest's root's. */
export function grantDirectory(path: string, writable: boolean): ImmediateTree {
  return refusing(
    path,
    () => new HostDirectory(path, !writable, ownersHere(), (fd, terms) => new ImmediateHostFile(fd, terms)),
  );
}

function refusing<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new RefusedError(cliText.cannotRead(path, why(error)));
  }
}
