import type { HtifWords } from "../devices/htif.ts";
import { parseElf, readProgramHeaders, readSymbols } from "../loader/elf.ts";
import type { Image } from "../loader/image.ts";
import { pageUp } from "../loader/limits.ts";
import { PT } from "../loader/program-header.ts";
import { type Symbols, symbolAddress } from "../loader/symbols.ts";
import type { PhysicalMemory } from "../memory/physical-memory.ts";
import { bootMessages } from "../messages/boot.ts";
import { RefusedError, UsageError } from "../messages/errors.ts";
import { builtinFirmware, FIRMWARE_MEMORY } from "./firmware.ts";
import { type BootFile, rangeText, recogniseImage, unpacked } from "./kernel-image.ts";

export type { BootFile } from "./kernel-image.ts";

/** What a machine starts from. */
export type BootFiles = {
  /**
   * What runs below the kernel, in M-mode: the machine's own SBI, a file (ELF, or raw code for the start of RAM), or
   * nothing: then the kernel itself starts in M-mode.
   */
  readonly bios: "builtin" | "none" | BootFile;
  /** ELF, a Linux Image, or raw code; each also as gzip. Only a firmware file can do without. */
  readonly kernel?: BootFile;
  /** The kernel's first file system. */
  readonly initrd?: BootFile;
  /** The kernel's command line. */
  readonly append?: string;
};

/** What the device tree says of the files; addresses are physical, `end` is behind the last byte. */
export interface Chosen {
  readonly bootargs?: string;
  readonly initrd?: { readonly start: number; readonly end: number };
  /** What the kernel must leave alone. */
  readonly reserved?: { readonly start: number; readonly size: number };
}

/** How harts start: in M-mode at `pc`, each with its number in a0. */
export interface Entry {
  readonly pc: number;
  /** For a1: address of the device tree. */
  readonly deviceTree: number;
  /** For a2: address of what OpenSBI's fw_dynamic reads. */
  readonly dynamicInfo: number;
  /** The host-target interface of an M-mode image that has the symbol `tohost`. */
  readonly hostTarget: HtifWords | undefined;
}

/** Where raw kernels, and Linux, stand above firmware: their distance from the start of RAM. */
const KERNEL_OFFSET = 0x20_0000;
const HUGE_PAGE = 0x20_0000;
/** QEMU's places: the initial file system so far behind the kernel, at most; the device tree below this address. */
const INITRD_DISTANCE = 128 << 20;
const DEVICE_TREE_LIMIT = 3 * 2 ** 30;
/** OpenSBI's `struct fw_dynamic_info`: "OSBI", version, address and mode of the next stage, options, boot hart. */
const DYNAMIC_INFO_SIZE = 48;
const DYNAMIC_MAGIC = 0x4942_534fn;
const DYNAMIC_VERSION = 2n;
const MODE_SUPERVISOR = 1n;

/**
 * Puts the files into RAM, which must be as after power-on, with the device tree that `tree` makes and the information
 * for firmware. Rejects with `RefusedError` where a file is broken or does not fit, with `UsageError` where there is
 * nothing to start.
 */
export async function placeBootFiles(
  ram: PhysicalMemory,
  { bios, kernel, initrd, append }: BootFiles,
  tree: (chosen: Chosen) => Uint8Array,
): Promise<Entry> {
  if (kernel === undefined && typeof bios === "string") throw new UsageError(bootMessages.kernelNeeded(bios));
  const placer = new Placer(ram);
  const firmware = bios === "none" ? undefined : await placer.firmware(bios);
  const next = kernel && (await placer.kernel(kernel, firmware === undefined));
  const after = next?.entry ?? ram.base + KERNEL_OFFSET;
  const chosen: Chosen = {
    ...(append === undefined ? {} : { bootargs: append }),
    ...(initrd && { initrd: placer.initrd(initrd, after) }),
    ...(bios === "builtin" && { reserved: FIRMWARE_MEMORY }),
  };
  const first = firmware ?? (next as Placed);
  return {
    pc: first.entry,
    hostTarget: first.hostTarget,
    ...placer.deviceTree(tree(chosen), next?.entry ?? 0),
  };
}

/** A file that was put into RAM. */
interface Placed {
  readonly entry: number;
  readonly hostTarget: HtifWords | undefined;
}

/** A range of RAM that is taken. */
interface Part {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

/** Puts one thing after the other into RAM and refuses what does not fit beside the others. */
class Placer {
  private readonly ram: PhysicalMemory;
  private readonly parts: Part[] = [];

  constructor(ram: PhysicalMemory) {
    this.ram = ram;
  }

  async firmware(bios: "builtin" | BootFile): Promise<Placed> {
    if (bios !== "builtin") return this.code(bios, this.ram.base, true);
    const file = { name: bootMessages.builtin(), bytes: builtinFirmware() };
    const placed = await this.elf(file);
    // It keeps more than its image.
    this.parts.splice(0, this.parts.length, { name: file.name, ...FIRMWARE_MEMORY });
    return placed;
  }

