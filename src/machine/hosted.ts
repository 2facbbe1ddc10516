import { TIMEBASE } from "../devices/clint.ts";
import { Kernel } from "../kernel/kernel.ts";
import type { Library } from "../kernel/library.ts";
import type { Platform } from "../kernel/rkplat/platform.ts";
import type { AreaDescription, ExitStatus } from "../kernel/rkprocess/exit.ts";
import { Limit } from "../kernel/rkprocess/limits.ts";
import type { Process } from "../kernel/rkprocess/process.ts";
import { processTable } from "../kernel/rkprocess/process-table.ts";
import { startRegisters } from "../kernel/rkprocess/registers.ts";
import { scheduler } from "../kernel/rksched/scheduler.ts";
import { vdsoPlace } from "../kernel/rksignal/vdso-place.ts";
import { type Dispatcher, dispatcher } from "../kernel/rksyscall/dispatcher.ts";
import { timers } from "../kernel/rktime/time.ts";
import { memoryManager } from "../kernel/rkvm/memory-manager.ts";
import { StraceWriter } from "../kernel/strace/writer.ts";
import { VfsError } from "../kernel/vfs/error.ts";
import { O } from "../kernel/vfs/flags.ts";
import { DirectoryInode } from "../kernel/vfs/inode.ts";
import { toByteString } from "../kernel/vfs/names.ts";
import type { OpenFile } from "../kernel/vfs/open-file.ts";
import { open } from "../kernel/vfs/operations.ts";
import { processFiles } from "../kernel/vfs/process-files.ts";
import { vfs } from "../kernel/vfs/vfs.ts";
import { find } from "../kernel/vfs/walk.ts";
import { parseElf } from "../loader/elf.ts";
import type { Image } from "../loader/image.ts";
import type { Layout } from "../loader/layout.ts";
import { type LoadedProgram, loadProgram } from "../loader/program.ts";
import { RefusedError } from "../messages/errors.ts";
import { kernelMessages } from "../messages/kernel.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import { checkMachineNeeds } from "./composition/needs.ts";
import type { HostedEmitter } from "./events.ts";
import { HostedBoard } from "./hosted-board.ts";
import type { HostedOptions, HostServices } from "./hosted-options.ts";
import { collectStats, type HostedStats } from "./hosted-stats.ts";
import { linkLibraries, usualLibraries } from "./libraries.ts";
import { LoadTarget } from "./load-target.ts";
import { Pace } from "./pace.ts";
import { ProgramImages } from "./program-images.ts";
import { clockStart } from "./program-loader.ts";
import { allowsWx, programAt } from "./wx-programs.ts";

/** Instructions between two looks at the host's events. */
const SLICE = 1_000_000;
/** Milliseconds between two turns of the host's event loop while the guest computes. */
const TURN = 20;
/** The longest single wait, in milliseconds; a guest that waits for nothing waits again and again. */
const LONGEST_WAIT = 2 ** 30;
const NANOSECONDS_PER_MILLISECOND = 1e6;

/** A riscv64 Linux program on its own machine under the library OS. Made by `createHosted`. */
export class HostedMachine {
  readonly board: HostedBoard;
  readonly kernel: Kernel;
  readonly process: Process;
  readonly program: LoadedProgram;
  readonly events: HostedEmitter;
  private readonly dispatcher: Dispatcher;
  private readonly host: HostServices;
  private readonly pace = new Pace();
  private lastTurn = 0;
  private ended = false;

  constructor(
    board: HostedBoard,
    kernel: Kernel,
    process: Process,
    program: LoadedProgram,
    host: HostServices,
  ) {
    this.board = board;
    this.kernel = kernel;
    this.process = process;
    this.program = program;
    this.host = host;
    this.events = host.emitter();
    this.dispatcher = kernel.use(dispatcher);
    kernel.onUnsupported = (name) => this.events.emit("unsupported", name);
    kernel.onOutOfMemory = (report) => this.events.emit("outOfMemory", report);
  }

  /**
   * Brings what is left to the disks and lets go of them. The machine is not used any more. Rejects with `RefusedError`
   * where a disk could not be written.
   */
  async close(): Promise<void> {
    const disks = this.board.disks.splice(0);
    if (disks.length === 0) return;
    try {
      this.kernel.use(vfs).unmount();
    } catch (error) {
      if (!(error instanceof VfsError)) throw error;
      throw new RefusedError(kernelMessages.notWritten());
    } finally {
      for (const disk of disks) await disk.close();
    }
  }

  get layout(): Layout {
    return this.program.layout;
  }

  /** How the program ended, once it has. */
  get outcome(): ExitStatus | undefined {
    return this.kernel.use(processTable).outcome;
  }

  /** The program's memory areas, in order. */
  areas(): readonly AreaDescription[] {
    return this.process.memory.mappings();
  }

  /**
   * Runs until the program ends, or for at most `steps` steps: instructions retired and traps taken. Returns how
   * the program ended, `undefined` when the steps are spent.
   */
  async run(steps = Number.POSITIVE_INFINITY): Promise<ExitStatus | undefined> {
    const { hart, clint } = this.board;
    let left = steps;
    const [line] = this.board.lines;
    // A terminal's keys are wanted even while nobody reads: Ctrl-C is one.
    if (line.inputTerminal) line.pump();
    while (!this.outcome && left > 0) {
      if (this.dispatcher.failure) throw this.dispatcher.failure;
      if (!this.dispatcher.resume()) {
        this.board.flush();
        if (!this.outcome) await this.wait();
        continue;
      }
      clint.update();
      const before = hart.retired + this.dispatcher.traps;
      const slice = Math.min(left, this.slice());
      const began = this.host.milliseconds();
      // Where only the time says when to stop, there is no need to step up to the last instruction.
      const isExact = this.board.virtual !== undefined || steps !== Number.POSITIVE_INFINITY;
      const result = isExact ? hart.run(slice) : hart.runAbout(slice);
      const done = hart.retired + this.dispatcher.traps - before;
      if (result === "limit") this.pace.measured(done, this.host.milliseconds() - began);
      left -= result === "limit" ? slice : Math.max(1, done);
      this.board.flush();
      await this.turn();
    }
    this.board.flush();
    if (this.outcome && !this.ended) {
      this.ended = true;
      this.events.emit("exit", this.outcome);
    }
    return this.outcome;
  }

