import { type Api, api } from "../library.ts";
import { CLONE } from "../rkprocess/clone-flags.ts";
import { Limit } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import { processState } from "../rkprocess/state.ts";
import type { Location } from "./dentry.ts";
import { FdTable } from "./fd-table.ts";
import type { Owner } from "./inode.ts";
import type { OpenFile } from "./open-file.ts";
import { vfs } from "./vfs.ts";

/** Where a process stands, and what it takes off new permissions: what CLONE_FS shares. */
interface Place {
  root: Location;
  cwd: Location;
  umask: number;
}

/** What a process knows of files. */
export class ProcessFiles implements Place {
  readonly fds: FdTable;
  /** Whose its new files are. */
  readonly owner: () => Owner;
  private place: Place;

  /** Takes over one hold on `fds`. */
  constructor(fds: FdTable, place: Place, owner: () => Owner) {
    this.fds = fds;
    this.place = place;
    this.owner = owner;
  }

  get root(): Location {
    return this.place.root;
  }
  set root(to: Location) {
    this.place.root = to;
  }
  get cwd(): Location {
    return this.place.cwd;
  }
  set cwd(to: Location) {
    this.place.cwd = to;
  }
  get umask(): number {
    return this.place.umask;
  }
  set umask(to: number) {
    this.place.umask = to;
  }

  /** A child's, with what `flags` (`CLONE`) say in common. */
  fork(flags: number, limit: () => number, owner: () => Owner): ProcessFiles {
    const fds = flags & CLONE.FILES ? this.fds.share() : this.fds.copy(limit);
    return new ProcessFiles(fds, flags & CLONE.FS ? this.place : { ...this.place }, owner);
  }

  /** Has nothing in common with others any more (`unshare`, `execve`): `flags` of CLONE_FILES and CLONE_FS. */
  unshare(flags: number, limit: () => number): ProcessFiles {
    const fds = flags & CLONE.FILES ? this.fds.unshare(limit) : this.fds;
    return new ProcessFiles(fds, flags & CLONE.FS ? { ...this.place } : this.place, this.owner);
  }
}

/** Opens what the first process has as descriptors 0, 1 and 2. */
export const standardFiles: Api<(process: Process) => OpenFile[]> = api("standard-files");

export const processFiles = processState<ProcessFiles>({
  create(process) {
    const { root } = process.kernel.use(vfs);
    const fds = new FdTable(limitOf(process));
    for (const file of process.kernel.use(standardFiles)(process)) fds.add(file, false);
    return new ProcessFiles(fds, { root, cwd: root, umask: 0o022 }, ownerOf(process));
  },
  fork: (parent, child, flags) => parent.fork(flags, limitOf(child), ownerOf(child)),
  unshare: (files, process, flags) => files.unshare(flags, limitOf(process)),
  exec(files, process) {
    const own = files.unshare(CLONE.FILES, limitOf(process));
    own.fds.closeOnExec();
    return own;
  },
  exit: (files) => files.fds.release(),
});

function ownerOf(process: Process): () => Owner {
  return () => ({ uid: process.credentials.euid, gid: process.credentials.egid });
}

function limitOf({ limits }: Process): () => number {
  return () => Number(limits[Limit.files].soft);
}
