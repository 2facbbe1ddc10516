import { rows } from "../../isa/table.ts";
import { HART } from "../layout.ts";
import { handlerIndex } from "../slots.ts";
import { Code, I32 } from "./encoder.ts";
import { defineFloatFunctions } from "./float-functions.ts";
import { declareFunctions, type Functions } from "./frame.ts";
import { FIRST_FUSION, fusions, TABLE_SIZE } from "./fusion.ts";
import { fusedCode, handlerCode, hasSlowTwin, type Mode, type Part } from "./handler.ts";
import { ModuleBuilder } from "./module-builder.ts";
import { prebuilt } from "./prebuilt.ts";
import { defineRegionSupport } from "./region-support.ts";
import { defineSupport } from "./support.ts";
import { variantsOf } from "./variants.ts";
import { defineWalk } from "./walk.ts";

/** What a module's instance calls; bound to one hart. */
export interface InterpreterImports {
  memory: WebAssembly.Memory;
  load(size: number): number;
  store(size: number): number;
  /** The linear address at which an atomic access can be done; 0 with a trap set. */
  prepareAtomic(size: number, reserve: number): number;
  /** Slot page of the virtual page at HART.address, now in the fetch table; 0 with a trap set. */
  fetch(): number;
  /** Decodes the run of slots that begins at this one. */
  decode(slot: number): void;
  /** Decodes the straddling instruction whose slot and second half are given. */
  straddle(slot: number, half: number): void;
  /** Softfloat: operation number, rounding mode; arguments and result in the hart block. */
  float(op: number, mode: number): void;
  /** HART.address is not in the range of the region's web at this address. */
  missed(web: number): void;
  /** Whether the region that begins at the slot is right for the TLB context, at this virtual page. */
  validate(slot: number, tlb: number, page: bigint): number;
  /** Executes the system instruction at HART.pc; 0: Wasm is to be left. `inRegion`: 1 where a region calls. */
  executeSystem(inRegion: number): number;
}

/** `WebAssembly.Table`. */
export interface FunctionTable {
  set(index: number, entry: CallableFunction | null): void;
}

/** A module's instance, for all harts of a machine: the imports are those of the hart that runs. */
export interface Interpreter {
  run: RunFunction;
  /** The functions that slots' handlers are indexes of. */
  table: FunctionTable;
  /** The handler of regions, and what they call (`region-support.ts`). */
  enterRegion: CallableFunction;
  leaveRegion: CallableFunction;
  callRegion: CallableFunction;
  callSystem: CallableFunction;
}

/** Runs from HART.pc until an exit, retiring about `budget` instructions (see `Hart.run`). */
export type RunFunction = (hart: number, budget: number) => void;

/**
 * The interpreter: a Wasm module with a handler for every row of the instruction table, each ending in a tail call
 * to the next slot's handler. It is built from the rows' meanings, when the program is bundled (`prebuilt.ts`) or when
 * first needed, once a process.
 *
 * `originals`: linear address of the handlers that regions stand in the place of (`ORIGINALS_SIZE`); 0 where there are none.
 */
export function instantiate(mode: Mode, imports: InterpreterImports, originals: number): Interpreter {
  modules[mode] ??= new WebAssembly.Module(prebuilt[mode] ?? buildModule(mode));
  const env = { ...imports, originals } as unknown as Record<string, WebAssembly.ImportValue>;
  return new WebAssembly.Instance(modules[mode], { env }).exports as unknown as Interpreter;
}

const modules: Partial<Record<Mode, WebAssembly.Module>> = {};

export function buildModule(mode: Mode): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const functions = declareFunctions(module);
  module.importGlobal("originals");
  defineRegionSupport(module, mode, functions);
  defineWalk(module, functions);
  defineSupport(module, mode, functions);
  defineFloatFunctions(module, functions);
  const parts = new Map<number, Part>();
  rows.forEach((row, index) => {
    if (row.base !== undefined) return;
    for (const variant of variantsOf(row)) {
      const fast = module.declare(functions.handlerType);
      const slow = hasSlowTwin(row.meaning) ? module.declare(functions.handlerType) : fast;
      const part = { row, variant, fast, slow };
      module.define(fast, handlerCode(part, mode, functions, false));
      if (slow !== fast) module.define(slow, handlerCode(part, mode, functions, true));
      module.element(handlerIndex(index, variant), fast);
      parts.set(handlerIndex(index, variant), part);
    }
  });
  fusions().forEach((handlers, i) => {
    const fused = handlers.map((handler) => parts.get(handler) as Part);
    if (mode === "step") {
      module.element(FIRST_FUSION + i, fused[0].fast);
      return;
    }
    const index = module.declare(functions.handlerType);
    module.define(index, fusedCode(fused, functions));
    module.element(FIRST_FUSION + i, index);
  });
  const run = module.declare(module.type([I32, I32], []));
  module.define(run, runBody(mode, functions));
  module.export("run", run);
  return module.encode({ size: TABLE_SIZE, fallback: functions.illegal });
}

/** (hart, budget): enters at HART.pc; when stepping, again until the budget is spent. */
function runBody(mode: Mode, functions: Functions): Code {
  const [hart, budget] = [0, 1];
  const code = new Code(2);
  const enter = () => {
    code
      .i32(0)
      .get(hart)
      .get(budget)
      .get(hart)
      .mem("i32_load", HART.dataTlb)
      .get(hart)
      .mem("i64_load", HART.pc);
  };
  if (mode === "chain") {
    enter();
    return code.returnCall(functions.jump);
  }
  code.loop();
  enter();
  code.call(functions.jump);
  code.get(hart).mem("i32_load", HART.exit).op("i32_eqz");
  code.get(hart).mem("i32_load", HART.budget).tee(budget).i32(0).op("i32_gt_s").op("i32_and").brIf(0);
  return code.op("end");
}
