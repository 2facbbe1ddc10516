import { catalogue } from "./catalogue.ts";

/** What `runikraft boot` says of itself: its options, their wrong use, and how a run ended. */
export const bootCliText = catalogue(
  {
    imageArgument: () =>
      "what to boot, as --kernel: a Linux Image, an ELF file or raw code, each also as gzip",
    optionBios: () =>
      "firmware: the built-in SBI (default), none (the kernel starts in M-mode), or a file such as OpenSBI's fw_jump.elf",
    optionKernel: () => "the kernel: a Linux Image, an ELF file or raw code, each also as gzip",
    optionInitrd: () => "the kernel's initial file system",
    optionAppend: () => "the kernel's command line",
    optionSmp: () => "number of harts, 1 to 8 (default 1)",
    optionDrive: () =>
      "a raw disk image or block device as /dev/vda and so on (repeatable); FILE,readonly or FILE,snapshot, whose changes stay in memory",
    optionSnapshot: () => "changes to all drives stay in memory",
    optionNet: () => "none (default), or user: a network card with DHCP, names and sockets of this host",
    optionNetAllow: () =>
      "with --net user, what the guest may reach: [tcp:|udp:]ADDRESS[/PREFIX][:PORT[-PORT]], or none (repeatable; default everything)",
    optionHostfwd: () => "lead a port of this host to the guest, such as tcp:127.0.0.1:8080-:80 (repeatable)",
    optionPcap: () => "write what goes through the network card to a capture file",
    optionShare: () =>
      "share a host directory by 9p under a mount tag; read-only unless :rw is added (repeatable)",
    optionDevice: () =>
      "add virtio-gpu, virtio-keyboard, virtio-tablet, virtio-balloon or virtio-vsock[,path=SOCKET] (repeatable)",
    optionNodefaults: () => "without virtio-console and virtio-rng, unless --device adds them",
    optionVirtioVersion: () => "of virtio-mmio: 1 is the legacy interface (default 2)",
    optionVirtioPacked: () => "offer packed virtqueues",
    optionSeed: () => "seed of the random numbers of a --deterministic machine (default 0)",
    optionSave: () =>
      "save the machine to a file when it is left (Ctrl-A x, a signal, --max-instructions), not when it powers off",
    optionLoad: () =>
      "go on with a saved machine; drives and shares are given again, their contents as they were left",
    optionDumpDtb: () => "write the machine's device tree to a file and start nothing",
    keys: () =>
      "At a terminal: Ctrl-A x leaves, Ctrl-A c is the monitor, Ctrl-A h shows these keys, Ctrl-A Ctrl-A sends Ctrl-A.",

    badHarts: (text: string, most: number) => `--smp: "${text}" is not a number of harts from 1 to ${most}`,
    badVersion: (text: string) => `--virtio-version: "${text}" is neither 1 nor 2`,
    badDrive: (text: string) => `--drive: "${text}" names no file`,
    badNet: (text: string) => `--net: "${text}" is neither none nor user`,
    badShare: (text: string) => `--share: "${text}" is not DIR:TAG or DIR:TAG:ro or DIR:TAG:rw`,
    longTag: (tag: string, most: number) => `--share: the tag "${tag}" is longer than ${most} bytes`,
    sameTag: (tag: string) => `--share: the tag "${tag}" is given twice`,
    unknownDevice: (name: string, known: string) =>
      `--device: there is no device "${name}" to add (devices: ${known})`,
    sameDevice: (name: string) => `--device: ${name} is given twice`,
    badProperty: (text: string) => `--device: "${text}": the only property is path=SOCKET, of virtio-vsock`,
    twoKernels: () => "IMAGE and --kernel both say what to boot; give one of them",
    comesFromSave: (flag: string) => `${flag} does not go with --load: it comes from the saved machine`,
    needs: (flag: string, other: string) => `${flag} needs ${other}`,
    notTogether: (flag: string, other: string) => `${flag} does not go with ${other}`,
    dependsOnHost: (flag: string) =>
      `--deterministic does not go with ${flag}: what comes from there is never twice the same`,

    noVsock: (file: string) =>
      `${file}: the saved machine has no virtio-vsock that --device virtio-vsock,path=… could lead to`,
    saved: (file: string) => `the machine is saved to ${file}; --load ${file} goes on with it`,
  },
  {
    imageArgument: () => "要启动的内容，同 --kernel：Linux Image、ELF 文件或裸代码，也可以是 gzip 压缩的",
    optionBios: () =>
      "固件：内置 SBI（默认）、none（内核在 M 模式启动），或一个文件，例如 OpenSBI 的 fw_jump.elf",
    optionKernel: () => "内核：Linux Image、ELF 文件或裸代码，也可以是 gzip 压缩的",
    optionInitrd: () => "内核的初始文件系统",
    optionAppend: () => "内核命令行",
    optionSmp: () => "hart 数量，1 到 8（默认 1）",
    optionDrive: () =>
      "把一个原始磁盘映像或块设备作为 /dev/vda 等（可重复）；FILE,readonly 只读， FILE,snapshot 的修改只留在内存里",
    optionSnapshot: () => "对所有磁盘的修改只留在内存里",
    optionNet: () => "none（默认），或 user：一块网卡，带 DHCP、域名解析和本机的套接字",
    optionNetAllow: () =>
      "客户可以访问什么，需要 --net user ： [tcp:|udp:]地址[/前缀][:端口[-端口]] 或 none（可重复；默认全部）",
    optionHostfwd: () => "把本机的一个端口转到客户，例如 tcp:127.0.0.1:8080-:80（可重复）",
    optionPcap: () => "把网卡上经过的内容写入抓包文件",
    optionShare: () => "用 9p 以挂载标签共享一个主机目录；除非加上 :rw，否则只读（可重复）",
    optionDevice: () =>
      "加上 virtio-gpu、virtio-keyboard、virtio-tablet、virtio-balloon 或 virtio-vsock[,path=SOCKET]（可重复）",
    optionNodefaults: () => "没有 virtio-console 和 virtio-rng，除非用 --device 加上",
    optionVirtioVersion: () => "virtio-mmio 的版本：1 为旧式接口（默认 2）",
    optionVirtioPacked: () => "提供紧凑（packed）虚拟队列",
    optionSeed: () => "--deterministic 机器的随机数种子（默认 0）",
    optionSave: () => "离开机器时（Ctrl-A x、信号、--max-instructions）把它保存到文件；客户自己关机时不保存",
    optionLoad: () => "继续运行保存的机器；磁盘和共享目录要重新给出，内容须与离开时相同",
    optionDumpDtb: () => "把机器的设备树写入文件，不启动任何东西",
    keys: () =>
      "在终端上：Ctrl-A x 离开，Ctrl-A c 进入监视器，Ctrl-A h 显示这些按键，Ctrl-A Ctrl-A 发送 Ctrl-A。",

    badHarts: (text, most) => `--smp：“${text}”不是 1 到 ${most} 之间的 hart 数量`,
    badVersion: (text) => `--virtio-version：“${text}”既不是 1 也不是 2`,
    badDrive: (text) => `--drive：“${text}”没有给出文件`,
    badNet: (text) => `--net：“${text}”既不是 none 也不是 user`,
    badShare: (text) => `--share：“${text}”不是 DIR:TAG、DIR:TAG:ro 或 DIR:TAG:rw`,
    longTag: (tag, most) => `--share：标签“${tag}”超过 ${most} 字节`,
    sameTag: (tag) => `--share：标签“${tag}”给出了两次`,
    unknownDevice: (name, known) => `--device：没有可以添加的设备“${name}”（可用设备：${known}）`,
    sameDevice: (name) => `--device：${name} 给出了两次`,
    badProperty: (text) => `--device：“${text}”：唯一的属性是 virtio-vsock 的 path=SOCKET`,
    twoKernels: () => "IMAGE 和 --kernel 都指定了要启动的内容；请只给出一个",
    comesFromSave: (flag) => `${flag} 不能与 --load 同用：它来自保存的机器`,
    needs: (flag, other) => `${flag} 需要 ${other}`,
    notTogether: (flag, other) => `${flag} 不能与 ${other} 同用`,
    dependsOnHost: (flag) => `--deterministic 不能与 ${flag} 同用：从那里来的内容每次都不同`,

    noVsock: (file) => `${file}：保存的机器没有 virtio-vsock，--device virtio-vsock,path=… 无处可通`,
    saved: (file) => `机器已保存到 ${file}；用 --load ${file} 继续运行`,
  },
);
