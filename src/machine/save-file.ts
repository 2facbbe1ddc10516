import type { State } from "../devices/state.ts";
import { FRAME_SIZE } from "../memory/arena.ts";
import type { PhysicalMemory } from "../memory/physical-memory.ts";
import { RefusedError } from "../messages/errors.ts";
import { machineMessages } from "../messages/machine.ts";
import { BrokenState, decodeState, encodeState } from "./state-codec.ts";

/** "RKSAVE", an end of line that text transfers damage, and the end of text. */
export const MAGIC = Uint8Array.of(0x52, 0x4b, 0x53, 0x41, 0x56, 0x45, 0x0d, 0x0a);
/** Changes whenever what is saved does: a file of another version is refused. */
export const SAVE_VERSION = 1;
const HEADER = 24;
const CHECKSUM = 32;

/**
 * A saved machine as one file:
 *
 *     0        magic
 *     8        u32 version
 *     12       u32 s, length of the state
 *     16       u32 p, number of pages
 *     20       u32 0
 *     24       the state (`state-codec.ts`)
 *     24+s     u32 × p, number of each page from the start of RAM
 *     …        4096 bytes × p, the pages; those that are all zero are left out
 *     the end  SHA-256 of everything before
 *
 * all little-endian.
 */
export async function writeSave(state: State, ram: PhysicalMemory): Promise<Uint8Array<ArrayBuffer>> {
  const head = encodeState(state);
  const pages = [...ram.map.keys()].filter((index) => ram.map[index] !== 0 && !isZero(ram, index));
  const size = HEADER + head.length + pages.length * (4 + FRAME_SIZE) + CHECKSUM;
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  view.setUint32(8, SAVE_VERSION, true);
  view.setUint32(12, head.length, true);
  view.setUint32(16, pages.length, true);
  file.set(head, HEADER);
  const numbers = HEADER + head.length;
  const contents = numbers + pages.length * 4;
  pages.forEach((index, i) => {
    view.setUint32(numbers + i * 4, index, true);
    const frame = ram.map[index];
    file.set(ram.arena.u8.subarray(frame, frame + FRAME_SIZE), contents + i * FRAME_SIZE);
  });
  file.set(await checksum(file.subarray(0, size - CHECKSUM)), size - CHECKSUM);
  return file;
}

/** What `writeSave` wrote, checked; `name` is what messages call the file. */
export class SaveFile {
  readonly state: State;
  private readonly file: Uint8Array;
  private readonly pages: number;
  private readonly numbers: number;

  private constructor(file: Uint8Array, name: string) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const length = view.getUint32(12, true);
    this.file = file;
    this.pages = view.getUint32(16, true);
    this.numbers = HEADER + length;
    if (this.numbers + this.pages * (4 + FRAME_SIZE) + CHECKSUM !== file.length)
      throw new RefusedError(machineMessages.damagedSave(name));
    try {
      this.state = decodeState(file.subarray(HEADER, this.numbers));
    } catch (error) {
      if (error instanceof BrokenState) throw new RefusedError(machineMessages.damagedSave(name));
      throw error;
    }
  }

  /** Rejects with `RefusedError` where the file is no saved machine, of another version, or damaged. */
  static async read(file: Uint8Array<ArrayBuffer>, name: string): Promise<SaveFile> {
    if (file.length < HEADER + CHECKSUM || MAGIC.some((byte, i) => file[i] !== byte))
      throw new RefusedError(machineMessages.notASave(name));
    const version = new DataView(file.buffer, file.byteOffset).getUint32(8, true);
    if (version !== SAVE_VERSION)
      throw new RefusedError(machineMessages.otherSaveVersion(name, version, SAVE_VERSION));
    const end = file.length - CHECKSUM;
    const expected = await checksum(file.subarray(0, end));
    if (expected.some((byte, i) => file[end + i] !== byte))
      throw new RefusedError(machineMessages.damagedSave(name));
    return new SaveFile(file, name);
  }

  /** Puts the pages into fresh RAM. False where one lies outside. */
  fill(ram: PhysicalMemory): boolean {
    const { file, pages, numbers } = this;
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const contents = numbers + pages * 4;
    for (let i = 0; i < pages; i++) {
      const address = ram.base + view.getUint32(numbers + i * 4, true) * FRAME_SIZE;
      if (!ram.contains(address)) return false;
      ram.write(address, file.subarray(contents + i * FRAME_SIZE, contents + (i + 1) * FRAME_SIZE));
    }
    return true;
  }
}

function isZero({ arena, map }: PhysicalMemory, index: number): boolean {
  const start = map[index] / 4;
  for (let i = 0; i < FRAME_SIZE / 4; i++) if (arena.u32[start + i] !== 0) return false;
  return true;
}

const checksum = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
