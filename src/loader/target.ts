import type { ElfFile } from "./file.ts";
import type { Protection } from "./image.ts";

/**
 * The address space that a program is loaded into: what the loader asks of the kernel's memory manager.
 * Addresses and lengths are whole pages unless said otherwise, below 2^38; ranges given to `map` and `guard` never
 * overlap one another.
 */
export interface MappingTarget {
  /**
   * Maps private zeroed memory; frames may be allocated when they are first touched. `name` is what
   * `/proc/self/maps` and crash reports show: the file's name, `[heap]`, `[stack]`, `[vdso]`.
   * Throws `RefusedError` where memory is short.
   */
  map(address: number, length: number, protection: Protection, name: string): void;
  /** Maps private pages of an image's file, from its byte `offset` (whole pages); zeros behind its end. */
  mapFile(
    address: number,
    length: number,
    protection: Protection,
    name: string,
    file: ElfFile,
    offset: number,
  ): void;
  /**
   * Maps a stack that grows down from `end` as far as to `start`, and has at first what is above `top` (any address)
   * and some more.
   */
  stack(start: number, end: number, top: number, protection: Protection): void;
  /** Reserves addresses that are never handed out and fault on every access; `name` says what they guard. */
  guard(address: number, length: number, name: string): void;
  /** Writes mapped memory whatever its protection; any alignment. */
  write(address: number, bytes: Uint8Array): void;
}
