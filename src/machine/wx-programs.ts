import type { Kernel } from "../kernel/kernel.ts";
import { VfsError } from "../kernel/vfs/error.ts";
import type { Inode } from "../kernel/vfs/inode.ts";
import { toByteString } from "../kernel/vfs/names.ts";
import { vfs } from "../kernel/vfs/vfs.ts";
import { find } from "../kernel/vfs/walk.ts";

/** Whose pages may be writable and executable at once: every program's, none's, or those programs' at these paths of the guest. */
export type WxPrograms = boolean | readonly string[];

/** The file at a path of the guest, which may be a link to it. */
export function programAt(kernel: Kernel, path: string): Inode | undefined {
  try {
    return find(kernel.use(vfs).base(), toByteString(path), true).dentry.inode;
  } catch (error) {
    if (error instanceof VfsError) return undefined;
    throw error;
  }
}

/** `program`: the file that a process is about to run. */
export function allowsWx(kernel: Kernel, programs: WxPrograms, program: Inode | undefined): boolean {
  if (typeof programs === "boolean") return programs;
  return program !== undefined && programs.some((path) => programAt(kernel, path) === program);
}
