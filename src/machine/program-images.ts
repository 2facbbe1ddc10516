import type { Backing } from "../kernel/rkvm/backing.ts";
import { fail } from "../kernel/vfs/error.ts";
import { O } from "../kernel/vfs/flags.ts";
import type { Inode } from "../kernel/vfs/inode.ts";
import { toByteString } from "../kernel/vfs/names.ts";
import type { OpenFile } from "../kernel/vfs/open-file.ts";
import { open } from "../kernel/vfs/operations.ts";
import type { Base } from "../kernel/vfs/walk.ts";
import { parseElf } from "../loader/elf.ts";
import type { ElfFile } from "../loader/file.ts";
import type { Image } from "../loader/image.ts";

/** A file of the guest's tree as the loader reads it: through what mappings of it show. */
export class GuestFile implements ElfFile {
  readonly backing: Backing;

  constructor(backing: Backing) {
    this.backing = backing;
  }

  get size(): number {
    return this.backing.size;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.backing.readAt(offset, bytes);
    return bytes;
  }
}

interface KnownImage {
  readonly size: number;
  readonly changed: bigint;
  readonly image: Image;
}

function version(file: OpenFile): { size: number; changed: bigint } {
  const { size, mtime, ctime } = file.attributes();
  return { size, changed: mtime > ctime ? mtime : ctime };
}

/** The images of programs in the guest's tree. A file that has not changed is read once. */
export class ProgramImages {
  private readonly known = new WeakMap<Inode, KnownImage>();

  /** The image of an open file that has been read before; `name` is its path. */
  find(file: OpenFile, name: string): Image | undefined {
    const known = this.known.get(file.inode);
    const { size, changed } = version(file);
    return known?.size === size && known.changed === changed ? { ...known.image, name } : undefined;
  }

  /**
   * The image of an open file; `name` is its path. Rejects with `LoadError`, and with `VfsError` where it is nothing to be
   * mapped.
   */
  async of(file: OpenFile, name: string): Promise<Image> {
    const known = this.find(file, name);
    if (known) return known;
    const { size, changed } = version(file);
    const backing = file.backing() ?? fail("EACCES");
    backing.retain?.();
    try {
      const image = await parseElf(new GuestFile(backing), name);
      this.known.set(file.inode, { size, changed, image });
      return image;
    } finally {
      backing.release?.();
    }
  }

  /** The dynamic linker that an image names, if it names one. Rejects as `of` does. */
  async interpreter(image: Image, base: Base): Promise<Image | undefined> {
    const path = image.interpreter;
    if (path === undefined) return undefined;
    const file = open(base, toByteString(path), O.RDONLY, 0);
    try {
      return await this.of(file, path);
    } finally {
      file.release();
    }
  }
}
