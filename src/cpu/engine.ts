import type { PhysicalMemory } from "../memory/physical-memory.ts";
import { CodeCache } from "./code-cache.ts";
import type { Hart } from "./hart.ts";
import { Jit, type JitMode } from "./jit/jit.ts";
import type { MakeTranslator } from "./jit/translator.ts";
import type { Mode } from "./wasm/handler.ts";
import { type Interpreter, instantiate } from "./wasm/interpreter.ts";
import { ORIGINALS_SIZE } from "./wasm/region-area.ts";

/** Of machines that are not told. */
const DEFAULT_JIT: JitMode = "on";

export interface EngineOptions {
  /** Pages of RAM that may be decoded at a time. */
  readonly capacity?: number;
  readonly jit?: JitMode;
  /** Who translates beside the guest where `jit` is `on`. Absent: that is done between two of its instructions. */
  readonly translator?: MakeTranslator;
}

/** What the harts of a machine run by: decoded code, the interpreter's two instances, and translated regions. */
export class Engine {
  readonly code: CodeCache;
  readonly jit: Jit | undefined;
  private readonly ram: PhysicalMemory;
  /** Linear address of the handlers that regions stand in the place of. */
  private readonly originals: number;
  private readonly interpreters: Partial<Record<Mode, Interpreter>> = {};
  private hart!: Hart;

  constructor(ram: PhysicalMemory, { capacity, jit = DEFAULT_JIT, translator }: EngineOptions = {}) {
    this.ram = ram;
    this.code = new CodeCache(ram, capacity);
    this.originals = jit === "off" ? 0 : ram.arena.reserve(ORIGINALS_SIZE, 8);
    this.jit =
      jit === "off"
        ? undefined
        : new Jit(jit, ram, this.code, this.interpreter("chain"), this.originals, translator);
  }

  /** Before the hart runs. */
  addHart(hart: Hart): void {
    this.jit?.table.addContexts(hart.mmu.contexts);
  }

  /** Runs a hart in Wasm; `mode` and `budget`: see `RunFunction`. */
  run(hart: Hart, mode: Mode, budget: number): void {
    this.hart = hart;
    this.interpreter(mode).run(hart.base, budget);
  }

  /** Gives its memory back. It must not be used afterwards. */
  release(): void {
    this.jit?.release();
    this.code.release();
  }

  private interpreter(mode: Mode): Interpreter {
    let interpreter = this.interpreters[mode];
    if (!interpreter) {
      interpreter = this.instantiate(mode);
      this.interpreters[mode] = interpreter;
    }
    return interpreter;
  }

  private instantiate(mode: Mode): Interpreter {
    const { code } = this;
    return instantiate(
      mode,
      {
        memory: this.ram.arena.memory,
        load: (size) => this.hart.mmu.load(size),
        store: (size) => this.hart.mmu.store(size),
        prepareAtomic: (size, reserve) => this.hart.mmu.prepareAtomic(size, reserve !== 0),
        fetch: () => this.hart.fetch(),
        // Linear addresses come from Wasm as signed numbers.
        decode: (slot) => code.decodeRun(slot >>> 0),
        straddle: (slot, half) => code.decodeStraddler(slot >>> 0, half),
        float: (op, mode) => this.hart.float(op, mode),
        missed: (web) => this.jit?.missed(this.hart, web >>> 0),
        executeSystem: (inRegion) => (this.hart.executeSystem(inRegion !== 0) ? 1 : 0),
        validate: (slot, tlb, page) => (this.jit?.validate(this.hart, slot >>> 0, tlb >>> 0, page) ? 1 : 0),
      },
      this.originals,
    );
  }
}
