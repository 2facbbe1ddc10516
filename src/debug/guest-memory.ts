import { PAGE_SIZE, type Walk, walk } from "../cpu/sv39.ts";
import type { PhysicalMemory } from "../memory/physical-memory.ts";

/**
 * A guest's memory as an onlooker sees it: translated by the guest's own page table, without touching it (no
 * fault, no accessed bit).
 */
export class GuestMemory {
  private readonly ram: PhysicalMemory;
  private readonly root: () => number | undefined;
  private readonly untouched: (va: number) => Uint8Array | undefined;

  /**
   * `root`: physical page number of the root table; `undefined` while addresses are physical. `untouched`: the page that
   * would be at an address that the guest has not touched yet.
   */
  constructor(
    ram: PhysicalMemory,
    root: () => number | undefined,
    untouched: (va: number) => Uint8Array | undefined = () => undefined,
  ) {
    this.ram = ram;
    this.root = root;
    this.untouched = untouched;
  }

  /** The page-table walk for `va`, or `undefined` where addresses are physical. */
  walk(va: number): Walk | undefined {
    const root = this.root();
    return root === undefined ? undefined : walk(this.ram, root, va);
  }

  /** Physical address of `va`, where it is RAM. */
  physical(va: number): number | undefined {
    const found = this.walk(va);
    if (found && found.end !== "leaf") return undefined;
    const address = found ? found.page * PAGE_SIZE + (va % PAGE_SIZE) : va;
    return this.ram.contains(address) ? address : undefined;
  }

  /** Up to `length` bytes: fewer where a page is missing. */
  read(va: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const physical = this.physical(va + done);
      const offset = (va + done) % PAGE_SIZE;
      const count = Math.min(length - done, PAGE_SIZE - offset);
      const bytes =
        physical === undefined
          ? this.untouched(va + done)?.subarray(offset, offset + count)
          : this.ram.read(physical, count);
      if (!bytes) break;
      out.set(bytes, done);
      done += count;
    }
    return out.subarray(0, done);
  }

  /** The 64-bit word at `va`. */
  word(va: number): bigint | undefined {
    const bytes = this.read(va, 8);
    return bytes.length < 8 ? undefined : new DataView(bytes.buffer).getBigUint64(0, true);
  }
}