  get stats(): HostedStats {
    return collectStats(this);
  }

  /** Instructions until the timer is to be looked at: exactly those until it is due where time is virtual. */
  private slice(): number {
    const ticks = this.board.clint.ticksToTimer;
    if (ticks === undefined) return SLICE;
    if (this.board.virtual) return Math.max(1, Math.min(SLICE, this.board.virtual.instructionsFor(ticks)));
    return ticks > PATIENT_TICKS ? SLICE : this.pace.stepsFor(Number(ticks) / TICKS_PER_MILLISECOND);
  }

  /** Lets the host's events in now and then. */
  private async turn(): Promise<void> {
    const now = this.host.milliseconds();
    if (now - this.lastTurn < TURN) return;
    await this.host.nextTurn();
    this.lastTurn = this.host.milliseconds();
  }

  /** No thread can run: waits for the host, or for the timer. */
  private async wait(): Promise<void> {
    const { clint, virtual } = this.board;
    const before = this.host.milliseconds();
    // What a call has just finished, or the host has already brought, needs no time.
    if (await this.settled(0)) return;
    const ticks = clint.ticksToTimer;
    if (virtual) {
      if (ticks === undefined) await this.settled(LONGEST_WAIT);
      else {
        virtual.skip(ticks);
        this.kernel.use(timers).addIdle(Number(ticks) * NANOSECONDS_PER_TICK);
      }
    } else {
      await this.waitForHost(ticks);
      const waited = this.host.milliseconds() - before;
      this.kernel.use(timers).addIdle(waited * NANOSECONDS_PER_MILLISECOND);
    }
    if (clint.ticksToTimer === 0n) this.kernel.use(timers).runDue();
  }

  /** Waits in the host's time, for `ticks` of the clock at most. */
  private async waitForHost(ticks: bigint | undefined): Promise<void> {
    if (ticks === undefined || ticks > SHORT_WAIT) {
      const limit = ticks === undefined ? LONGEST_WAIT : Math.ceil(Number(ticks) / TICKS_PER_MILLISECOND);
      await this.settled(Math.min(limit, LONGEST_WAIT));
    } else while (this.board.clint.ticksToTimer !== 0n && !(await this.settled(0)));
  }

  /** Waits at most `milliseconds` for a thread that can run. 0: for the next turn of the event loop. */
  private async settled(milliseconds: number): Promise<boolean> {
    const isReady = () => this.kernel.use(scheduler).waiting > 0 || this.dispatcher.failure !== undefined;
    if (milliseconds === 0) await this.host.nextTurn();
    else if (!isReady())
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.dispatcher.onReady = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    return isReady();
  }
}

const TICKS_PER_MILLISECOND = TIMEBASE / 1000;
const NANOSECONDS_PER_TICK = 1e9 / TIMEBASE;
/** The host's timers are no finer than 1 ms: less than 2 ms is waited for in turns of the event loop. */
const SHORT_WAIT = 20_000n;
/** A timer that is further away than this (20 ms) is not looked for yet. */
const PATIENT_TICKS = 200_000n;

/**
 * Puts a machine together and loads a program into it, up to its first instruction. Rejects with `RefusedError`: a
 * `LoadError` for an image that cannot be loaded, a `LinkError` for libraries that do not fit together.
 */
export async function createHosted(options: HostedOptions): Promise<HostedMachine> {
  const { program, host, deterministic = false } = options;
  const time = deterministic ? undefined : host;
  const random = deterministic ? new SeededRandom(options.seed ^ KERNEL_STREAM) : host;
  const board = new HostedBoard(options.memory, options.console, time, (into) => fill(random, into));
  const { disks = [] } = options;
  if (disks.length > 0) (await import("./hosted-disks.ts")).attachDisks(board, disks);
  const images = new ProgramImages();
  const kernel = new Kernel(board.hart, await librariesFor(options, board.platform, images));
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
  const { program, allowWx = false, aslr = true, libraries, disks = [] } = options;
  const linked = options.linked ?? usualLibraries(program.bytes, disks.length > 0);
  const files = { ...(options.files ?? { memory: options.memory, mounts: [] }), program };
  const all = await linkLibraries(linked, libraries, { platform, files, allowWx, aslr, images });
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
    const count = file.readAt(piece, at);
    if (count !== Math.min(COMPARED, bytes.length - at)) return false;
    for (let i = 0; i < count; i++) if (piece[i] !== bytes[at + i]) return false;
  }
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
  Object.assign(process.get(vdsoPlace), { sigreturn: loaded.sigreturn, vvar: loaded.vvar });
  enterDirectory(process, cwd);
  // A program's first step is its first instruction, not the fault that brings its page in.
  process.memory.fault(loaded.entry, "execute");
  const thread = kernel.use(processTable).createThread(process);
  startRegisters(thread.context, loaded.entry, loaded.stackPointer);
  kernel.use(scheduler).ready(thread);
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
