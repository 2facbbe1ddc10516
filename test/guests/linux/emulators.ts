import { join } from "node:path";
import { root } from "../toolchain.ts";

/** A computer to boot, in words that each emulator has an option for. */
export interface Computer {
  readonly kernel: string;
  readonly initramfs?: string;
  /** The kernel's command line, beside the console. */
  readonly append?: string;
  /** Firmware in place of the built-in one (for QEMU: its OpenSBI): a file, or "none". */
  readonly firmware?: string;
  readonly harts?: number;
  /** A raw image, as the first virtio block device. */
  readonly disk?: string;
  /** Whether it is connected to a network that the emulator makes up. */
  readonly network?: boolean;
}

/** Makes the command line that starts a computer: the program, and its arguments. */
export type Emulator = (computer: Computer) => readonly string[];

/** Our machine, as a user starts it. */
export const runikraft: Emulator = ({ kernel, initramfs, append, firmware, harts = 1, disk, network }) => [
  ...[process.execPath, join(root, "dist/cli.js"), "boot", "-m", "256M", "--smp", String(harts)],
  ...["--kernel", kernel, "--append", commandLine(append)],
  ...(initramfs === undefined ? [] : ["--initrd", initramfs]),
  ...(firmware === undefined ? [] : ["--bios", firmware]),
  ...(disk === undefined ? [] : ["--drive", disk]),
  ...(network ? ["--net", "user"] : []),
];

/** The same under QEMU, which says whether a guest's test is right. */
export const qemu: Emulator = ({ kernel, initramfs, append, firmware, harts = 1, disk, network }) => [
  ...["qemu-system-riscv64", "-M", "virt", "-m", "256M", "-smp", String(harts), "-nographic"],
  ...["-global", "virtio-mmio.force-legacy=false"],
  ...["-kernel", kernel, "-append", commandLine(append)],
  ...(initramfs === undefined ? [] : ["-initrd", initramfs]),
  ...(firmware === undefined ? [] : ["-bios", firmware]),
  ...(disk === undefined
    ? []
    : ["-drive", `file=${disk},format=raw,if=none,id=disk`, "-device", "virtio-blk-device,drive=disk"]),
  ...(network ? ["-netdev", "user,id=network", "-device", "virtio-net-device,netdev=network"] : []),
];

function commandLine(append = ""): string {
  return `console=ttyS0 ${append}`.trimEnd();
}
