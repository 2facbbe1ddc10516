import type { Disk } from "../devices/disk.ts";
import { Htif, type HtifWords } from "../devices/htif.ts";
import type { Stateful } from "../devices/state.ts";
import { BadState, must } from "../devices/state-shape.ts";
import type { SysconEvent } from "../devices/syscon.ts";
import { ArenaFull, FRAME_SIZE } from "../memory/arena.ts";
import type { PhysicalMemory } from "../memory/physical-memory.ts";
import { RefusedError, UsageError } from "../messages/errors.ts";
import { machineMessages } from "../messages/machine.ts";
import { SeededRandom } from "../random/seeded-random.ts";
import { Board } from "./board.ts";
import { type Entry, placeBootFiles } from "./boot-images.ts";
import { VirtualClock } from "./clock.ts";
import { makeDeviceTree } from "./device-tree.ts";
import { MOST_HARTS } from "./hart-scheduler.ts";
import { MachineConsole } from "./machine-console.ts";
import { MachineDevices } from "./machine-devices.ts";
import {
  LEAST_MEMORY,
  type MachineOptions,
  type MachineSurroundings,
  MOST_MEMORY,
  type RunEnd,
  type RunUntil,
} from "./machine-options.ts";
import { MACHINE_STATE, type MachineState } from "./machine-state.ts";
import { SaveFile, writeSave } from "./save-file.ts";
import { LONGEST_SLEEP, Sleeper } from "./sleeper.ts";
import { WorkQueue } from "./work-queue.ts";

const A0 = 10;
const A1 = 11;
const A2 = 12;
const TICKS_PER_MILLISECOND = 10_000;
/** Host milliseconds after which the host's other events get a turn. */
const TURN = 1;

/**
 * A RISC-V computer: create it, run it until something happens, type, look, save, fork, close. Everything is
 * reached through methods; nothing happens outside `run`.
 *
 * A machine and its forks share 4 GiB for what each has touched of its RAM and for decoded code. Where that is full, `run`
 * and `fork` reject with `RefusedError`: close some of them.
 */
export class Machine {
  readonly options: MachineOptions;
  readonly board: Board;
  readonly devices: MachineDevices;
  /**
   * Somebody outside may still wake a machine all of whose harts wait (a person who types, a network): `run` then waits
   * for them instead of returning "idle".
   */
  attended: boolean;
  private readonly work: WorkQueue;
  private readonly random: SeededRandom | undefined;
  private readonly console: MachineConsole;
  private readonly sleeper: Sleeper;
  private hostTarget: HtifWords | undefined;
  private htif: Htif | undefined;
  private power: SysconEvent | undefined;
  private exitCode: number | undefined;
  private stopRequested = false;
  /** Why it cannot be used any more. */
  private ended: (() => Error) | undefined;
  private isClosed = false;
  private isRunning = false;
  private lastTurn = 0;

  private constructor(options: MachineOptions, ram: number | PhysicalMemory) {
    const { host, deterministic = false, virtioVersion = 2, packedRings = false } = options;
    this.options = options;
    this.attended = options.network !== undefined;
    this.console = new MachineConsole((bytes) => options.print?.(bytes));
    this.sleeper = new Sleeper(() => host.nextTurn());
    this.work = new WorkQueue(deterministic, () => this.sleeper.wake());
    this.random = deterministic ? new SeededRandom(options.seed ?? 0n) : undefined;
    this.devices = new MachineDevices(options, {
      work: this.work,
      entropy: (into) => this.entropy(into),
      discard: (page) => this.board.ram.discard(page),
      print: (bytes) => this.print(bytes, true),
    });
    this.board = new Board({
      ram,
      harts: options.harts ?? 1,
      print: (bytes) => this.print(bytes, false),
      time: deterministic ? undefined : host,
      virtio: this.devices.slots,
      virtioVersion,
      packedRings,
      jit: options.jit,
      translator: host.translator,
      onPower: (event) => {
        this.power = event;
      },
      onWake: () => this.sleeper.wake(),
    });
    // More input can follow at once. In virtual time a read must not end a turn: when that is seen depends on the pieces.
    if (!deterministic)
      this.board.uart.onDrained = () => {
        if (this.console.hasInput) this.board.endTurn();
      };
  }

