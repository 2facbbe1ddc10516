import { EXIT, ExitKind } from "../../src/cpu/jit/cell.ts";
import { HART } from "../../src/cpu/layout.ts";
import { Code, I32 } from "../../src/cpu/wasm/encoder.ts";
import { FIRST_BODY } from "../../src/cpu/wasm/fusion.ts";
import type { Interpreter } from "../../src/cpu/wasm/interpreter.ts";
import { ModuleBuilder } from "../../src/cpu/wasm/module-builder.ts";
import { LEFT, MOST_CALLS, R, REGION_PARAMETERS, REGION_RESULTS } from "../../src/cpu/wasm/region-support.ts";

/** Told that a region of the hart at this linear address was left, with `HART.pc` and `HART.budget` as they are there. */
type OnExit = (hart: number) => void;

// Function indexes: imports, then what is defined.
const ON_EXIT = 0;
const INNER = 1;
const TELL = 2;
const TELL_RETURN = 3;

/**
 * What regions are run by, with something in between: functions like `leaveRegion`, `callRegion`, `callSystem` and a region
 * itself, each of which tells of the exit and then does what the inner one does. So wherever a region is left for another one, for the
 * interpreter or for TypeScript, that is known, and the guest is run no differently.
 */
export function withHooks(inner: Interpreter, memory: WebAssembly.Memory, onExit: OnExit): Interpreter {
  const hook = (module: WebAssembly.Module, around: CallableFunction): CallableFunction => {
    const env = { memory, onExit, inner: around } as unknown as Record<string, WebAssembly.ImportValue>;
    return new WebAssembly.Instance(module, { env }).exports.hook as CallableFunction;
  };
  const region = hookModule(regionHook);
  return {
    run: inner.run,
    enterRegion: inner.enterRegion,
    leaveRegion: hook(hookModule(leaveHook), inner.leaveRegion),
    callRegion: hook(hookModule(callHook), inner.callRegion),
    callSystem: hook(hookModule(systemHook), inner.callSystem),
    table: {
      set: (index, entry) =>
        inner.table.set(index, entry && index >= FIRST_BODY ? hook(region, entry) : entry),
    },
  };
}

function hookModule(body: (type: number) => Code): WebAssembly.Module {
  const module = new ModuleBuilder();
  const type = module.type(REGION_PARAMETERS, REGION_RESULTS);
  module.importFunction("onExit", module.type([I32], []));
  module.importFunction("inner", type);
  module.define(module.declare(module.type(REGION_PARAMETERS, [])), tell());
  module.define(module.declare(module.type([I32, I32, I32], [])), tellReturn());
  const index = module.declare(type);
  module.define(index, body(type));
  module.export("hook", index);
  return new WebAssembly.Module(module.encode());
}

/** (a region's parameters): of the exit whose record is noted in the hart block. */
function tell(): Code {
  const code = new Code(REGION_PARAMETERS.length);
  const record = code.local(I32);
  code.get(R.hart).mem("i32_load", HART.regionExit).set(record);
  code.get(R.hart).get(R.budget).get(record).mem("i32_load", EXIT.count).op("i32_sub");
  code.mem("i32_store", HART.budget);
  code.get(R.hart);
  code.get(R.hart).mem("i64_load", HART.address);
  code.get(R.page).get(record).mem("i64_load", EXIT.offset).op("i64_add");
  code.get(record).mem("i32_load16_u", EXIT.kind).i32(ExitKind.indirect).op("i32_sub");
  code
    .i32(ExitKind.return - ExitKind.indirect)
    .op("i32_le_u")
    .op("select");
  code.mem("i64_store", HART.pc);
  return code.get(R.hart).call(ON_EXIT);
}

/** (hart, budget, code): that a region has returned this; where Wasm was left, it has been told already. */
function tellReturn(): Code {
  const [hart, budget, result] = [0, 1, 2];
  const code = new Code(3);
  code.get(result).i32(LEFT).op("i32_and").if().op("return").op("end");
  code.get(hart).get(budget).mem("i32_store", HART.budget);
  code.get(hart).get(hart).mem("i64_load", HART.address).mem("i64_store", HART.pc);
  return code.get(hart).call(ON_EXIT);
}

function pushAll(code: Code): Code {
  for (const parameter of Object.values(R)) code.get(parameter);
  return code;
}

/** Calls the inner function, tells of what it returns, and returns that. */
function callAndTell(code: Code): Code {
  const result = code.local(I32);
  pushAll(code).call(INNER).set(result).set(R.budget);
  code.get(R.hart).get(R.budget).get(result).call(TELL_RETURN);
  return code.get(R.budget).get(result);
}

function callHook(): Code {
  const code = new Code(REGION_PARAMETERS.length);
  pushAll(code).call(TELL);
  return callAndTell(code);
}

function systemHook(): Code {
  const code = new Code(REGION_PARAMETERS.length);
  code.get(R.hart).get(R.page).mem("i64_store", HART.pc);
  code.get(R.hart).get(R.budget).mem("i32_store", HART.budget);
  code.get(R.hart).call(ON_EXIT);
  return pushAll(code).returnCall(INNER);
}

/** Only a call comes back; jumps from region to region, of which there may be any number, have to be tail calls. */
function leaveHook(): Code {
  const code = new Code(REGION_PARAMETERS.length);
  pushAll(code).call(TELL);
  code.get(R.hart).mem("i32_load", HART.regionExit).mem("i32_load16_u", EXIT.kind);
  code.i32(ExitKind.indirectCall).op("i32_ne").if();
  pushAll(code).returnCall(INNER).op("end");
  return callAndTell(code);
}

/** What `enterRegion` calls is told apart by its depth, which no region has that is gone to from another. */
function regionHook(): Code {
  const code = new Code(REGION_PARAMETERS.length);
  code.get(R.depth).i32(MOST_CALLS).op("i32_ne").if();
  pushAll(code).returnCall(INNER).op("end");
  code.get(R.depth).i32(1).op("i32_sub").set(R.depth);
  return callAndTell(code);
}
