import { RefusedError } from "../../messages/errors.ts";
import { kernelMessages } from "../../messages/kernel.ts";
import { librarySummary } from "../../messages/libraries.ts";
import { DeviceFilesystem } from "../devfs/filesystem.ts";
import type { Kernel } from "../kernel.ts";
import type { Library } from "../library.ts";
import { OverlayFilesystem } from "../overlay/filesystem.ts";
import { ProcFilesystem } from "../procfs/filesystem.ts";
import { oomAdjustment } from "../procfs/oom.ts";
import { RamDirectory } from "../ramfs/directory.ts";
import { RamFile } from "../ramfs/file.ts";
import { RamFilesystem } from "../ramfs/filesystem.ts";
import { blockDevices } from "../rkblkdev/block-device.ts";
import { consolePorts } from "../rkconsole/console.ts";
import { platform } from "../rkplat/platform.ts";
import { processTable } from "../rkprocess/process-table.ts";
import { random } from "../rkswrand/random.ts";
import { dispatcher } from "../rksyscall/dispatcher.ts";
import { time } from "../rktime/time.ts";
import { memoryManager } from "../rkvm/memory-manager.ts";
import { errno } from "../syscalls/errno.ts";
import { SysFilesystem } from "../sysfs/filesystem.ts";
import { PtsFilesystem } from "../tty/devpts.ts";
import { terminals } from "../tty/library.ts";
import { diskMounter } from "../vfs/disk-filesystem.ts";
import { VfsError } from "../vfs/error.ts";
import type { Filesystem } from "../vfs/filesystem.ts";
import { FileType } from "../vfs/inode.ts";
import { toByteString } from "../vfs/names.ts";
import { standardFiles } from "../vfs/process-files.ts";
import { shareMounter } from "../vfs/share-filesystem.ts";
import { Vfs, vfs } from "../vfs/vfs.ts";
import { find } from "../vfs/walk.ts";
import { openStandardFiles } from "./standard-files.ts";

interface FilesystemMount {
  readonly path: string;
  readonly filesystem: Filesystem;
}

/** A disk with a filesystem, by its place among the machine's disks. */
interface DiskMount {
  readonly path: string;
  readonly disk: number;
  readonly readOnly: boolean;
}

/** What the host shares under a tag. */
export interface Share {
  readonly tag: string;
  readonly readOnly: boolean;
}

interface ShareMount extends Share {
  readonly path: string;
}

/** What a guest's file tree is made of. Paths are absolute text. */
export interface FileTree {
  /** Bytes that files in memory may take: changes to the root, and all of it without a base. */
  readonly memory: number;
  /** What `/` shows beneath changes in memory. Without it the root is all but empty. */
  readonly base?: Filesystem | Share;
  readonly mounts: readonly (FilesystemMount | DiskMount | ShareMount)[];
  /** The program, as a file to read and run, where the tree does not have it anyway. */
  readonly program?: { readonly path: string; readonly bytes: Uint8Array };
}

/** Directories that there always are, and their permissions. */
const DIRECTORIES: readonly [path: string, mode: number][] = [
  ["/dev", 0o755],
  ["/etc", 0o755],
  ["/proc", 0o555],
  ["/root", 0o700],
  ["/sys", 0o555],
  ["/tmp", 0o1777],
];

/** Files of a root without a base. */
const FILES: readonly [path: string, text: string][] = [
  ["/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"],
  ["/etc/group", "root:x:0:\n"],
  ["/etc/hosts", "127.0.0.1\tlocalhost\n"],
];

/** The virtual file system, with the file tree that a guest sees. */
export function rkvfs(tree: FileTree): Library {
  return {
    name: "rkvfs",
    summary: librarySummary.rkvfs,
    provides: [vfs, standardFiles],
    needs: [
      ...[platform, time, random, consolePorts, terminals, processTable, dispatcher, memoryManager],
      ...(tree.mounts.some((mount) => "disk" in mount) ? [blockDevices, diskMounter] : []),
      ...([tree.base, ...tree.mounts].some((one) => one && "tag" in one) ? [shareMounter] : []),
    ],
    start(kernel) {
      kernel.provide(vfs, build(tree, kernel));
      kernel.provide(standardFiles, openStandardFiles);
    },
    processState: [oomAdjustment],
  };
}

