import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getHeapStatistics } from "node:v8";
import { assemble } from "../../src/isa/assembler/assemble.ts";
import { linkElf } from "../../src/isa/assembler/elf.ts";
import type { ExitStatus } from "../../src/kernel/rkprocess/exit.ts";
import { processTable } from "../../src/kernel/rkprocess/process-table.ts";
import { startRegisters } from "../../src/kernel/rkprocess/registers.ts";
import type { Thread } from "../../src/kernel/rkprocess/thread.ts";
import { scheduler } from "../../src/kernel/rksched/scheduler.ts";
import { fromKernel, signal, signals } from "../../src/kernel/rksignal/signals.ts";
import { dispatcher } from "../../src/kernel/rksyscall/dispatcher.ts";
import { memoryManager } from "../../src/kernel/rkvm/memory-manager.ts";
import { parseElf } from "../../src/loader/elf.ts";
import { loadProgram } from "../../src/loader/program.ts";
import type { HostedMachine } from "../../src/machine/hosted.ts";
import { LoadTarget } from "../../src/machine/load-target.ts";
import { Random } from "../differential/random.ts";
import { type Call, describe } from "./call.ts";
import { hostileCall } from "./calls.ts";
import { hostileGuest, type Surroundings } from "./guest.ts";
import { brokenInvariants, driverPages, keptBudgets, segmentPages } from "./invariants.ts";
import { OPENING } from "./opening.ts";
import { hostileData } from "./places.ts";
import { putStructures } from "./structures.ts";

/** Files to read and to write over. */
const DIRECTORY = fileURLToPath(new URL("../../firmware", import.meta.url));
const CALLS = 600;
/** Instructions and traps for a machine: what a guest that goes round in circles is given. */
const STEPS = 100_000;
/** A waiting guest is sent so many signals before it is ended. */
const NUDGES = 8;
/** One call in milliseconds of a busy host, and the host's memory behind one machine in bytes. */
export const LONGEST_CALL = 8000;
export const MOST_HEAP = 256 << 20;

/** What came of one machine. */
export interface Result {
  readonly calls: number;
  /** What they returned, where they did. */
  readonly results: readonly number[];
  readonly outcome: ExitStatus | "endless" | "waiting";
  /** Of the longest call, and which it was. */
  readonly milliseconds: number;
  readonly slowest: string;
  /** Most memory of the host's heap that was in use beyond what there was at the start. */
  readonly heap: number;
  /** Empty: all is well. */
  readonly wrong: readonly string[];
}

/** What calls point to, made once for many seeds. */
const DATA: (Uint8Array | undefined)[] = new Array(64).fill(undefined);

function dataOf(which: number): Uint8Array {
  const known = DATA[which];
  if (known) return known;
  const random = new Random(1000 + which);
  const data = hostileData(random);
  putStructures(data, random);
  DATA[which] = data;
  return data;
}

/** Makes the hostile calls of a seed in a machine of their own. */
export async function runSeed(seed: number): Promise<Result> {
  const random = new Random(seed);
  const calls = [...OPENING, ...Array.from({ length: CALLS }, () => hostileCall(random))];
  const writable = mkdtempSync(join(tmpdir(), "runikraft-hostile-"));
  try {
    return await runCalls(`seed ${seed}`, calls, dataOf(seed % DATA.length), {
      memory: random.pick([4 << 20, 8 << 20, 16 << 20]),
      terminal: random.below(3) === 0,
      directory: random.below(3) === 0 ? DIRECTORY : undefined,
      writable: random.below(2) === 0 ? writable : undefined,
      disk: random.below(2) === 0,
    });
  } finally {
    rmSync(writable, { recursive: true, force: true });
  }
}

/** Makes the calls, then looks at what is left of the machine. */
export async function runCalls(
  name: string,
  calls: readonly Call[],
  data: Uint8Array,
  surroundings: Surroundings,
): Promise<Result> {
  const { machine, output } = await hostileGuest(calls, data, surroundings);
  const watch = new Watch();
  machine.kernel.tracer = watch;
  const wrong: string[] = [];
  let outcome: Result["outcome"] = "endless";
  try {
    outcome = (await runOrWait(machine)) ?? "endless";
    machine.kernel.tracer = undefined;
    wrong.push(...brokenInvariants(machine));
    wrong.push(...(await runsSaneProgram(machine, output)));
    wrong.push(...(surroundings.check?.(machine) ?? []));
  } catch (error) {
    wrong.push(`the host threw: ${(error as Error).stack}`);
  }
  if (watch.longest > LONGEST_CALL) wrong.push(`a call took ${watch.longest} ms: ${watch.slowest}`);
  if (watch.heap > MOST_HEAP) wrong.push(`${watch.heap} bytes of the host's heap`);
  return {
    calls: watch.calls,
    results: watch.results,
    outcome,
    milliseconds: watch.longest,
    slowest: watch.slowest,
    heap: watch.heap,
    wrong: wrong.map((one) => `${name}, after ${watch.calls} calls, last ${watch.last}: ${one}`),
  };
}

