import type { Kernel } from "../kernel.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { fail } from "../vfs/error.ts";
import type { Filesystem, FilesystemUse } from "../vfs/filesystem.ts";
import type { DirectoryInode } from "../vfs/inode.ts";
import { type ProcContext, ProcDirectory, ProcLink, type ProcNode, ProcText } from "./nodes.ts";
import { processDirectory } from "./process.ts";
import { cpuinfo, meminfo, stat, uptime } from "./system.ts";

/** `/proc`: what C libraries and small tools really open there, made anew at every look. */
export class ProcFilesystem implements Filesystem {
  readonly name = "proc";
  readonly source = "proc";
  /** PROC_SUPER_MAGIC */
  readonly magic = 0x9fa0;
  readonly readOnly = false;
  readonly root: DirectoryInode;

  constructor(kernel: Kernel) {
    const context: ProcContext = { filesystem: this, bootTime: kernel.use(time).realtime() };
    this.root = rootDirectory(context, kernel);
  }

  use(): FilesystemUse {
    return { blockSize: 4096, blocks: 0, freeBlocks: 0, files: 0, freeFiles: 0 };
  }
}

function rootDirectory(context: ProcContext, kernel: Kernel): ProcDirectory {
  const texts: Record<string, () => string> = {
    cpuinfo,
    filesystems: () => "nodev\tproc\nnodev\tdevtmpfs\nnodev\tramfs\nnodev\toverlay\nnodev\thostfs\n",
    loadavg: () => "0.00 0.00 0.00 1/1 1\n",
    meminfo: () => meminfo(kernel),
    stat: () => stat(kernel),
    uptime: () => uptime(kernel),
  };
  const links: Record<string, () => string> = {
    mounts: () => "self/mounts",
    self: () => String(kernel.use(dispatcher).current?.process.pid ?? fail("ENOENT")),
  };
  const pids = () => [...kernel.use(processTable).all()].map(({ pid }) => String(pid));
  const names = () => [...Object.keys(texts), ...Object.keys(links), ...pids()];
  return new ProcDirectory(context, "", names, (name, path): ProcNode => {
    if (name in links) return new ProcLink(context, path, links[name]);
    if (name in texts) return new ProcText(context, path, texts[name]);
    const process = kernel.use(processTable).find(Number(name)) ?? fail("ENOENT");
    return processDirectory(context, path, process);
  });
}