function build(tree: FileTree, kernel: Kernel): Vfs {
  const now = () => kernel.use(time).realtime();
  const options = { limit: tree.memory, now };
  const base = tree.base && "tag" in tree.base ? shared(kernel, tree.base, "/") : tree.base;
  const top = base ? new OverlayFilesystem(base, options) : new RamFilesystem(options);
  const files = new Vfs(top, kernel.limits, kernel.use(platform).ram.arena);
  const root = files.root.dentry.inode as RamDirectory;
  for (const [path, mode] of DIRECTORIES)
    if (!root.lookup(path.slice(1))) root.create(path.slice(1), { mode: FileType.directory | mode, rdev: 0 });
  if (!tree.base) for (const [path, text] of FILES) put(files, path, 0o644, new TextEncoder().encode(text));
  // Before mounts are there: nothing is made in a directory of the host.
  if (tree.program) put(files, tree.program.path, 0o555, tree.program.bytes);
  const pts = new PtsFilesystem(now, kernel.use(terminals));
  files.mount(
    new DeviceFilesystem(now, kernel.use(random), kernel.use(terminals), pts, files.devices),
    "/dev",
  );
  files.mount(pts, "/dev/pts");
  pts.place = find(files.base(), "/dev/pts", true);
  files.mount(new ProcFilesystem(kernel), "/proc");
  files.mount(new SysFilesystem(kernel), "/sys");
  for (const one of tree.mounts) mount(files, filesystemOf(kernel, one), one.path);
  files.flushMapped = () => kernel.use(memoryManager).flush();
  return files;
}

/** Throws `RefusedError`. */
function filesystemOf(kernel: Kernel, mount: FileTree["mounts"][number]): Filesystem {
  if ("disk" in mount) return mountedDisk(kernel, mount);
  return "tag" in mount ? shared(kernel, mount, mount.path) : mount.filesystem;
}

/** Throws `RefusedError`. */
function shared(kernel: Kernel, { tag, readOnly }: Share, path: string): Filesystem {
  try {
    return kernel.use(shareMounter)(tag, readOnly);
  } catch (error) {
    if (!(error instanceof VfsError)) throw error;
    throw new RefusedError(kernelMessages.cannotMount(path, error.message));
  }
}

/** Throws `RefusedError`. */
function mountedDisk(kernel: Kernel, { disk, path, readOnly }: DiskMount): Filesystem {
  const device = kernel.use(blockDevices)[disk];
  if (!device) throw new RefusedError(kernelMessages.cannotMount(path, kernelMessages.noDisk(disk)));
  try {
    return kernel.use(diskMounter)(device, readOnly);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    throw new RefusedError(kernelMessages.cannotMount(path, error.message));
  }
}

/** Throws `RefusedError` where the path cannot be mounted on. */
function mount(files: Vfs, filesystem: Filesystem, path: string): void {
  try {
    files.mount(filesystem, path);
  } catch (error) {
    if (!(error instanceof VfsError)) throw error;
    const reasons: Record<number, string> = {
      [errno.EBUSY]: kernelMessages.mountOnRoot(),
      [errno.ENOTDIR]: kernelMessages.mountOnFile(),
      [errno.EROFS]: kernelMessages.mountInReadOnly(),
    };
    throw new RefusedError(kernelMessages.cannotMount(path, reasons[error.code] ?? error.message));
  }
}

/** A file whose bytes are the host's own until they are written to; not where something is already. */
function put(files: Vfs, path: string, mode: number, bytes: Uint8Array): void {
  const slash = path.lastIndexOf("/");
  const name = toByteString(path.slice(slash + 1));
  const directory = files.makeDirectory(path.slice(0, slash)).dentry.inode;
  if (!(directory instanceof RamDirectory) || directory.lookup(name)) return;
  const source = {
    size: bytes.length,
    readAt(into: Uint8Array, position: number) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
  };
  directory.add(name, new RamFile(directory.filesystem, FileType.regular | mode, source));
}
