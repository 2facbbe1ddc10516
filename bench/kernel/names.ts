/** What runs the lines; ours comes first. */
export const MACHINE_NAMES = ["runikraft", "qemu-riscv64", "linux"] as const;
export type MachineName = (typeof MACHINE_NAMES)[number];
