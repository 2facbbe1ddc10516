import { Kernel } from "../kernel/kernel.ts";
import type { Library } from "../kernel/library.ts";
import { DEFAULT_LIMITS } from "../kernel/limits.ts";
import type { Platform } from "../kernel/rkplat/platform.ts";
import { Limit } from "../kernel/rkprocess/limits.ts";
import type { Process } from "../kernel/rkprocess/process.ts";
import { processTable } from "../kernel/rkprocess/process-table.ts";
import { startRegisters } from "../kernel/rkprocess/registers.ts";
import { scheduler } from "../kernel/rksched/scheduler.ts";
import { vdsoPlace } from "../kernel/rksignal/vdso-place.ts";
import { memoryManager } from "../kernel/rkvm/memory-manager.ts";
import { StraceWriter } from "../kernel/strace/writer.ts";
import type { Location } from "../kernel/vfs/dentry.ts";
import { VfsError } from "../kernel/vfs/error.ts";
import { O } from "../kernel/vfs/flags.ts";
import { DirectoryInode } from "../kernel/vfs/inode.ts";
import { toByteString } from "../kernel/vfs/names.ts";
import type { OpenFile } from "../kernel/vfs/open-file.ts";
import { open } from "../kernel/vfs/operations.ts";
import { processFiles } from "../kernel/vfs/process-files.ts";
import { runningProgram } from "../kernel/vfs/running-program.ts";
import { vfs } from "../kernel/vfs/vfs.ts";
import { find } from "../kernel/vfs/walk.ts";
import { parseElf } from "../loader/elf.ts";
import type { Image } from "../loader/image.ts";
import { type LoadedProgram, loadProgram } from "../loader/program.ts";
import { RefusedError } from "../messages/errors.ts";
import { kernelMessages } from "../messages/kernel.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import { checkMachineNeeds } from "./composition/needs.ts";
import { HostedMachine } from "./hosted.ts";
import { HostedBoard } from "./hosted-board.ts";
import type { HostedOptions, HostServices } from "./hosted-options.ts";
import { FOR_SHARES, linkLibraries, usualLibraries } from "./libraries.ts";
import { LoadTarget } from "./load-target.ts";
import { ProgramImages } from "./program-images.ts";
import { clockStart } from "./program-loader.ts";
import { allowsWx, programAt } from "./wx-programs.ts";

/**
 * Puts a machine together and loads a program into it, up to its first instruction. Rejects with `RefusedError`: a
 * `LoadError` for an image that cannot be loaded, a `LinkError` for libraries that do not fit together.
 */
export async function createHosted(options: HostedOptions): Promise<HostedMachine> {
  const { program, host, deterministic = false } = options;
  const time = deterministic ? undefined : host;
  const random = deterministic ? new SeededRandom(options.seed ^ KERNEL_STREAM) : host;
  const board = new HostedBoard(options.memory, options.console, time, (into) => fill(random, into), {
    jit: options.jit,
    translator: host.translator,
  });
  const { disks = [], shares = [] } = options;
  if (disks.length > 0) (await import("./hosted-disks.ts")).attachDisks(board, disks);
  if (shares.length > 0) (await import("./hosted-shares.ts")).attachShares(board, shares);
  const images = new ProgramImages();
  const kernel = new Kernel(board.hart, await librariesFor(options, board.platform, images), {
    ...DEFAULT_LIMITS,
    memoryFiles: options.memory,
    ...options.limits,
  });
  const { strace } = options;
  if (strace)
    kernel.tracer = new StraceWriter((line) => {
      board.flush();
      strace(line);
    });

  const image = await imageOf(kernel, images, program);
  const interpreter = await interpreterOf(kernel, images, image);
  const process = kernel.use(processTable).create(kernel.use(memoryManager).createSpace());
  const { uid, euid, gid, egid } = process.credentials;
  const allowWx = allowsWx(kernel, options.allowWx ?? false, programAt(kernel, program.path));
  process.memory.allowWx = allowWx;
  const loaded = loadProgram(new LoadTarget(process.memory), image, interpreter, {
    argv: options.args,
    envp: options.env,
    path: program.path,
    ids: { uid, euid, gid, egid },
    clock: clockStart(kernel),
    seed: options.seed,
    aslr: options.aslr ?? true,
    allowWx,
    stackSize: options.stackSize,
  });
  start(process, loaded, options);
  return new HostedMachine(board, kernel, process, loaded, host);
}

/** Keeps the kernel's random numbers apart from those that chose the layout. */
const KERNEL_STREAM = 0x6b65_726e_656cn;

