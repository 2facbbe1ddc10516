import type { Library } from "../kernel/library.ts";
import { posixFutex } from "../kernel/posix-futex/library.ts";
import { posixMmap } from "../kernel/posix-mmap/library.ts";
import { posixProcess } from "../kernel/posix-process/library.ts";
import { posixTime } from "../kernel/posix-time/library.ts";
import { posixFiles } from "../kernel/posixfs/library.ts";
import { rkallocbuddy } from "../kernel/rkallocbuddy/library.ts";
import { rkconsole } from "../kernel/rkconsole/library.ts";
import { type Platform, rkplat } from "../kernel/rkplat/platform.ts";
import { rkprocess } from "../kernel/rkprocess/library.ts";
import { rkschedcoop } from "../kernel/rkschedcoop/library.ts";
import { rksignal } from "../kernel/rksignal/library.ts";
import { rkswrand } from "../kernel/rkswrand/library.ts";
import { rksyscall } from "../kernel/rksyscall/library.ts";
import { rktime } from "../kernel/rktime/library.ts";
import { type FileTree, rkvfs } from "../kernel/rkvfs/library.ts";
import { rkvm } from "../kernel/rkvm/library.ts";
import { rktty } from "../kernel/tty/library.ts";

/** What the libraries of a hosted program are made for. */
export interface LibraryOptions {
  /** Absent: a list to be described, not started. */
  readonly platform?: Platform;
  readonly files?: FileTree;
  /** Pages may be writable and executable at once. */
  readonly allowWx?: boolean;
}

const NO_FILES: FileTree = { memory: 0, mounts: [] };

/** The micro-libraries that a hosted program is linked with. */
export function hostedLibraries({
  platform,
  files = NO_FILES,
  allowWx = false,
}: LibraryOptions = {}): Library[] {
  return [
    rkplat(platform),
    rkallocbuddy,
    rkschedcoop,
    rkswrand,
    rktime,
    rkconsole,
    rktty,
    rkvm(allowWx),
    rkprocess(),
    rksignal,
    rksyscall,
    rkvfs(files),
    posixProcess,
    posixMmap,
    posixTime,
    posixFutex,
    posixFiles,
  ];
}
