import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { MemoryFiles } from "../ramfs/memory-file.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { signals } from "../rksignal/signals.ts";
import { time } from "../rktime/time.ts";
import { fileMappings } from "../rkvm/mappable.ts";
import { errno } from "../syscalls/errno.ts";
import { VfsError } from "../vfs/error.ts";
import { MountFlag } from "../vfs/mount.ts";
import { PathFile } from "../vfs/open-file.ts";
import { processFiles } from "../vfs/process-files.ts";
import { runningProgram } from "../vfs/running-program.ts";
import { vfs } from "../vfs/vfs.ts";
import { attributeCalls } from "./attributes.ts";
import { descriptorCalls } from "./descriptors.ts";
import { extendedAttributeCalls } from "./extended-attributes.ts";
import { ioCalls } from "./io.ts";
import { mayMapShared, memoryFileCalls, memoryFiles } from "./memory-files.ts";
import { mountCalls } from "./mounts.ts";
import { nameCalls } from "./names.ts";
import { pollCalls } from "./poll.ts";
import { spliceCalls } from "./splice.ts";

/** `st_dev` of files without a directory: major 0, minor 259. */
const MEMORY_FILES_DEVICE = 0x10_0003;

/** The file system calls of the POSIX shim. */
export const posixFiles: Library = {
  name: "posix-files",
  summary: librarySummary.posixFiles,
  provides: [fileMappings, memoryFiles],
  needs: [vfs, time, signals, processTable],
  syscalls: [
    ...descriptorCalls,
    ...ioCalls,
    ...attributeCalls,
    ...extendedAttributeCalls,
    ...nameCalls,
    ...pollCalls,
    ...memoryFileCalls,
    ...spliceCalls,
    ...mountCalls,
  ],
  processState: [processFiles, runningProgram],
  start(kernel) {
    const options = {
      limit: kernel.use(vfs).limits.memoryFiles,
      now: () => kernel.use(time).realtime(),
    };
    kernel.provide(memoryFiles, new MemoryFiles(options, MEMORY_FILES_DEVICE));
    kernel.provide(fileMappings, {
      backing(process, fd, sharedWrite, execute) {
        try {
          const { file } = process.get(processFiles).fds.get(fd);
          if (file instanceof PathFile) return -errno.EBADF;
          if (!file.readable || (sharedWrite && !file.writable)) return -errno.EACCES;
          if (sharedWrite && !mayMapShared(file)) return -errno.EPERM;
          if (execute && file.location.mount.flags & MountFlag.noPrograms) return -errno.EPERM;
          return file.backing();
        } catch (error) {
          if (error instanceof VfsError) return -error.code;
          throw error;
        }
      },
    });
  },
};
