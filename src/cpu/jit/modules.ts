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

/** Of a region that is entered with no instructions left, which does nothing but leave. */
const NOTHING_LEFT = [0, 0, -1, 0, 0n] as const;
let memory: WebAssembly.Memory | undefined;
let leave: WebAssembly.ImportValue | undefined;

/** Has V8 compile a region's code now, for all threads, rather than when it is first entered. */
export function compileNow(module: WebAssembly.Module): void {
  // A hart block and a TLB that are nothing but zeros.
  const pages = Math.ceil(TLB.size / 65536);
  memory ??= new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  leave ??= leaving();
  const { exports } = new WebAssembly.Instance(module, {
    env: { memory, leaveRegion: leave, callRegion: leave, callSystem: leave },
  });
  (exports.region as (...parameters: readonly (number | bigint)[]) => void)(...NOTHING_LEFT);
}

/** What a region calls to leave. In JavaScript, V8 would make a wrapper for it with each region. */
function leaving(): WebAssembly.ImportValue {
  const builder = new ModuleBuilder();
  const index = builder.declare(builder.type(REGION_PARAMETERS, REGION_RESULTS));
  builder.define(index, new Code(REGION_PARAMETERS.length).i32(0).i32(0));
  builder.export("leave", index);
  const module = new WebAssembly.Module(builder.encode());
  return new WebAssembly.Instance(module, { env: { memory: memory as WebAssembly.Memory } }).exports
    .leave as WebAssembly.ImportValue;
}
