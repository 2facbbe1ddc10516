import { TLB } from "../layout.ts";
import { Code } from "../wasm/encoder.ts";
import { ModuleBuilder } from "../wasm/module-builder.ts";
import { REGION_PARAMETERS, REGION_RESULTS } from "../wasm/region-support.ts";

/** Modules that were compiled lately, by their bytes: machines that run the same code share them. */
const modules = new Map<string, WebAssembly.Module>();
const MOST = 1024;
const decoder = new TextDecoder("latin1");

/** The module of these bytes, which V8 compiles when it is first run, and better in the background when it is run often. */
export function compiled(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Module {
  const key = decoder.decode(bytes);
  const known = modules.get(key);
  if (known) modules.delete(key);
  const module = known ?? new WebAssembly.Module(bytes);
  modules.set(key, module);
  if (modules.size > MOST) modules.delete(modules.keys().next().value as string);
  return module;
}

/** What stands around a region that is only entered to be compiled. */
interface Frame {
  readonly memory: WebAssembly.Memory;
  /** What it calls to leave. */
  readonly leave: WebAssembly.ImportValue;
  readonly table: { set(index: number, entry: WebAssembly.ImportValue | null): void };
  /** Enters what is in the table's only place, with no instructions left, so that it does nothing but leave. */
  enter(): void;
}
let frame: Frame | undefined;

/** Has V8 compile a region's code now, for all threads, rather than when it is first entered. */
export function compileNow(module: WebAssembly.Module): void {
  frame ??= makeFrame();
  const { memory, leave, table, enter } = frame;
  const { exports } = new WebAssembly.Instance(module, {
    env: { memory, leaveRegion: leave, callRegion: leave, callSystem: leave },
  });
  table.set(0, exports.region as WebAssembly.ImportValue);
  enter();
  table.set(0, null);
}

function makeFrame(): Frame {
  const builder = new ModuleBuilder();
  const type = builder.type(REGION_PARAMETERS, REGION_RESULTS);
  const leave = builder.declare(type);
  builder.define(leave, new Code(REGION_PARAMETERS.length).i32(0).i32(0));
  builder.export("leave", leave);
  const enter = builder.declare(builder.type([], []));
  const code = new Code(0).i32(0).i32(0).i32(-1).i32(0).i64(0).zeroVector();
  builder.define(enter, code.i32(0).callIndirect(type).op("drop").op("drop"));
  builder.export("enter", enter);
  const module = new WebAssembly.Module(builder.encode({ size: 1, fallback: leave }));
  // A hart block and a TLB that are nothing but zeros.
  const pages = Math.ceil(TLB.size / 65536);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { memory, ...(exports as unknown as Omit<Frame, "memory">) };
}
