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
