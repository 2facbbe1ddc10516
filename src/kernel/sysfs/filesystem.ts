import type { Kernel } from "../kernel.ts";
import {
  entriesOf,
  type ProcContext,
  ProcDirectory,
  ProcLink,
  type ProcNode,
  ProcText,
} from "../procfs/nodes.ts";
import { time } from "../rktime/time.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import type { Filesystem, FilesystemUse } from "../vfs/filesystem.ts";
import type { DirectoryInode } from "../vfs/inode.ts";

/** A folder of literals: a text is a file of one line, `-> x` a symbolic link to x. */
interface Folder {
  readonly [name: string]: string | (() => string) | Folder;
}

/** `/sys`: what programs ask of it, with the answers that are true of this machine. */
export class SysFilesystem implements Filesystem {
  readonly name = "sysfs";
  readonly source = "sysfs";
  /** SYSFS_MAGIC */
  readonly magic = 0x62656572;
  readonly readOnly = false;
  readonly root: DirectoryInode;

  constructor(kernel: Kernel) {
    const context: ProcContext = { filesystem: this, bootTime: kernel.use(time).realtime() };
    this.root = directory(context, "/sys", contents(kernel));
  }

  use(): FilesystemUse {
    return { blockSize: 4096, blocks: 0, freeBlocks: 0, files: 0, freeFiles: 0 };
  }
}

const LINK = "-> ";

function directory(context: ProcContext, path: string, folder: Folder): ProcDirectory {
  const node = (entry: Folder[string]) => {
    return (at: string): ProcNode => {
      if (typeof entry === "function") return new ProcText(context, at, entry);
      if (typeof entry !== "string") return directory(context, at, entry);
      if (entry.startsWith(LINK)) return new ProcLink(context, at, () => entry.slice(LINK.length));
      return new ProcText(context, at, () => `${entry}\n`);
    };
  };
  const tree = Object.fromEntries(Object.entries(folder).map(([name, entry]) => [name, node(entry)]));
  return new ProcDirectory(context, path, entriesOf(tree));
}

/** One hart, one memory node, no devices that programs could look for. */
function contents(kernel: Kernel): Folder {
  const topology = {
    core_cpus: "1",
    core_cpus_list: "0",
    core_id: "0",
    core_siblings: "1",
    core_siblings_list: "0",
    package_cpus: "1",
    package_cpus_list: "0",
    physical_package_id: "0",
    thread_siblings: "1",
    thread_siblings_list: "0",
  };
  const kib = (pages: number) => `${String(pages * 4).padStart(8)} kB`;
  const nodeMemory = () => {
    const { totalPages, freePages } = kernel.use(memoryManager);
    return `Node 0 MemTotal:       ${kib(totalPages)}\nNode 0 MemFree:        ${kib(freePages)}\n`;
  };
  return {
    block: {},
    bus: {},
    class: { block: {}, net: {}, tty: {} },
    dev: { block: {}, char: {} },
    devices: {
      system: {
        clocksource: {
          clocksource0: {
            available_clocksource: "riscv_clocksource",
            current_clocksource: "riscv_clocksource",
          },
        },
        cpu: {
          cpu0: { online: "1", topology },
          isolated: "",
          kernel_max: "511",
          offline: "",
          online: "0",
          possible: "0",
          present: "0",
        },
        node: {
          has_cpu: "0",
          has_memory: "0",
          has_normal_memory: "0",
          node0: {
            cpu0: "-> ../../cpu/cpu0",
            cpulist: "0",
            cpumap: "1",
            distance: "10",
            meminfo: nodeMemory,
          },
          online: "0",
          possible: "0",
        },
      },
      virtual: {},
    },
    firmware: {},
    fs: {},
    kernel: {
      cpu_byteorder: "little",
      mm: {
        hugepages: {},
        transparent_hugepage: {
          defrag: "always defer defer+madvise madvise [never]",
          enabled: "always madvise [never]",
          shmem_enabled: "always within_size advise [never] deny force",
        },
      },
      uevent_seqnum: "0",
    },
    module: {},
  };
}
