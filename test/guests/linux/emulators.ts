import { commandLine } from "../toolchain.ts";

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
  /** It is on a network that the emulator makes up; this port of the host leads to its port 80. */
  readonly webPort?: number;
}

/** Makes the command line that starts a computer: the program, and its arguments. */
export type Emulator = (computer: Computer) => readonly string[];

/** Our machine, as a user starts it. */
export const runikraft: Emulator = ({ kernel, initramfs, append, firmware, harts = 1, disk, webPort }) => [
  ...commandLine(["boot", "-m", "256M", "--smp", String(harts)]),
  ...["--kernel", kernel, "--append", kernelArguments(append)],
  ...(initramfs === undefined ? [] : ["--initrd", initramfs]),
  ...(firmware === undefined ? [] : ["--bios", firmware]),
  ...(disk === undefined ? [] : ["--drive", disk]),
  ...(webPort === undefined ? [] : ["--net", "user", "--hostfwd", `tcp:127.0.0.1:${webPort}-:80`]),
];

/** The same under QEMU, which says whether a guest's test is right. */
export const qemu: Emulator = ({ kernel, initramfs, append, firmware, harts = 1, disk, webPort }) => [
  ...["qemu-system-riscv64", "-M", "virt", "-m", "256M", "-smp", String(harts), "-nographic"],
  ...["-global", "virtio-mmio.force-legacy=false"],
  ...["-kernel", kernel, "-append", kernelArguments(append)],
  ...(initramfs === undefined ? [] : ["-initrd", initramfs]),
  ...(firmware === undefined ? [] : ["-bios", firmware]),
  ...(disk === undefined
    ? []
    : ["-drive", `file=${disk},format=raw,if=none,id=disk`, "-device", "virtio-blk-device,drive=disk"]),
  ...(webPort === undefined
    ? []
    : [
        ...["-netdev", `user,id=network,hostfwd=tcp:127.0.0.1:${webPort}-:80`],
        ...["-device", "virtio-net-device,netdev=network"],
      ]),
];

function kernelArguments(append = ""): string {
  return `console=ttyS0 ${append}`.trimEnd();
}
