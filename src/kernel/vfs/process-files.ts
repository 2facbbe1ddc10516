import { type Api, api } from "../library.ts";
import { Limit } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import { processState } from "../rkprocess/state.ts";
import type { Location } from "./dentry.ts";
import { FdTable } from "./fd-table.ts";
import type { OpenFile } from "./open-file.ts";
import { vfs } from "./vfs.ts";

/** What a process knows of files: its descriptors, where it stands, and what it takes off new permissions. */
export interface ProcessFiles {
  readonly fds: FdTable;
  readonly root: Location;
  cwd: Location;
  umask: number;
}

/** Opens what the first process has as descriptors 0, 1 and 2. */
export const standardFiles: Api<(process: Process) => OpenFile[]> = api("standard-files");

export const processFiles = processState<ProcessFiles>({
  create(process) {
    const { root } = process.kernel.use(vfs);
    const fds = new FdTable(limitOf(process));
    for (const file of process.kernel.use(standardFiles)(process)) fds.add(file, false);
    return { fds, root, cwd: root, umask: 0o022 };
  },
  fork: (parent, child) => ({ ...parent, fds: parent.fds.copy(limitOf(child)) }),
  exec: (files) => files.fds.closeOnExec(),
  exit: (files) => files.fds.closeAll(),
});

function limitOf({ limits }: Process): () => number {
  return () => Number(limits[Limit.files].soft);
}
