/** Bytes of a page. */
export const PAGE = 4096;
/** The end of the addresses a hosted program may use: the lower half of Sv39's 39 bits. */
export const USER_END = 2 ** 38;
/** Nothing is ever mapped below: 64 KiB, so that a null pointer with a small offset faults. */
export const LOWEST_ADDRESS = 0x10000;
/** The most memory an image's segments may span or take: what the medany code model reaches, 2 GiB. */
export const MAX_IMAGE_BYTES = 2 ** 31;
/** The end of physical addresses that a bare image may use: what a number holds exactly. */
export const PHYSICAL_END = 2 ** 53;
/** Linux's limit for a program header table: 64 KiB of 56-byte entries. */
export const MAX_PROGRAM_HEADERS = 1170;
/** Linux's limit for PT_INTERP, and ours for other names in an image. */
export const PATH_MAX = 4096;
/** The largest p_align of a hosted image: one Sv39 gigapage. More would leave nothing to randomise. */
export const MAX_ALIGN = 2 ** 30;

export function pageDown(address: number): number {
  return address - (address % PAGE);
}

export function pageUp(address: number): number {
  return pageDown(address + PAGE - 1);
}
