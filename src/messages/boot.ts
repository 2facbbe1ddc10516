import { catalogue } from "./catalogue.ts";

/** Why boot files are refused. `name` is a file, `range` and `ram` are ranges of addresses. */
export const bootMessages = catalogue(
  {
    builtin: () => "the built-in firmware",
    deviceTree: () => "the device tree",
    kernelNeeded: (bios: string) => `--bios ${bios} has nothing to start: give it --kernel FILE`,
    empty: (name: string) => `${name}: the file is empty`,
    outsideRam: (name: string, range: string, ram: string) =>
      `${name}: ${range} is not inside RAM (${ram}); -m SIZE gives the machine more`,
    segmentOutsideRam: (name: string, index: number, range: string, ram: string) =>
      `${name}: segment ${index} (${range}) is not inside RAM (${ram})`,
    linuxProgram: (name: string) =>
      `${name}: asks for a dynamic linker, so it is a Linux program and no kernel: \`runikraft run\` starts those`,
    belowRam: (name: string, index: number, range: string, ram: string) =>
      `${name}: segment ${index} (${range}) lies below RAM (${ram}); if this is a Linux program, \`runikraft run\` starts it`,
    overlap: (name: string, range: string, other: string, otherRange: string) =>
      `${name}: ${range} overlaps ${other} (${otherRange})`,
    overFirmware: (name: string, range: string, firmware: string) =>
      `${name}: ${range} overlaps the built-in firmware (${firmware}); what runs in M-mode is started with --bios none`,
    needsFirmware: (name: string) => `${name}: a Linux kernel, which needs firmware below it: --bios builtin`,
    bigEndian: (name: string) => `${name}: a Linux kernel for big-endian harts`,
    badGzip: (name: string) => `${name}: the gzip data is damaged`,
    largeGzip: (name: string, ram: string) => `${name}: unpacked it is larger than RAM (${ram})`,
    zboot: (name: string, unpacked: string) =>
      `${name}: a compressed EFI image; unpack the kernel in it first: ${unpacked}`,
    zbootUnknown: (name: string) =>
      `${name}: an EFI image compressed in a way unknown here; give the uncompressed Image`,
    efi: (name: string) => `${name}: an EFI program; this machine has no EFI firmware, give it a kernel`,
    diskImage: (name: string) => `${name}: a disk image and no kernel; --drive takes disks`,
    savedMachine: (name: string) => `${name}: a saved machine and no kernel; --load goes on with it`,
  },
  {
    builtin: () => "内置固件",
    deviceTree: () => "设备树",
    kernelNeeded: (bios: string) => `--bios ${bios} 没有可启动的内容：请加上 --kernel FILE`,
    empty: (name: string) => `${name}：文件为空`,
    outsideRam: (name: string, range: string, ram: string) =>
      `${name}：${range} 不在内存（${ram}）之内；可用 -m SIZE 增大内存`,
    segmentOutsideRam: (name: string, index: number, range: string, ram: string) =>
      `${name}：段 ${index}（${range}）不在内存（${ram}）之内`,
    linuxProgram: (name: string) =>
      `${name}：需要动态链接器，是 Linux 程序而不是内核：请用 \`runikraft run\` 启动`,
    belowRam: (name: string, index: number, range: string, ram: string) =>
      `${name}：段 ${index}（${range}）位于内存（${ram}）之下；如果这是 Linux 程序，请用 \`runikraft run\` 启动`,
    overlap: (name: string, range: string, other: string, otherRange: string) =>
      `${name}：${range} 与 ${other}（${otherRange}）重叠`,
    overFirmware: (name: string, range: string, firmware: string) =>
      `${name}：${range} 与内置固件（${firmware}）重叠；在 M 模式运行的镜像请用 --bios none 启动`,
    needsFirmware: (name: string) => `${name}：这是 Linux 内核，下层需要固件：--bios builtin`,
    bigEndian: (name: string) => `${name}：这是大端 hart 的 Linux 内核`,
    badGzip: (name: string) => `${name}：gzip 数据已损坏`,
    largeGzip: (name: string, ram: string) => `${name}：解压后大于内存（${ram}）`,
    zboot: (name: string, unpacked: string) => `${name}：压缩的 EFI 镜像；请先解出其中的内核：${unpacked}`,
    zbootUnknown: (name: string) => `${name}：EFI 镜像的压缩方式未知；请提供未压缩的 Image`,
    efi: (name: string) => `${name}：这是 EFI 程序；此机器没有 EFI 固件，请提供内核`,
    diskImage: (name: string) => `${name}：是磁盘映像，不是内核；磁盘请用 --drive 给出`,
    savedMachine: (name: string) => `${name}：是保存的机器，不是内核；请用 --load 继续运行`,
  },
);
