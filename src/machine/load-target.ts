import { PAGE_SIZE } from "../cpu/sv39.ts";
import type { AddressSpace } from "../kernel/rkvm/address-space.ts";
import type { Backing } from "../kernel/rkvm/backing.ts";
import { OutOfMemory } from "../kernel/rkvm/resident-pages.ts";
import { AreaFlag, Prot } from "../kernel/rkvm/vma.ts";
import type { ElfFile } from "../loader/file.ts";
import type { Protection } from "../loader/image.ts";
import { LoadError } from "../loader/refuse.ts";
import type { MappingTarget } from "../loader/target.ts";
import { kernelMessages } from "../messages/kernel.ts";
import { GuestFile } from "./program-images.ts";

/** A stack begins with so much below what is written to it (Linux's `stack_expand`). */
const STACK_ROOM = 128 * 1024;

/** An address space as the loader fills it. */
export class LoadTarget implements MappingTarget {
  private readonly space: AddressSpace;

  constructor(space: AddressSpace) {
    this.space = space;
  }

  map(address: number, length: number, protection: Protection, name: string): void {
    this.add(address, length, { prot: bits(protection), name });
  }

  mapFile(
    address: number,
    length: number,
    protection: Protection,
    name: string,
    file: ElfFile,
    offset: number,
  ): void {
    const backing = file instanceof GuestFile ? file.backing : knownBacking(file, name);
    this.add(address, length, { prot: bits(protection), name, backing, offset });
  }

  stack(start: number, end: number, top: number, protection: Protection): void {
    this.space.initialStack = top;
    const from = Math.max(start, top - (top % PAGE_SIZE) - STACK_ROOM);
    this.add(from, end - from, { prot: bits(protection), name: "[stack]", flags: AreaFlag.growsDown });
  }

  guard(address: number, length: number, name: string): void {
    this.add(address, length, { prot: Prot.none, name, guard: true });
  }

  write(address: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const at = address + done;
      const count = Math.min(bytes.length - done, PAGE_SIZE - (at % PAGE_SIZE));
      this.page(at).set(bytes.subarray(done, done + count), at % PAGE_SIZE);
      done += count;
    }
  }

  private add(address: number, length: number, options: Parameters<AddressSpace["map"]>[2]): void {
    if (this.space.map(address, length, options) < 0)
      throw new LoadError(kernelMessages.outOfMemory(), "ENOMEM");
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

function bits({ read, write, execute }: Protection): number {
  return (read ? Prot.read : 0) | (write ? Prot.write : 0) | (execute ? Prot.exec : 0);
}

const known = new WeakMap<ElfFile, Backing>();

/** One for each file, so that all who map it share its pages. */
function knownBacking(file: ElfFile, name: string): Backing {
  let backing = known.get(file);
  if (!backing) {
    backing = backingOf(file, name);
    known.set(file, backing);
  }
  return backing;
}

/** Of a program that is no file of the guest's. */
function backingOf(file: ElfFile, name: string): Backing {
  return {
    name,
    size: file.size,
    readAt(offset, into) {
      const count = Math.max(0, Math.min(into.length, file.size - offset));
      into.set(file.read(offset, count));
      return count;
    },
  };
}
