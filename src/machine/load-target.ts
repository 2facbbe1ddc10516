import { PAGE_SIZE } from "../cpu/sv39.ts";
import type { AddressSpace } from "../kernel/rkvm/address-space.ts";
import { OutOfMemory } from "../kernel/rkvm/resident-pages.ts";
import { Prot } from "../kernel/rkvm/vma.ts";
import type { Protection } from "../loader/image.ts";
import { LoadError } from "../loader/refuse.ts";
import type { MappingTarget } from "../loader/target.ts";
import { kernelMessages } from "../messages/kernel.ts";

/** An address space as the loader fills it. */
export class LoadTarget implements MappingTarget {
  private readonly space: AddressSpace;

  constructor(space: AddressSpace) {
    this.space = space;
  }

  map(address: number, length: number, protection: Protection, name: string): void {
    const { read, write, execute } = protection;
    const prot = (read ? Prot.read : 0) | (write ? Prot.write : 0) | (execute ? Prot.exec : 0);
    this.space.map(address, length, { prot, name });
  }

  guard(address: number, length: number, name: string): void {
    this.space.map(address, length, { prot: Prot.none, name, guard: true });
  }

  write(address: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const at = address + done;
      const count = Math.min(bytes.length - done, PAGE_SIZE - (at % PAGE_SIZE));
      this.page(at).set(bytes.subarray(done, done + count), at % PAGE_SIZE);
      done += count;
    }
  }

  private page(address: number): Uint8Array {
    try {
      return this.space.forcedPage(address);
    } catch (error) {
      if (error instanceof OutOfMemory) throw new LoadError(kernelMessages.outOfMemory(), "ENOMEM");
      throw error;
    }
  }
}
