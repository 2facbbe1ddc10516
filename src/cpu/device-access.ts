import type { Window } from "../memory/bus.ts";

/** Reads from a device into the two words at `words[at]`, zero-extended. 8 bytes are two accesses of 4. */
export function loadDevice(
  { base, device }: Window,
  physical: number,
  size: number,
  words: Uint32Array,
  at: number,
): void {
  const offset = physical - base;
  if (size === 8) {
    words[at] = device.load(offset, 4);
    words[at + 1] = device.load(offset + 4, 4);
  } else {
    words[at] = device.load(offset, size as 1 | 2 | 4);
    words[at + 1] = 0;
  }
}

/** Writes the low `size` bytes of the two words at `words[at]` to a device. */
export function storeDevice(
  { base, device }: Window,
  physical: number,
  size: number,
  words: Uint32Array,
  at: number,
): void {
  const offset = physical - base;
  const low = words[at];
  if (size === 8) {
    const high = words[at + 1];
    device.store(offset, 4, low);
    device.store(offset + 4, 4, high);
  } else device.store(offset, size as 1 | 2 | 4, size === 4 ? low : low & (size === 1 ? 0xff : 0xffff));
}
