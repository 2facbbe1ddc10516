import { type Api, api } from "../library.ts";
import { CLONE } from "../rkprocess/clone-flags.ts";
import type { Credentials } from "../rkprocess/credentials.ts";
import { Limit } from "../rkprocess/limits.ts";
import type { Process } from "../rkprocess/process.ts";
import { processState } from "../rkprocess/state.ts";
import type { Location } from "./dentry.ts";
import { FdTable } from "./fd-table.ts";
import type { Owner } from "./inode.ts";
import type { OpenFile } from "./open-file.ts";
import { vfs } from "./vfs.ts";
import type { Base } from "./walk.ts";

/** Where a process stands, and what it takes off new permissions: what CLONE_FS shares. */
interface Place {
  root: Location;
  cwd: Location;
  umask: number;
}

/** What a process knows of files. */
export class ProcessFiles implements Place {
  readonly fds: FdTable;
  private readonly process: Pick<Process, "credentials">;
  private place: Place;

  /** Takes over one hold on `fds`. */
  constructor(fds: FdTable, place: Place, process: Pick<Process, "credentials">) {
    this.fds = fds;
    this.place = place;
    this.process = process;
  }

  /** As whom it opens files. */
  get who(): Credentials {
    return this.process.credentials;
  }

  /** Whose its new files are. */
  get owner(): Owner {
    const { fsuid, fsgid } = this.who;
    return { uid: fsuid, gid: fsgid };
  }

  /** Where its paths begin, relative ones at `start`. */
  base(start: Location = this.place.cwd): Base {
    return { root: this.place.root, start, who: this.process.credentials };
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
  fork(flags: number, child: Process): ProcessFiles {
    const fds = flags & CLONE.FILES ? this.fds.share() : this.fds.copy(limitOf(child));
    return new ProcessFiles(fds, flags & CLONE.FS ? this.place : { ...this.place }, child);
  }

  /** Has nothing in common with others any more (`unshare`, `execve`): `flags` of CLONE_FILES and CLONE_FS. */
  unshare(flags: number, process: Process): ProcessFiles {
    const fds = flags & CLONE.FILES ? this.fds.unshare(limitOf(process)) : this.fds;
    return new ProcessFiles(fds, flags & CLONE.FS ? { ...this.place } : this.place, process);
  }
}

/** Opens what the first process has as descriptors 0, 1 and 2. */
export const standardFiles: Api<(process: Process) => OpenFile[]> = api("standard-files");

export const processFiles = processState<ProcessFiles>({
  create(process) {
    const { root, openFiles } = process.kernel.use(vfs);
    const fds = new FdTable(limitOf(process), openFiles);
    for (const file of process.kernel.use(standardFiles)(process)) fds.add(file, false);
    return new ProcessFiles(fds, { root, cwd: root, umask: 0o022 }, process);
  },
  fork: (parent, child, flags) => parent.fork(flags, child),
  mayFork: (parent, flags) => (flags & CLONE.FILES) !== 0 || parent.fds.mayCopy,
  unshare: (files, process, flags) => files.unshare(flags, process),
  exec(files, process) {
    const own = files.unshare(CLONE.FILES, process);
    own.fds.closeOnExec();
    return own;
  },
  exit: (files) => files.fds.release(),
});

function limitOf({ limits }: Process): () => number {
  return () => Number(limits[Limit.files].soft);
}