  /** `machineMode`: there is no firmware below it. */
  async kernel(packed: BootFile, machineMode: boolean): Promise<Placed> {
    const file = await unpacked(packed, this.ram.size, this.ramText);
    return this.code(file, this.ram.base + (machineMode ? 0 : KERNEL_OFFSET), machineMode);
  }

  /** Page-aligned, so far behind the kernel as QEMU has it, or further where the kernel is larger than that. */
  initrd(file: BootFile, kernel: number): { start: number; end: number } {
    const kernelEnd = Math.max(kernel, ...this.parts.map(({ start, size }) => start + size));
    const usual = kernel + Math.min(Math.floor(this.ram.size / 2), INITRD_DISTANCE);
    const start = pageUp(Math.max(usual, kernelEnd));
    this.place(file.name, start, file.bytes);
    return { start, end: start + file.bytes.length };
  }

  /** At a 2 MiB boundary near the end of RAM, with the information for firmware behind it. */
  deviceTree(bytes: Uint8Array, kernel: number): { deviceTree: number; dynamicInfo: number } {
    const infoOffset = Math.ceil(bytes.length / 8) * 8;
    const all = new Uint8Array(infoOffset + DYNAMIC_INFO_SIZE);
    all.set(bytes);
    const fields = [DYNAMIC_MAGIC, DYNAMIC_VERSION, BigInt(kernel), MODE_SUPERVISOR, 0n, 0n];
    const view = new DataView(all.buffer);
    fields.forEach((value, i) => {
      view.setBigUint64(infoOffset + i * 8, value, true);
    });
    const last = Math.min(this.ram.base + this.ram.size, DEVICE_TREE_LIMIT) - all.length;
    // A RAM of less than that has only one such boundary, and what is started stands there.
    const alignment = this.ram.size > 2 * HUGE_PAGE ? HUGE_PAGE : 8;
    const deviceTree = last - (last % alignment);
    this.place(bootMessages.deviceTree(), deviceTree, all);
    return { deviceTree, dynamicInfo: deviceTree + infoOffset };
  }

  /** `rawAddress`: where code without addresses of its own goes; `machineMode`: nothing is below it. */
  private async code(file: BootFile, rawAddress: number, machineMode: boolean): Promise<Placed> {
    const { name, bytes } = file;
    const kind = recogniseImage(file);
    if (kind === "elf") return this.elf(file);
    if (kind === "raw") {
      this.place(name, rawAddress, bytes);
      return { entry: rawAddress, hostTarget: undefined };
    }
    if (machineMode) throw new RefusedError(bootMessages.needsFirmware(name));
    // Linux wants to be at a 2 MiB boundary; the first one is the firmware's.
    const { textOffset, imageSize } = kind;
    const offset = Math.max(Number(textOffset), KERNEL_OFFSET);
    this.place(name, this.ram.base + offset, bytes, Math.max(bytes.length, Number(imageSize)));
    return { entry: this.ram.base + offset, hostTarget: undefined };
  }

  private async elf({ name, bytes }: BootFile): Promise<Placed> {
    const headers = await readProgramHeaders(bytes, name);
    if (headers.some(({ type }) => type === PT.interp))
      throw new RefusedError(bootMessages.linuxProgram(name));
    const image = await parseElf(bytes, name, { bare: true });
    this.checkSegments(image);
    for (const { address, bytes: contents, memorySize } of image.segments)
      this.place(name, address, contents, memorySize);
    return { entry: image.entry, hostTarget: this.hostTarget(await readSymbols(bytes, name)) };
  }

  private checkSegments({ name, segments }: Image): void {
    for (const { index, address, memorySize } of segments) {
      const text = rangeText(address, memorySize);
      if (address < this.ram.base)
        throw new RefusedError(bootMessages.belowRam(name, index, text, this.ramText));
      if (!this.holds(address, memorySize))
        throw new RefusedError(bootMessages.segmentOutsideRam(name, index, text, this.ramText));
    }
  }

  private hostTarget(symbols: Symbols): HtifWords | undefined {
    const word = (name: string) => {
      const address = symbolAddress(symbols, name);
      return address !== undefined && address % 8 === 0 && this.ram.contains(address) ? address : undefined;
    };
    const tohost = word("tohost");
    return tohost === undefined ? undefined : { tohost, fromhost: word("fromhost") };
  }

  /** `size`: bytes that it takes in memory. */
  private place(name: string, start: number, bytes: Uint8Array, size = bytes.length): void {
    const text = rangeText(start, size);
    if (!this.holds(start, size)) throw new RefusedError(bootMessages.outsideRam(name, text, this.ramText));
    const other = this.parts.find((part) => start < part.start + part.size && part.start < start + size);
    if (other) {
      const otherText = rangeText(other.start, other.size);
      if (other.name === bootMessages.builtin())
        throw new RefusedError(bootMessages.overFirmware(name, text, otherText));
      throw new RefusedError(bootMessages.overlap(name, text, other.name, otherText));
    }
    this.parts.push({ name, start, size });
    this.ram.write(start, bytes);
  }

  private holds(start: number, size: number): boolean {
    return start >= this.ram.base && start + size <= this.ram.base + this.ram.size;
  }

  private get ramText(): string {
    return rangeText(this.ram.base, this.ram.size);
  }
}
