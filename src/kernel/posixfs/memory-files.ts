import { type Api, api } from "../library.ts";
import { MemoryFile, type MemoryFiles, Seal } from "../ramfs/memory-file.ts";
import type { Thread } from "../rkprocess/thread.ts";
import { partial, type SyscallRow } from "../syscalls/row.ts";
import { fail } from "../vfs/error.ts";
import { fromBytes } from "../vfs/names.ts";
import type { OpenFile } from "../vfs/open-file.ts";
import type { ProcessFiles } from "../vfs/process-files.ts";
import { call, int } from "./call.ts";

export const memoryFiles: Api<MemoryFiles> = api("memory-files");

const MFD = { CLOEXEC: 1, ALLOW_SEALING: 2, NOEXEC_SEAL: 8, EXEC: 16 } as const;
/** Bytes of a name, its NUL included (NAME_MAX less `memfd:`). */
const LONGEST_NAME = 250;

function memfdCreate(thread: Thread, files: ProcessFiles, nameAt: number, flags: number): number {
  const known = MFD.CLOEXEC | MFD.ALLOW_SEALING | MFD.NOEXEC_SEAL | MFD.EXEC;
  if (int(flags) & ~known || (flags & MFD.NOEXEC_SEAL && flags & MFD.EXEC)) fail("EINVAL");
  const name = thread.memory.readCString(nameAt, LONGEST_NAME);
  if (!name) return fail("EINVAL");
  const noExec = (flags & MFD.NOEXEC_SEAL) !== 0;
  let seals: number = Seal.seal;
  if (noExec) seals = Seal.exec;
  else if (flags & MFD.ALLOW_SEALING) seals = 0;
  const mode = noExec ? 0o666 : 0o777;
  const file = thread.kernel.use(memoryFiles).create(fromBytes(name), mode, seals, files.owner);
  return files.fds.add(file, (flags & MFD.CLOEXEC) !== 0);
}

/** `fcntl` with F_ADD_SEALS. */
export function addSeals(file: OpenFile, seals: number): number {
  if (!(file.inode instanceof MemoryFile)) return fail("EINVAL");
  if (!file.writable) fail("EPERM");
  file.inode.addSeals(int(seals));
  return 0;
}

/** `fcntl` with F_GET_SEALS. */
export function getSeals({ inode }: OpenFile): number {
  return inode instanceof MemoryFile ? inode.seals : fail("EINVAL");
}

/** Whether a file may be mapped to be written and shared. */
export function mayMapShared({ inode }: OpenFile): boolean {
  return !(inode instanceof MemoryFile) || inode.isWritable;
}

export const memoryFileCalls: readonly SyscallRow[] = [
  partial("memfd_create", "no huge pages", call(memfdCreate)),
];
