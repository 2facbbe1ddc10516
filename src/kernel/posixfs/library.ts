import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { signals } from "../rksignal/signals.ts";
import { time } from "../rktime/time.ts";
import { fileMappings } from "../rkvm/mappable.ts";
import { errno } from "../syscalls/errno.ts";
import { VfsError } from "../vfs/error.ts";
import { PathFile } from "../vfs/open-file.ts";
import { processFiles } from "../vfs/process-files.ts";
import { vfs } from "../vfs/vfs.ts";
import { attributeCalls } from "./attributes.ts";
import { descriptorCalls } from "./descriptors.ts";
import { ioCalls } from "./io.ts";
import { nameCalls } from "./names.ts";
import { pollCalls } from "./poll.ts";

/** The file system calls of the POSIX shim. */
export const posixFiles: Library = {
  name: "posix-files",
  summary: librarySummary.posixFiles,
  provides: [fileMappings],
  needs: [vfs, time, signals],
  syscalls: [...descriptorCalls, ...ioCalls, ...attributeCalls, ...nameCalls, ...pollCalls],
  processState: [processFiles],
  start(kernel) {
    kernel.provide(fileMappings, {
      backing(process, fd, sharedWrite) {
        try {
          const { file } = process.get(processFiles).fds.get(fd);
          if (file instanceof PathFile) return -errno.EBADF;
          if (!file.readable || (sharedWrite && !file.writable)) return -errno.EACCES;
          return file.backing();
        } catch (error) {
          if (error instanceof VfsError) return -error.code;
          throw error;
        }
      },
    });
  },
};
