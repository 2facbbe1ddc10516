import { FIRMWARE_ELF } from "./firmware-elf.ts";

/** The machine's own firmware, an ELF file: the SBI of `firmware/sbi`, which stays at the bottom of RAM. */
export function builtinFirmware(): Uint8Array {
  return Uint8Array.from(atob(FIRMWARE_ELF), (digit) => digit.charCodeAt(0));
}

/**
 * What the firmware keeps for itself: an operating system that uses it finds it closed. For the device tree's
 * reserved memory. The same numbers stand in `firmware/sbi/boot.S`.
 */
export const FIRMWARE_MEMORY = { start: 0x8000_0000, size: 0x2_0000 } as const;
