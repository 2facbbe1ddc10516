import type { Kernel } from "../kernel/kernel.ts";
import type { Library } from "../kernel/library.ts";
import { Limit } from "../kernel/rkprocess/limits.ts";
import { processTable } from "../kernel/rkprocess/process-table.ts";
import {
  type Program,
  type ProgramLoader,
  type ProgramRequest,
  programLoader,
} from "../kernel/rkprocess/program-loader.ts";
import { vdsoPlace } from "../kernel/rksignal/vdso-place.ts";
import { random } from "../kernel/rkswrand/random.ts";
import { time } from "../kernel/rktime/time.ts";
import { memoryManager } from "../kernel/rkvm/memory-manager.ts";
import { errno } from "../kernel/syscalls/errno.ts";
import { VfsError } from "../kernel/vfs/error.ts";
import { toByteString } from "../kernel/vfs/names.ts";
import type { OpenFile } from "../kernel/vfs/open-file.ts";
import { openProgram } from "../kernel/vfs/operations.ts";
import { processFiles } from "../kernel/vfs/process-files.ts";
import { vfs } from "../kernel/vfs/vfs.ts";
import { find } from "../kernel/vfs/walk.ts";
import type { Image } from "../loader/image.ts";
import { pageUp } from "../loader/limits.ts";
import { loadProgram } from "../loader/program.ts";
import { LoadError } from "../loader/refuse.ts";
import { vvarBytes } from "../loader/vdso.ts";
import { librarySummary } from "../messages/libraries.ts";
import { LoadTarget } from "./load-target.ts";
import type { ProgramImages } from "./program-images.ts";
import { allowsWx, type WxPrograms } from "./wx-programs.ts";

/** How programs are laid out. */
export interface LoadPolicy {
  readonly aslr: boolean;
  readonly allowWx: WxPrograms;
}

/** Stacks may be so large and so small, whatever the limit says. */
const LEAST_STACK = 128 * 1024;
const MOST_STACK = 2 ** 30;

/** Loads ELF programs of the guest's tree for `execve`. */
class ElfLoader implements ProgramLoader {
  private readonly kernel: Kernel;
  private readonly images: ProgramImages;
  private readonly policy: LoadPolicy;

  constructor(kernel: Kernel, images: ProgramImages, policy: LoadPolicy) {
    this.kernel = kernel;
    this.images = images;
    this.policy = policy;
  }

  /** At once where the files have been read before: a shell starts the same programs again and again. */
  load(request: ProgramRequest): Program | number | Promise<Program | number> {
    try {
      const image = this.images.find(request.file, request.name);
      if (!image) return this.read(request).catch(toErrno);
      if (image.interpreter === undefined) return this.place(request, image, undefined);
      const file = this.openInterpreter(request, image.interpreter);
      const interpreter = this.images.find(file, image.interpreter);
      file.release();
      if (!interpreter) return this.read(request).catch(toErrno);
      return this.place(request, image, interpreter);
    } catch (error) {
      return toErrno(error);
    }
  }

  private async read(request: ProgramRequest): Promise<Program | number> {
    const image = await this.images.of(request.file, request.name);
    if (image.interpreter === undefined) return this.place(request, image, undefined);
    const file = this.openInterpreter(request, image.interpreter);
    try {
      return this.place(request, image, await this.images.of(file, image.interpreter));
    } finally {
      file.release();
    }
  }

  private openInterpreter({ process }: ProgramRequest, path: string): OpenFile {
    const files = process.get(processFiles);
    return openProgram(find(files.base(), toByteString(path), true), files.who);
  }

  private place(request: ProgramRequest, image: Image, interpreter: Image | undefined): Program {
    const { argv, envp, path, process, isSecure } = request;
    const { uid, euid, gid, egid } = request.credentials;
    const memory = this.kernel.use(memoryManager).createSpace();
    const allowWx = allowsWx(this.kernel, this.policy.allowWx, request.file.inode);
    memory.allowWx = allowWx;
    const stack = Number(process.limits[Limit.stack].soft);
    try {
      const loaded = loadProgram(new LoadTarget(memory), image, interpreter, {
        argv,
        envp,
        path,
        ids: { uid, euid, gid, egid },
        isSecure,
        seed: this.seed(),
        clock: clockStart(this.kernel),
        stackSize: pageUp(Math.min(Math.max(stack, LEAST_STACK), MOST_STACK)),
        aslr: this.policy.aslr,
        allowWx,
      });
      memory.setLayout(loaded.layout.heap, loaded.layout.mmap);
      return { memory, ...loaded };
    } catch (error) {
      memory.release();
      throw error;
    }
  }

  private seed(): bigint {
    const words = new BigUint64Array(1);
    this.kernel.use(random).fill(new Uint8Array(words.buffer));
    return words[0];
  }
}

function toErrno(error: unknown): number {
  if (error instanceof LoadError) return -errno[error.errno];
  if (error instanceof VfsError) return -error.code;
  throw error;
}

/** Nanoseconds from 1970 to when the machine's clock was 0: what programs add to it to have the time of day. */
export function clockStart(kernel: Kernel): bigint {
  const { seconds, nanoseconds } = kernel.use(time).realtimeOffset;
  return BigInt(seconds) * 1_000_000_000n + BigInt(Math.floor(nanoseconds));
}

/** The time of day was set: every program is told where it looks. */
function tellClock(kernel: Kernel): void {
  const bytes = vvarBytes(clockStart(kernel));
  for (const process of kernel.use(processTable).all())
    if (!process.exitStatus) process.memory.forcedPage(process.get(vdsoPlace).vvar).set(bytes);
}

/** The loader as a library of the kernel. */
export function rkelf(images: ProgramImages, policy: LoadPolicy): Library {
  return {
    name: "rkelf",
    summary: librarySummary.rkelf,
    provides: [programLoader],
    needs: [vfs, memoryManager, random, time, processTable],
    start(kernel) {
      kernel.use(time).onSet.push(() => tellClock(kernel));
      kernel.provide(programLoader, new ElfLoader(kernel, images, policy));
    },
  };
}
