/** What typed arrays do to shared memory word by word, because V8 lets other threads look on, Wasm does as the C library. */
export interface Bulk {
  /** `memmove` of `length` bytes. Addresses and lengths are the memory's; others make it throw `RuntimeError`. */
  copy(to: number, from: number, length: number): void;
  /** `memset`. */
  fill(start: number, byte: number, length: number): void;
}

const I32 = 0x7f;
const [LOCAL, BULK, END] = [0x20, 0xfc, 0x0b];
const [COPY, FILL] = [0x0a, 0x0b];

const name = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];
const sized = (bytes: number[]): number[] => [bytes.length, ...bytes];
const section = (id: number, ...items: number[][]): number[] => [
  id,
  ...sized([items.length, ...items.flat()]),
];

/** WebAssembly Core Specification 2.0, section 5.5. The memory's limits are any that a shared memory may have. */
const MODULE = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [0x60, 3, I32, I32, I32, 0]),
  ...section(2, [...name("m"), ...name("m"), 2, 3, 0, 0x80, 0x80, 4]),
  ...section(3, [0], [0]),
  ...section(7, [...name("copy"), 0, 0], [...name("fill"), 0, 1]),
  ...section(
    10,
    sized([0, LOCAL, 0, LOCAL, 1, LOCAL, 2, BULK, COPY, 0, 0, END]),
    sized([0, LOCAL, 0, LOCAL, 1, LOCAL, 2, BULK, FILL, 0, END]),
  ),
];

let module: WebAssembly.Module | undefined;

/** The operations on a shared memory. */
export function bulkOf(memory: WebAssembly.Memory): Bulk {
  module ??= new WebAssembly.Module(Uint8Array.from(MODULE));
  return new WebAssembly.Instance(module, { m: { m: memory } }).exports as unknown as Bulk;
}
