import { readArchive } from "../host/archive.ts";
import { ArchiveFilesystem } from "../kernel/tarfs/filesystem.ts";
import { VfsError } from "../kernel/vfs/error.ts";
import { toByteString } from "../kernel/vfs/names.ts";
import { FileInode } from "../kernel/vfs/regular-file.ts";
import { Vfs } from "../kernel/vfs/vfs.ts";
import { find } from "../kernel/vfs/walk.ts";
import { archiveMessages } from "../messages/archive.ts";
import { RefusedError } from "../messages/errors.ts";

/** The file tree in an archive of the host. Throws `RefusedError`, with the archive's name. */
export function openInitrd(path: string): ArchiveFilesystem {
  const bytes = readArchive(path);
  try {
    return new ArchiveFilesystem(bytes, path);
  } catch (error) {
    if (error instanceof RefusedError) throw new RefusedError(archiveMessages.refused(path, error.message));
    throw error;
  }
}

/** The bytes of a file in the tree; undefined where there is none. */
export function readInitrd(tree: ArchiveFilesystem, path: string): Uint8Array | undefined {
  try {
    const { inode } = find(new Vfs(tree).base(), toByteString(path), true).dentry;
    if (!(inode instanceof FileInode)) return undefined;
    const data = inode.openData(false);
    const bytes = new Uint8Array(data.size);
    data.readAt(bytes, 0);
    return bytes;
  } catch (error) {
    if (error instanceof VfsError) return undefined;
    throw error;
  }
}