  /**
   * A machine out of reset. Rejects with `UsageError` where there is no such machine, with `RefusedError` where a boot file
   * is broken or does not fit.
   */
  static async create(options: MachineOptions): Promise<Machine> {
    checkConfig(options);
    const machine = new Machine(options, options.memory);
    await machine.boot();
    return machine;
  }

  /**
   * Runs until one of the things in `until` has happened. Instructions are exact; the others are seen within a slice.
   * Rejects with `RefusedError` where the machine would need more memory than it and its forks have, with `UsageError`
   * where it is closed or running.
   */
  async run(until: RunUntil = {}): Promise<RunEnd> {
    this.mustRest();
    this.isRunning = true;
    try {
      return await this.runUntil(until);
    } catch (error) {
      if (!(error instanceof ArenaFull)) throw error;
      // A hart has been left in the middle of an instruction.
      this.ended = () => new RefusedError(machineMessages.outOfMemory());
      throw this.ended();
    } finally {
      this.isRunning = false;
    }
  }

  private async runUntil(until: RunUntil): Promise<RunEnd> {
    const { instructions = Number.POSITIVE_INFINITY, milliseconds, text } = until;
    let left = instructions;
    const start = this.board.clock.ticks();
    const deadline =
      milliseconds === undefined
        ? undefined
        : start + BigInt(Math.ceil(milliseconds * TICKS_PER_MILLISECOND));
    this.console.lookFor(text);
    this.stopRequested = false;
    for (;;) {
      if (this.exitCode !== undefined) return { reason: "off", exitCode: this.exitCode };
      if (this.console.hasFound) return { reason: "text" };
      if (left <= 0) return { reason: "instructions" };
      if (deadline !== undefined && this.board.clock.ticks() >= deadline) return { reason: "milliseconds" };
      if (this.stopRequested) return { reason: "stopped" };
      this.work.deliver();
      if (this.board.isBetweenTurns) this.console.deliver(this.board.uart, this.devices.console?.ports[0]);
      this.sleeper.isWoken = false;
      const state = this.board.run(left);
      left -= this.board.spent;
      await this.afterPiece();
      if (state === "waiting" && !(await this.wait(deadline))) return { reason: "idle" };
    }
  }

  /** The `run` that is going on returns soon. */
  stop(): void {
    this.stopRequested = true;
    this.sleeper.wake();
  }

  /** Room for input: the guest has not taken all that was typed. */
  get inputRoom(): number {
    return this.console.room;
  }

  /** Types text or bytes on the console that the guest printed on last. What exceeds `inputRoom` is lost. */
  type(input: string | Uint8Array): void {
    this.console.type(typeof input === "string" ? new TextEncoder().encode(input) : input);
    this.sleeper.wake();
  }

  /** To be called when the guest has taken some of the input. */
  set onInputTaken(callBack: () => void) {
    this.console.onTaken = callBack;
  }

