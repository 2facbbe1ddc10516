import { TLB } from "../layout.ts";

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

/** Has V8 compile a region's code now, for all threads, rather than when it is first entered. */
export function compileNow(module: WebAssembly.Module): void {
  // A hart block and a TLB that are nothing but zeros.
  const pages = Math.ceil(TLB.size / 65536);
  memory ??= new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const leave = () => [0, 0];
  const env = { memory, leaveRegion: leave, callRegion: leave, cell: 0 };
  const imports = { env: env as unknown as Record<string, WebAssembly.ImportValue> };
  const { exports } = new WebAssembly.Instance(module, imports);
  (exports.region as (...parameters: readonly (number | bigint)[]) => void)(...NOTHING_LEFT);
}
