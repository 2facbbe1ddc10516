import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { call, int } from "../posixfs/call.ts";
import { mayInspect } from "../rkprocess/inspection.ts";
import { type PidFiles, pidFiles } from "../rkprocess/pid-files.ts";
import { Process } from "../rkprocess/process.ts";
import { processTable } from "../rkprocess/process-table.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { signals } from "../rksignal/signals.ts";
import { isReserved, maySignal, readSignalInfo, sentSignal } from "../rksignal/syscalls.ts";
import { time } from "../rktime/time.ts";
import { errno } from "../syscalls/errno.ts";
import { full, partial } from "../syscalls/row.ts";
import { eventPlace } from "../vfs/anonymous.ts";
import { fail, VfsError } from "../vfs/error.ts";
import { O } from "../vfs/flags.ts";
import { DirectoryInode } from "../vfs/inode.ts";
import { type ProcessFiles, processFiles } from "../vfs/process-files.ts";
import { vfs } from "../vfs/vfs.ts";
import { PidFile } from "./pidfd.ts";

const MOST_SIGNAL = 64;

function add(thread: Thread, files: ProcessFiles, process: Process, nonblocking: boolean): number {
  const place = eventPlace("[pidfd]", thread.kernel.use(time).realtime());
  return files.fds.add(new PidFile(place, process, nonblocking), true);
}

function fileOf(files: ProcessFiles, fd: number): PidFile {
  const { file } = files.fds.get(int(fd));
  return file instanceof PidFile ? file : fail("EBADF");
}

const pidfdOpen = call((thread, files, pid, flags) => {
  if (int(flags) & ~O.NONBLOCK || int(pid) <= 0) fail("EINVAL");
  const table = thread.kernel.use(processTable);
  const process = table.find(int(pid));
  if (!process) fail(table.findThread(int(pid)) ? "EINVAL" : "ESRCH");
  return add(thread, files, process, (flags & O.NONBLOCK) !== 0);
});

/** The process that a descriptor stands for, which may be its directory in `/proc` as well. */
function processAt(files: ProcessFiles, fd: number): Process {
  const { inode } = files.fds.get(int(fd)).file;
  if (inode instanceof DirectoryInode && inode.subject instanceof Process) return inode.subject;
  return fileOf(files, fd).process;
}

const pidfdSendSignal = call((thread, files, fd, number, infoAt, flags) => {
  const process = processAt(files, fd);
  if (flags !== 0 || number < 0 || number > MOST_SIGNAL) fail("EINVAL");
  const info = infoAt === 0 ? sentSignal(thread, number) : readSignalInfo(thread, number, infoAt);
  if (infoAt !== 0 && thread.memory.readI32(infoAt) !== number) fail("EINVAL");
  if (isReserved(info.code) && infoAt !== 0 && process !== thread.process) fail("EPERM");
  if (process.exitStatus && process.isReaped) fail("ESRCH");
  if (!maySignal(thread, process, number)) fail("EPERM");
  thread.kernel.use(signals).toProcess(process, info);
  return 0;
});

/** A copy of another process's descriptor. */
const pidfdGetfd = call((thread, files, fd, theirs, flags) => {
  const { process } = fileOf(files, fd);
  if (flags !== 0) fail("EINVAL");
  if (process.exitStatus) fail("ESRCH");
  if (!mayInspect(thread.process, process)) fail("EPERM");
  return files.fds.add(process.get(processFiles).fds.get(int(theirs)).file.retain(), true);
});

/** What `clone` and `waitid` want of them. */
const implementation: PidFiles = {
  open(thread, process, nonblocking) {
    try {
      return add(thread, thread.process.get(processFiles), process, nonblocking);
    } catch (error) {
      if (error instanceof VfsError) return -error.code;
      throw error;
    }
  },
  find(thread, fd) {
    const files = thread.process.get(processFiles);
    const file = files.fds.has(fd) ? files.fds.get(fd).file : undefined;
    return file instanceof PidFile ? file : -errno.EBADF;
  },
};

/** Processes as files: pidfd_open(2). */
export const posixPidfd: Library = {
  name: "posix-pidfd",
  summary: librarySummary.posixPidfd,
  provides: [pidFiles],
  needs: [vfs, time, processTable, signals],
  syscalls: [
    partial("pidfd_open", "not for single threads", pidfdOpen),
    full("pidfd_send_signal", pidfdSendSignal),
    full("pidfd_getfd", pidfdGetfd),
  ],
  start(kernel) {
    kernel.provide(pidFiles, implementation);
  },
};
