import { catalogue } from "./catalogue.ts";

/** See `JitStats`, which is not the messages' to know. */
interface JitFigures {
  readonly regions: number;
  readonly lost: number;
  readonly instructions: number;
  readonly bytes: number;
  readonly milliseconds: number;
  readonly longest: number;
  readonly beside: number;
  readonly misses: number;
  readonly validations: number;
}

/** What the command line says of itself: help texts, wrong use, and how a run ended. */
export const cliText = catalogue(
  {
    about: () => "Runs riscv64 programs and unikernel images on an emulated RISC-V machine.",
    aboutEnd: () =>
      "Exit status: the guest's own; 128+n when signal n killed it; 2 wrong use; 3 refused; 4 internal error; 124 stopped by --max-instructions.",
    examples: () => "Examples:",
    headingUsage: () => "Usage:",
    headingArguments: () => "Arguments:",
    headingOptions: () => "Options:",
    headingCommands: () => "Commands:",
    optionHelp: () => "show this help",
    optionVersion: () => "print the version",

    runSummary: () => "run a riscv64 Linux program on the library OS",
    bootSummary: () =>
      "boot a kernel on a whole machine like QEMU's virt board: firmware, harts, virtio devices",
    infoSummary: () => "show an ELF file's headers, its segments and what it needs",
    disasmSummary: () => "disassemble an ELF file's code",
    asmSummary: () => "assemble a source file into an ELF file",
    stepSummary: () => "step through a program, forward and backward",
    syscallsSummary: () => "list the system calls and how far each is supported",
    libsSummary: () => "list the micro-libraries and what each provides and needs",
    scanSummary: () =>
      "find the system calls that a program can make, and the micro-libraries that have them",

    elfArgument: () => "a riscv64 ELF file",
    guestArguments: () => "the program's own arguments; every option after ELF is the program's",
    sourceArgument: () => "an assembly source file",
    optionRoot: () => "a host directory as the guest's / (read-only; what the guest writes stays in memory)",
    optionDisk: () =>
      "give the guest a disk, for programs with native calls; read-only unless :rw is added (repeatable)",
    optionMount: () =>
      "a host directory, or a disk image with ext2, at a guest path; read-only unless :rw is added (repeatable)",
    optionEnv: () => "an environment variable for the guest (repeatable)",
    optionCwd: () => "the guest's working directory",
    optionMem: (otherwise: string) => `guest memory, such as 64M or 1G (default ${otherwise})`,
    optionLimit: () => "how much of something the guest may have, such as processes=100 (docs/LIMITS.md)",
    optionAslrSeed: () => "lay the address space out as this seed does",
    optionNoAslr: () => "lay the address space out the same way every time",
    optionAllowWx: () =>
      "let the guest have pages that are writable and executable; with =PROGRAM only these programs of it (repeatable)",
    optionStrace: () => "show the guest's system calls, on stderr or in a file",
    optionTrace: () => "show every instruction and the registers it changes, on stderr or in a file",
    optionMaxInstructions: () => "stop after this many instructions",
    optionDeterministic: () => "virtual time and seeded randomness: every run is the same",
    optionJit: () =>
      "translate hot code to WebAssembly: on (default), off, or always, which is all code when it is first reached",
    badJit: (text: string) => `--jit: "${text}" is none of off, on and always`,
    optionStats: () => "say at the end how much was executed, how fast, and with how much memory",
    optionJitStats: () => "say at the end what was translated to WebAssembly",
    optionJson: () => "as JSON",
    optionStatsJson: () => "print --stats and --jit-stats as one line of JSON",
    optionBanner: () => "show the linked micro-libraries and the layout before the program starts",
    optionVerbose: () => "name each unsupported system call once",
    optionOutput: () => "the file to write",
    optionBase: () => "the address of the first page, such as 0x80000000 (default 0x10000)",
    optionNoAliases: () => "the instructions as encoded, without aliases such as li and ret",
    segment: (index: number) => `segment ${index}`,

    unknownCommand: (name: string, known: string) => `there is no command "${name}" (commands: ${known})`,
    unknownOption: (option: string, command: string) => `"${command}" has no option ${option}`,
    missingArgument: (name: string, command: string) => `"${command}" needs ${name}`,
    missingOption: (flags: string, command: string) => `"${command}" needs the option ${flags}`,
    missingValue: (flags: string) => `${flags} needs a value`,
    excessArguments: (command: string) => `"${command}" was given too many arguments`,
    seeHelp: (complaint: string, command: string) => `${complaint}; see "${command} --help"`,
    badSize: (flag: string, text: string) =>
      `${flag}: "${text}" is not a size (a whole number of bytes, or one with K, M or G, such as 64M)`,
    sizeOutside: (flag: string, text: string, least: string, most: string) =>
      `${flag}: ${text} is outside ${least} to ${most}`,
    noLimit: (text: string, names: string) =>
      `--limit: "${text}" is not NAME=NUMBER, where the name is one of ${names}`,
    badCount: (flag: string, text: string) => `${flag}: "${text}" is not a positive whole number`,
    badSeed: (flag: string, text: string) =>
      `${flag}: "${text}" is not a seed (a whole number from 0 to 18446744073709551615, decimal or 0x…)`,
    badAddress: (flag: string, text: string) =>
      `${flag}: "${text}" is not an address of a page (a multiple of 4096, decimal or 0x…)`,
    badMount: (text: string) => `--mount: "${text}" is not HOST:GUEST or HOST:GUEST:ro or HOST:GUEST:rw`,
    wxNotAbsolute: (path: string) =>
      `--allow-wx: the guest path "${path}" does not start with / (for a JIT such as Node.js: --allow-wx=/usr/bin/node)`,
    mountNotAbsolute: (path: string) => `--mount: the guest path "${path}" does not start with /`,
    badEnv: (text: string) => `--env: "${text}" is not NAME=VALUE`,
    jsonNeedsStats: () => "--json says how --stats or --jit-stats is printed; give one of them, too",
    noInterpreter: (file: string, interpreter: string) =>
      `${file} is a script for ${interpreter}, which is not in the guest's root`,
    cannotRead: (path: string, why: string) => `cannot read ${path}: ${why}`,
    cannotWrite: (path: string, why: string) => `cannot write ${path}: ${why}`,
    noSuchFile: () => "no such file or directory",
    isDirectory: () => "it is a directory",
    isDevice: () => "it is a device",
    notDirectory: () => "it is, or leads through, something that is no directory",
    notPermitted: () => "permission denied",
    fullDisk: () => "no space is left on it",
    addressInUse: () => "the address is in use",
    addressNotHere: () => "this host has no such address",
    tooLarge: (most: string) => `it is larger than ${most}`,
    standardOutput: () => "standard output",
    standardError: () => "standard error",

    stoppedAtLimit: (count: string) => `stopped after ${count} instructions (--max-instructions)`,
    outOfMemory: (pid: number, name: string, resident: number, total: number) =>
      `out of memory: killed ${pid} ${name} (${resident} MiB resident of ${total} MiB; use --mem)`,
    unsupportedCall: (name: string) => `system call ${name} is not supported (ENOSYS)`,
    neverEnds: () => "stopped: the machine waits for an interrupt that cannot come",
    internal: (what: string) =>
      `internal error: ${what}. This is a bug in runikraft, not in the guest; please report it (RUNIKRAFT_DEBUG=1 shows where)`,
    stats: (s: {
      instructions: string;
      seconds: string;
      mips: string;
      faults: string;
      syscalls: string;
      memory: string;
    }) =>
      `${s.instructions} instructions in ${s.seconds} s (${s.mips} MIPS), ${s.syscalls} system calls, ${s.faults} page faults, ${s.memory} of guest memory at most`,
    jitStats: (s: JitFigures) =>
      `JIT: ${s.regions} regions translated, ${s.lost} of them lost; the guest waited ${s.milliseconds.toFixed(1)} ms for it, ${s.longest.toFixed(1)} ms at once at most, and ${s.beside.toFixed(1)} ms were spent beside it; ${s.instructions} instructions became ${s.bytes} bytes of WebAssembly; ${s.misses} misses, ${s.validations} validations`,
    jitIsOff: () => "JIT: off, everything was interpreted (--jit)",
    libraryCosts: (bytes: string, time: string) => `micro-libraries: ${bytes} of code, started in ${time}`,
    bannerLibraries: () => "micro-libraries",
    bannerLayout: (seed: string) => `address space (seed ${seed})`,
    bannerFixed: () => "address space (no randomisation)",
    columnNumber: () => "no.",
    columnName: () => "name",
    columnLibrary: () => "library",
    columnSupport: () => "support",
    columnNote: () => "note",
    columnProvides: () => "provides",
    columnNeeds: () => "needs",
    columnSyscalls: () => "calls",
    columnLinked: () => "linked",
    columnBytes: () => "bytes",
    linkedAlways: () => "standard",
    linkedOnRequest: () => "-f",
    columnSummary: () => "what it is",
    syscallCount: (all: number, full: number, partial: number, stub: number) =>
      `${all} system calls: ${full} in full, ${partial} in part, ${stub} accepted without effect, ${all - full - partial - stub} not (ENOSYS)`,
  },
  {
    about: () => "在模拟的 RISC-V 机器上运行 riscv64 程序和 unikernel 映像。",
    aboutEnd: () =>
      "退出码：客户程序自己的退出码；被信号 n 杀死时为 128+n；2 用法错误；3 拒绝；4 内部错误；124 被 --max-instructions 停止。",
    examples: () => "示例：",
    headingUsage: () => "用法：",
    headingArguments: () => "参数：",
    headingOptions: () => "选项：",
    headingCommands: () => "命令：",
    optionHelp: () => "显示本帮助",
    optionVersion: () => "显示版本号",

    runSummary: () => "在库操作系统上运行一个 riscv64 Linux 程序",
    bootSummary: () => "在一台类似 QEMU virt 的完整机器上启动内核：固件、hart、virtio 设备",
    infoSummary: () => "显示 ELF 文件的头部、段以及它需要什么",
    disasmSummary: () => "反汇编 ELF 文件中的代码",
    asmSummary: () => "把汇编源文件汇编成 ELF 文件",
    stepSummary: () => "逐条执行一个程序，可以前进也可以后退",
    syscallsSummary: () => "列出系统调用及其支持程度",
    libsSummary: () => "列出微库以及每个微库提供和需要什么",
    scanSummary: () => "找出程序可能发出的系统调用，以及提供它们的微库",

    elfArgument: () => "riscv64 ELF 文件",
    guestArguments: () => "程序自己的参数；ELF 之后的所有选项都属于程序",
    sourceArgument: () => "汇编源文件",
    optionRoot: () => "把一个主机目录作为客户的 /（只读；客户写入的内容只留在内存里）",
    optionDisk: () => "给客户一块磁盘，供使用原生调用的程序读写；除非加上 :rw，否则只读（可重复）",
    optionMount: () => "把一个主机目录或 ext2 磁盘映像挂载到客户路径；除非加上 :rw，否则只读（可重复）",
    optionEnv: () => "给客户程序的环境变量（可重复）",
    optionCwd: () => "客户程序的工作目录",
    optionMem: (otherwise) => `客户内存大小，例如 64M 或 1G（默认 ${otherwise}）`,
    optionLimit: () => "客户程序可以拥有某种资源的上限，例如 processes=100（见 docs/LIMITS.md）",
    optionAslrSeed: () => "按这个种子安排地址空间",
    optionNoAslr: () => "每次都用同样的地址空间布局",
    optionAllowWx: () => "允许客户拥有既可写又可执行的页；带 =PROGRAM 则只允许其中这些程序（可重复）",
    optionStrace: () => "显示客户的系统调用，写到标准错误或文件",
    optionTrace: () => "显示每条指令及其改变的寄存器，写到标准错误或文件",
    optionMaxInstructions: () => "执行这么多条指令后停止",
    optionDeterministic: () => "虚拟时间和带种子的随机数：每次运行都一样",
    optionJit: () => "把热点代码翻译成 WebAssembly：on（默认）、off 或 always（所有代码在首次到达时翻译）",
    badJit: (text) => `--jit："${text}" 不是 off、on 或 always`,
    optionStats: () => "结束时报告执行了多少、多快、用了多少内存",
    optionJitStats: () => "结束时报告翻译成 WebAssembly 的内容",
    optionJson: () => "以 JSON 输出",
    optionStatsJson: () => "把 --stats 和 --jit-stats 输出为一行 JSON",
    optionBanner: () => "程序开始前显示链接的微库和地址空间布局",
    optionVerbose: () => "对每个不支持的系统调用提示一次",
    optionOutput: () => "要写入的文件",
    optionBase: () => "第一页的地址，例如 0x80000000（默认 0x10000）",
    optionNoAliases: () => "按编码显示指令，不用 li、ret 之类的别名",
    segment: (index) => `段 ${index}`,

    unknownCommand: (name, known) => `没有命令“${name}”（可用命令：${known}）`,
    unknownOption: (option, command) => `“${command}”没有选项 ${option}`,
    missingArgument: (name, command) => `“${command}”缺少 ${name}`,
    missingOption: (flags, command) => `“${command}”缺少选项 ${flags}`,
    missingValue: (flags) => `${flags} 缺少值`,
    excessArguments: (command) => `给“${command}”的参数太多`,
    seeHelp: (complaint, command) => `${complaint}；参见“${command} --help”`,
    badSize: (flag, text) => `${flag}：“${text}”不是大小（应为整数字节数，或带 K、M、G，例如 64M）`,
    sizeOutside: (flag, text, least, most) => `${flag}：${text} 不在 ${least} 到 ${most} 之间`,
    noLimit: (text, names) => `--limit：“${text}”不是 NAME=NUMBER，其中 NAME 是 ${names} 之一`,
    badCount: (flag, text) => `${flag}：“${text}”不是正整数`,
    badSeed: (flag, text) => `${flag}：“${text}”不是种子（0 到 18446744073709551615 的整数，十进制或 0x…）`,
    badAddress: (flag, text) => `${flag}：“${text}”不是页的地址（4096 的倍数，十进制或 0x…）`,
    badMount: (text) => `--mount：“${text}”不是 HOST:GUEST、HOST:GUEST:ro 或 HOST:GUEST:rw`,
    wxNotAbsolute: (path) =>
      `--allow-wx：客户路径“${path}”不以 / 开头（例如用于 Node.js 的 JIT：--allow-wx=/usr/bin/node）`,
    mountNotAbsolute: (path) => `--mount：客户路径“${path}”不以 / 开头`,
    badEnv: (text) => `--env：“${text}”不是 NAME=VALUE`,
    jsonNeedsStats: () => "--json 决定 --stats 或 --jit-stats 的输出形式；请同时给出其中之一",
    noInterpreter: (file, interpreter) => `${file} 是 ${interpreter} 的脚本，而客户机的根目录中没有它`,
    cannotRead: (path, why) => `无法读取 ${path}：${why}`,
    cannotWrite: (path, why) => `无法写入 ${path}：${why}`,
    noSuchFile: () => "没有这个文件或目录",
    isDirectory: () => "这是一个目录",
    isDevice: () => "这是一个设备",
    notDirectory: () => "该路径本身或其中一段不是目录",
    notPermitted: () => "没有权限",
    fullDisk: () => "空间已满",
    addressInUse: () => "该地址已被占用",
    addressNotHere: () => "本机没有这个地址",
    tooLarge: (most) => `它大于 ${most}`,
    standardOutput: () => "标准输出",
    standardError: () => "标准错误",

    stoppedAtLimit: (count) => `执行 ${count} 条指令后停止（--max-instructions）`,
    outOfMemory: (pid, name, resident, total) =>
      `内存不足：已杀死 ${pid} ${name}（共 ${total} MiB，它占用 ${resident} MiB；可用 --mem 增加）`,
    unsupportedCall: (name) => `不支持系统调用 ${name}（ENOSYS）`,
    neverEnds: () => "已停止：机器在等待一个不会到来的中断",
    internal: (what) =>
      `内部错误：${what}。这是 runikraft 的缺陷，与客户程序无关；请报告（RUNIKRAFT_DEBUG=1 会显示出错位置）`,
    stats: (s) =>
      `${s.instructions} 条指令，用时 ${s.seconds} 秒（${s.mips} MIPS），${s.syscalls} 次系统调用，${s.faults} 次缺页，客户内存最多 ${s.memory}`,
    jitStats: (s) =>
      `JIT：翻译了 ${s.regions} 个区域，其中 ${s.lost} 个已失去；客户程序为此等待 ${s.milliseconds.toFixed(1)} 毫秒（单次最长 ${s.longest.toFixed(1)} 毫秒），另有 ${s.beside.toFixed(1)} 毫秒在后台完成；${s.instructions} 条指令变成 ${s.bytes} 字节 WebAssembly；${s.misses} 次未命中，${s.validations} 次验证`,
    jitIsOff: () => "JIT：已关闭，全部由解释器执行（--jit）",
    libraryCosts: (bytes, time) => `微库：代码 ${bytes}，启动用时 ${time}`,
    bannerLibraries: () => "微库",
    bannerLayout: (seed) => `地址空间（种子 ${seed}）`,
    bannerFixed: () => "地址空间（未随机化）",
    columnNumber: () => "编号",
    columnName: () => "名称",
    columnLibrary: () => "微库",
    columnSupport: () => "支持",
    columnNote: () => "说明",
    columnProvides: () => "提供",
    columnNeeds: () => "需要",
    columnSyscalls: () => "调用数",
    columnLinked: () => "链接",
    columnBytes: () => "字节",
    linkedAlways: () => "标准",
    linkedOnRequest: () => "-f",
    columnSummary: () => "它是什么",
    syscallCount: (all, full, partial, stub) =>
      `${all} 个系统调用：${full} 个完整，${partial} 个部分，${stub} 个接受但不起作用，${all - full - partial - stub} 个没有（ENOSYS）`,
  },
);