/** Times the calls and looks at the heap. */
class Watch {
  calls = 0;
  readonly results: number[] = [];
  longest = 0;
  slowest = "";
  heap = 0;
  private started = 0;
  private args: bigint[] = [];
  private number = 0;
  private readonly before = heapUsed();

  enter(thread: Thread, number: number): void {
    this.calls++;
    this.number = number;
    const { hart } = thread.kernel;
    this.args = [10, 11, 12, 13, 14, 15].map((i) => hart.x(i));
    this.started = performance.now();
  }

  get last(): string {
    return describe({ number: this.number, args: this.args, mode: 0 });
  }

  leave(_thread: Thread, _number: number, result: number | undefined): void {
    if (result !== undefined) this.results.push(result);
    const taken = performance.now() - this.started;
    if (taken > this.longest) {
      this.longest = taken;
      this.slowest = describe({ number: this.number, args: this.args, mode: 0 });
    }
    if (this.calls % 64 === 0) this.heap = Math.max(this.heap, heapUsed() - this.before);
  }

  signal(): void {}
  ended(): void {}
}

function heapUsed(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

/** Turns of the event loop without progress: of a guest without a timer, and of one whose timers bring nothing. */
const PATIENCE = 3;
const TIMER_PATIENCE = 500;

/** Runs the guest; one that waits for what will never come is sent signals, and ended if that does not help. */
async function runOrWait(machine: HostedMachine): Promise<Result["outcome"] | undefined> {
  const { kernel, process, board } = machine;
  let over = false;
  const running = machine.run(STEPS).finally(() => {
    over = true;
  });
  running.catch(() => {});
  let waited = 0;
  let nudges = 0;
  let before = 0;
  while (!over) {
    await new Promise((resolve) => setImmediate(resolve));
    const progress = board.hart.retired + kernel.use(dispatcher).traps;
    waited = progress === before ? waited + 1 : 0;
    before = progress;
    if (waited < (board.clint.ticksToTimer === undefined ? PATIENCE : TIMER_PATIENCE)) continue;
    waited = 0;
    nudges++;
    if (nudges > NUDGES * 2) throw new Error("a waiting guest cannot be killed");
    kernel.use(signals).toProcess(process, fromKernel(nudges > NUDGES ? signal.SIGKILL : signal.SIGUSR1));
    kernel.use(dispatcher).onReady();
  }
  return running;
}

const SANE = await parseElf(
  linkElf(
    assemble(`
      .globl _start
      _start: addi sp, sp, -64
              la t0, text
              ld t1, 0(t0)
              sd t1, 0(sp)
              li a0, 1
              mv a1, sp
              li a2, 5
              li a7, 64
              ecall
              mv s0, a0
              li a0, 0
              li a1, 8192
              li a2, 3
              li a3, 0x22
              li a4, -1
              li a5, 0
              li a7, 222
              ecall
              sd a0, 2000(a0)
              mv a0, s0
              li a7, 94
              ecall
              .section .rodata
              .balign 8
      text:   .ascii "sane\\n\\0\\0\\0"
    `),
  ),
  "/sane",
);
const SANE_STEPS = 10_000;

/** The kernel of a machine whose guest is gone gets all of its memory back and runs another program in it. */
async function runsSaneProgram(machine: HostedMachine, output: () => string): Promise<string[]> {
  const { kernel, board } = machine;
  const table = kernel.use(processTable);
  table.exit(machine.process, { kind: "signal", signal: signal.SIGKILL, crash: undefined });
  machine.process.memory.release();
  const manager = kernel.use(memoryManager);
  const used = manager.totalPages - manager.freePages;
  const lost = used - manager.cachedPages - segmentPages(kernel) - driverPages(kernel);
  if (lost !== 0) return [`${lost} frames are lost`];
  const kept = keptBudgets(machine);
  if (kept.length > 0) return kept;
  const memory = manager.createSpace();
  const process = table.create(memory);
  const loaded = loadProgram(new LoadTarget(memory), SANE, undefined, {
    argv: ["sane"],
    envp: [],
    path: "/sane",
    ids: { uid: 0, euid: 0, gid: 0, egid: 0 },
    seed: 1n,
    aslr: true,
    allowWx: false,
  });
  memory.setLayout(loaded.layout.heap, loaded.layout.mmap);
  const thread = table.createThread(process);
  startRegisters(thread.context, loaded.entry, loaded.stackPointer);
  kernel.use(scheduler).ready(thread);
  for (let i = 0; i < 10 && !process.exitStatus; i++) {
    if (kernel.use(dispatcher).resume()) board.hart.run(SANE_STEPS);
    await new Promise((resolve) => setImmediate(resolve));
  }
  board.flush();
  const { exitStatus } = process;
  const well = exitStatus?.kind === "exit" && exitStatus.code === 5 && /sane\s*$/i.test(output());
  return well ? [] : [`a sane program ended with ${JSON.stringify(exitStatus)}`];
}
