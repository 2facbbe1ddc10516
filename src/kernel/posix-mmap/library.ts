import { librarySummary } from "../../messages/libraries.ts";
import type { Library } from "../library.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { processState } from "../rkprocess/state.ts";
import { signals } from "../rksignal/signals.ts";
import { fileMappings } from "../rkvm/mappable.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { full, partial, type SyscallRow } from "../syscalls/row.ts";
import { madvise, mincore } from "./advice.ts";
import { mlock, mlock2, mlockall, munlock, munlockall } from "./lock.ts";
import { brk, mmap, mprotect, msync, munmap } from "./map.ts";
import { KillLargest } from "./out-of-memory.ts";
import { processMemorySyscalls } from "./process-memory.ts";
import { mremap } from "./remap.ts";

const mmapSyscalls: readonly SyscallRow[] = [
  partial("mmap", "no huge pages", mmap),
  full("munmap", munmap),
  full("mprotect", mprotect),
  full("brk", brk),
  full("mremap", mremap),
  full("madvise", madvise),
  full("msync", msync),
  full("mincore", mincore),
  full("mlock", mlock),
  full("mlock2", mlock2),
  full("munlock", munlock),
  full("mlockall", mlockall),
  full("munlockall", munlockall),
  ...processMemorySyscalls,
];

/** The machine ends with its first process, whose memory is not taken apart: its mappings' files get what is theirs. */
const flushAtEnd = processState<undefined>({
  create: () => undefined,
  fork: () => undefined,
  exit: (_none, { pid, kernel }) => {
    if (pid === 1) kernel.use(memoryManager).flush();
  },
});

/** Memory as POSIX programs ask for it. */
export const posixMmap: Library = {
  name: "posix-mmap",
  summary: librarySummary.posixMmap,
  provides: [],
  needs: [memoryManager, fileMappings, processTable, signals],
  syscalls: mmapSyscalls,
  processState: [flushAtEnd],
  start(kernel) {
    kernel.use(memoryManager).outOfMemory = new KillLargest(kernel);
  },
};
