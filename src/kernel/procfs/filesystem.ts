import type { Kernel } from "../kernel.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { KERNEL_RELEASE, KERNEL_VERSION } from "../syscalls/release.ts";
import { fail } from "../vfs/error.ts";
import type { Filesystem, FilesystemUse } from "../vfs/filesystem.ts";
import type { DirectoryInode } from "../vfs/inode.ts";
import {
  type ProcContext,
  ProcDirectory,
  type ProcEntries,
  ProcLink,
  type ProcNode,
  ProcText,
} from "./nodes.ts";
import { processDirectory } from "./process.ts";
import { sysctlDirectory } from "./sysctl.ts";
import { cpuinfo, loadavg, meminfo, stat, uptime, vmstat } from "./system.ts";
import { hasIpc, ipcDirectory } from "./sysvipc.ts";

/** `/proc`: what C libraries and tools open there, made anew at every look. */
export class ProcFilesystem implements Filesystem {
  readonly name = "proc";
  readonly source = "proc";
  /** PROC_SUPER_MAGIC */
  readonly magic = 0x9fa0;
  readonly readOnly = false;
  readonly root: DirectoryInode;

  constructor(kernel: Kernel) {
    const context: ProcContext = { filesystem: this, bootTime: kernel.use(time).realtime() };
    this.root = new ProcDirectory(context, "", rootEntries(context, kernel));
  }

  use(): FilesystemUse {
    return { blockSize: 4096, blocks: 0, freeBlocks: 0, files: 0, freeFiles: 0 };
  }
}

const FILESYSTEMS = ["proc", "sysfs", "devtmpfs", "tmpfs", "ramfs", "overlay", "hostfs", "pipefs", "sockfs"];

const DEVICES =
  "Character devices:\n  1 mem\n  4 ttyS\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n136 pts\n\nBlock devices:\n";

function systemTexts(kernel: Kernel): Record<string, () => string> {
  return {
    cgroups: () => "#subsys_name\thierarchy\tnum_cgroups\tenabled\n",
    cmdline: () => "\n",
    cpuinfo,
    devices: () => DEVICES,
    diskstats: () => "",
    filesystems: () => FILESYSTEMS.map((name) => `nodev\t${name}\n`).join(""),
    interrupts: () => "           CPU0       \n",
    loadavg: () => loadavg(kernel),
    meminfo: () => meminfo(kernel),
    modules: () => "",
    partitions: () => "major minor  #blocks  name\n\n",
    stat: () => stat(kernel),
    swaps: () => "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
    uptime: () => uptime(kernel),
    version: () => `Linux version ${KERNEL_RELEASE} (runikraft@runikraft) ${KERNEL_VERSION}\n`,
    vmstat: () => vmstat(kernel),
  };
}

function rootEntries(context: ProcContext, kernel: Kernel): ProcEntries {
  const current = () => kernel.use(dispatcher).current ?? fail("ENOENT");
  const nodes: Record<string, (path: string) => ProcNode> = {
    mounts: (path) => new ProcLink(context, path, () => "self/mounts"),
    net: (path) => new ProcLink(context, path, () => "self/net"),
    self: (path) => new ProcLink(context, path, () => String(current().process.pid)),
    sys: (path) => sysctlDirectory(context, path, kernel),
    ...(hasIpc(kernel) ? { sysvipc: (path: string) => ipcDirectory(context, path, kernel) } : {}),
    "thread-self": (path) =>
      new ProcLink(context, path, () => `${current().process.pid}/task/${current().tid}`),
  };
  for (const [name, text] of Object.entries(systemTexts(kernel)))
    nodes[name] = (path) => new ProcText(context, path, text);
  const processOf = (name: string) =>
    /^[1-9]\d{0,9}$/.test(name) ? kernel.use(processTable).find(Number(name)) : undefined;
  return {
    names: () => [
      ...Object.keys(nodes),
      ...[...kernel.use(processTable).all()].map(({ pid }) => String(pid)),
    ],
    node(name, path) {
      if (Object.hasOwn(nodes, name)) return nodes[name](path);
      const process = processOf(name);
      return process && processDirectory(context, path, process);
    },
  };
}
