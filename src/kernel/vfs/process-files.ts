import { processState } from "../rkprocess/state.ts";
import type { Location } from "./dentry.ts";
import { FdTable } from "./fd-table.ts";
import { vfs } from "./vfs.ts";

/** RLIMIT_NOFILE of a first process. */
export const DEFAULT_FD_LIMIT = 1024;

/** What a process knows of files: its descriptors, where it stands, and what it takes off new permissions. */
export interface ProcessFiles {
  readonly fds: FdTable;
  root: Location;
  cwd: Location;
  umask: number;
}

export const processFiles = processState<ProcessFiles>({
  create(process) {
    const { root } = process.kernel.use(vfs);
    return { fds: new FdTable(DEFAULT_FD_LIMIT), root, cwd: root, umask: 0o022 };
  },
  fork: (parent) => ({ ...parent, fds: parent.fds.copy() }),
  exec: (files) => files.fds.closeOnExec(),
  exit: (files) => files.fds.closeAll(),
});