/** What the kernel is linked from: the libraries chosen, with the caller's own in place of those they replace. */
async function librariesFor(
  options: HostedOptions,
  platform: Platform,
  images: ProgramImages,
): Promise<Library[]> {
  const { program, allowWx = false, aslr = true, libraries, disks = [], shares = [] } = options;
  const chosen = options.linked ?? usualLibraries(program.bytes, disks.length > 0);
  const more =
    shares.length === 0 ? [] : FOR_SHARES.filter(({ name }) => !chosen.some((one) => one.name === name));
  const files = { ...(options.files ?? { memory: options.memory, mounts: [] }), program };
  const all = await linkLibraries([...chosen, ...more], libraries, {
    platform,
    files,
    allowWx,
    aslr,
    images,
  });
  checkMachineNeeds(all);
  return all;
}

function fill(random: SeededRandom | HostServices, into: Uint8Array): void {
  if (random instanceof SeededRandom) into.set(random.bytes(into.length));
  else random.entropy(into);
}

/** The program's image, from the guest's tree; where that has another file or none, from its bytes. */
async function imageOf(
  kernel: Kernel,
  images: ProgramImages,
  { path, bytes }: HostedOptions["program"],
): Promise<Image> {
  try {
    const file = open(kernel.use(vfs).base(), toByteString(path), O.RDONLY, 0);
    try {
      if (hasBytes(file, bytes)) return await images.of(file, path);
    } finally {
      file.release();
    }
  } catch (error) {
    if (!(error instanceof VfsError)) throw error;
  }
  return parseElf(bytes, path);
}

const COMPARED = 2 ** 20;

function hasBytes(file: OpenFile, bytes: Uint8Array): boolean {
  if (file.attributes().size !== bytes.length) return false;
  const piece = new Uint8Array(COMPARED);
  for (let at = 0; at < bytes.length; at += COMPARED) {
    const wanted = bytes.slice(at, at + COMPARED);
    const count = file.readAt(piece, at);
    if (count !== wanted.length || !areSame(piece, wanted)) return false;
  }
  return true;
}

/** Whether `one`, of whole words, begins with `other`: word by word, because this is a part of each start. */
function areSame(one: Uint8Array, other: Uint8Array): boolean {
  const words = new Int32Array(other.buffer, 0, other.length >> 2);
  const others = new Int32Array(one.buffer);
  for (let i = 0; i < words.length; i++) if (words[i] !== others[i]) return false;
  for (let i = words.length * 4; i < other.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/** The dynamic linker that an image names, from the guest's tree; `undefined` where there is none. */
async function interpreterOf(
  kernel: Kernel,
  images: ProgramImages,
  image: Image,
): Promise<Image | undefined> {
  try {
    return await images.interpreter(image, kernel.use(vfs).base());
  } catch (error) {
    if (error instanceof VfsError) return undefined;
    throw error;
  }
}

/** Makes a loaded program a process with one thread at its first instruction. */
function start(process: Process, loaded: LoadedProgram, options: HostedOptions): void {
  const { program, args, cwd = "/", stackSize } = options;
  if (stackSize !== undefined) process.limits[Limit.stack].soft = BigInt(stackSize);
  const { kernel } = process;
  process.memory.setLayout(loaded.layout.heap, loaded.layout.mmap);
  process.name = (program.path.split("/").pop() as string).slice(0, 15);
  process.executable = program.path;
  process.arguments = args;
  process.get(runningProgram).location = placeOf(kernel, program.path);
  Object.assign(process.get(vdsoPlace), { sigreturn: loaded.sigreturn, vvar: loaded.vvar });
  enterDirectory(process, cwd);
  // A program's first step is its first instruction, not the fault that brings its page in.
  process.memory.fault(loaded.entry, "execute");
  const thread = kernel.use(processTable).createThread(process);
  startRegisters(thread.context, loaded.entry, loaded.stackPointer);
  kernel.use(scheduler).ready(thread);
}

/** Where the program is in the guest's tree; undefined: it is not. */
function placeOf(kernel: Kernel, path: string): Location | undefined {
  try {
    return find(kernel.use(vfs).base(), toByteString(path), true);
  } catch (error) {
    if (error instanceof VfsError) return undefined;
    throw error;
  }
}

function enterDirectory(process: Process, path: string): void {
  try {
    const found = find(process.kernel.use(vfs).base(), toByteString(path), true);
    if (!(found.dentry.inode instanceof DirectoryInode))
      throw new RefusedError(kernelMessages.noDirectory(path));
    process.get(processFiles).cwd = found;
  } catch (error) {
    if (error instanceof VfsError) throw new RefusedError(kernelMessages.noDirectory(path));
    throw error;
  }
}