  /**
   * The whole machine, as `load` takes it. Not to be called while `run` goes on. What is under way on the host is waited
   * for, and the guest sees it done: sooner than it would have in virtual time, where `run` ended in the middle of a slice.
   */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    this.mustRest();
    await this.work.drain();
    return writeSave(this.state(), this.board.ram);
  }

  /**
   * The machine that `save` was asked of, with surroundings like that one's: as many disks of the same sizes, a network where
   * it had one. `name` is what messages call the file. Rejects with `RefusedError` where the file is damaged or the
   * surroundings differ.
   */
  static async load(
    file: Uint8Array<ArrayBuffer>,
    name: string,
    surroundings: MachineSurroundings,
  ): Promise<Machine> {
    const saved = await SaveFile.read(file, name);
    try {
      const state = MACHINE_STATE(saved.state);
      const { config } = state;
      const machine = new Machine({ ...config, ...surroundings }, config.memory);
      machine.checkSurroundings(state, name);
      must(saved.fill(machine.board.ram));
      machine.restore(state);
      return machine;
    } catch (error) {
      // The checksum was right, so somebody made it so.
      if (error instanceof BadState || error instanceof RangeError || error instanceof ArenaFull)
        throw new RefusedError(machineMessages.inconsistentSave(name));
      throw error;
    }
  }

  /**
   * A machine that goes on from here by itself; RAM is shared until either writes to it. Its surroundings are its own:
   * for each disk one with the same contents, that this machine does not write to.
   */
  async fork(surroundings: MachineSurroundings): Promise<Machine> {
    this.mustRest();
    await this.work.drain();
    const state = this.state();
    let ram: PhysicalMemory | undefined;
    let machine: Machine | undefined;
    try {
      ram = this.board.ram.fork();
      machine = new Machine({ ...state.config, ...surroundings }, ram);
      machine.checkSurroundings(state, "fork");
      machine.restore(state);
      return machine;
    } catch (error) {
      (machine?.board ?? ram)?.release();
      throw error instanceof ArenaFull ? new RefusedError(machineMessages.outOfMemory()) : error;
    }
  }

  /** Closes its disks, and gives what it had of its forks' common memory back. Nothing can be done with it afterwards. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    await this.work.drain();
    this.isClosed = true;
    this.ended = () => new UsageError(machineMessages.closed());
    this.board.release();
    for (const disk of this.options.drives ?? []) await disk.close();
  }

  /** What has to be done between two pieces of a run. */
  private async afterPiece(): Promise<void> {
    const { host, deterministic } = this.options;
    // In the middle of a turn an answer would come sooner than where the turn is run in one piece.
    const exitCode = this.board.isBetweenTurns ? this.htif?.poll() : this.htif?.exitCode;
    if (exitCode !== undefined) this.exitCode = exitCode;
    if (this.power) await this.obey(this.power);
    if (deterministic && !this.work.isIdle && this.board.isBetweenTurns) await this.work.settle();
    // The host's answers arrive while we let it.
    else if (!this.work.isIdle || host.milliseconds() - this.lastTurn >= TURN) {
      await host.nextTurn();
      this.lastTurn = host.milliseconds();
    }
  }

  private async obey(event: SysconEvent): Promise<void> {
    this.power = undefined;
    if (event.kind === "poweroff") this.exitCode = event.code;
    else await this.reset();
  }

  /** As the machine's reset button: RAM is as before the first instruction, disks keep what they have. */
  async reset(): Promise<void> {
    await this.work.drain();
    const { ram } = this.board;
    for (let page = ram.base / FRAME_SIZE; page < (ram.base + ram.size) / FRAME_SIZE; page++)
      ram.discard(page);
    this.board.reset();
    await this.boot();
  }

  /** Every hart waits. False where nothing will come. */
  private async wait(deadline: bigint | undefined): Promise<boolean> {
    if (this.sleeper.isWoken) return true;
    const { board, work } = this;
    const now = board.clock.ticks();
    const event = board.ticksToEvent;
    const limit = deadline === undefined ? undefined : deadline - now;
    const ticks = event === undefined || (limit !== undefined && limit < event) ? limit : event;
    if (board.clock instanceof VirtualClock) {
      if (!work.isIdle) await work.settle();
      else if (ticks !== undefined) board.clock.skip(ticks);
      else if (this.attended) await this.sleeper.sleep(LONGEST_SLEEP);
      else return false;
      return true;
    }
    if (ticks === undefined && work.isIdle && !this.attended) return false;
    await this.sleeper.sleep(ticks === undefined ? LONGEST_SLEEP : Number(ticks) / TICKS_PER_MILLISECOND);
    return true;
  }

  private print(bytes: Uint8Array, isVirtio: boolean): void {
    // What the serial port printed before goes first.
    if (isVirtio) this.board.flushPrinted();
    this.console.print(bytes, isVirtio);
  }

  private entropy(into: Uint8Array): void {
    if (this.random) into.set(this.random.bytes(into.length));
    else this.options.host.entropy(into);
  }

  private state(): MachineState {
    const { options, board, exitCode } = this;
    const { memory, harts, boot, devices, noDefaults } = options;
    const { virtioVersion, packedRings, deterministic } = options;
    const { bios, kernel, initrd, append } = boot;
    const seed = options.seed === undefined ? undefined : BigInt.asUintN(64, options.seed);
    const files = { bios, kernel, initrd, append };
    return {
      config: {
        ...{ memory, harts, boot: files, devices, noDefaults },
        ...{ virtioVersion, packedRings, deterministic, seed },
      },
      slots: this.slotNames,
      board: board.save(),
      disks: (options.drives ?? []).map((disk) => {
        const { sizeBytes, readOnly } = disk;
        return { sizeBytes, readOnly, contents: keepsItself(disk) ? disk.save() : undefined };
      }),
      drawn: this.random?.position ?? 0,
      hostTarget: this.hostTarget,
      ...this.console.save(),
      exitCode,
    };
  }

  private restore(state: MachineState): void {
    const { disks, hostTarget } = state;
    const { ram } = this.board;
    const isWord = (at: number | undefined) => at === undefined || ram.contains(at);
    must(isWord(hostTarget?.tohost) && isWord(hostTarget?.fromhost));
    this.board.restore(state.board);
    (this.options.drives ?? []).forEach((disk, i) => {
      if (keepsItself(disk)) disk.restore(disks[i].contents);
    });
    if (this.random) this.random.position = state.drawn;
    this.connectHost(hostTarget);
    this.console.restore(state.input, state.usesVirtioConsole);
    this.exitCode = state.exitCode;
  }

  /** What is in each virtio slot; nothing is "". */
  private get slotNames(): string[] {
    return this.board.virtio.map((_, slot) => this.devices.slots[slot]?.name ?? "");
  }

  private checkSurroundings({ slots, disks }: MachineState, name: string): void {
    const shown = (device: string) => device || machineMessages.noDevice();
    must(slots.length === this.slotNames.length);
    this.slotNames.forEach((given, slot) => {
      if (given !== slots[slot])
        throw new RefusedError(machineMessages.otherDevice(name, slot, shown(slots[slot]), shown(given)));
    });
    const { drives = [] } = this.options;
    must(disks.length === drives.length);
    drives.forEach(({ sizeBytes, readOnly }, i) => {
      const saved = disks[i];
      if (sizeBytes !== saved.sizeBytes)
        throw new RefusedError(machineMessages.otherDiskSize(name, i, saved.sizeBytes, sizeBytes));
      if (readOnly !== saved.readOnly) throw new RefusedError(machineMessages.otherDiskAccess(name, i));
    });
  }

  /** Throws unless the machine is alive, and nothing goes on with it. */
  private mustRest(): void {
    if (this.ended) throw this.ended();
    if (this.isRunning) throw new UsageError(machineMessages.isRunning());
  }

  private async boot(): Promise<void> {
    const { options, board } = this;
    const rngSeed = new Uint8Array(32);
    this.entropy(rngSeed);
    const description = { harts: board.harts.length, ramBytes: board.ram.size, rngSeed };
    const entry = await placeBootFiles(board.ram, options.boot, (chosen) =>
      makeDeviceTree({ ...description, ...chosen }),
    );
    this.enter(entry);
  }

  private enter({ pc, deviceTree, dynamicInfo, hostTarget }: Entry): void {
    for (const hart of this.board.harts) {
      hart.pc = BigInt(pc);
      hart.setXn(A0, hart.id);
      hart.setXn(A1, deviceTree);
      hart.setXn(A2, dynamicInfo);
    }
    this.connectHost(hostTarget);
  }

  private connectHost(hostTarget: HtifWords | undefined): void {
    this.hostTarget = hostTarget;
    this.htif = hostTarget && new Htif(this.board.ram, hostTarget, (bytes) => this.print(bytes, false));
  }
}

function checkConfig({ memory, harts = 1 }: MachineOptions): void {
  if (!(memory >= LEAST_MEMORY && memory <= MOST_MEMORY && memory % FRAME_SIZE === 0))
    throw new UsageError(machineMessages.badMemory(LEAST_MEMORY, MOST_MEMORY));
  if (!(Number.isInteger(harts) && harts >= 1 && harts <= MOST_HARTS))
    throw new UsageError(machineMessages.badHarts(harts, MOST_HARTS));
}

/** Whether a disk's contents are saved with the machine, because they are nowhere else. */
const keepsItself = (disk: Disk): disk is Disk & Stateful => "save" in disk && "restore" in disk;
