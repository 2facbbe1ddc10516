import { catalogue } from "./catalogue.ts";

/** What the library OS says to a user. */
export const kernelMessages = catalogue(
  {
    missingProvider: (library: string, need: string) =>
      `micro-library ${library} needs ${need}, which no linked library provides`,
    twoProviders: (first: string, second: string, name: string) =>
      `micro-libraries ${first} and ${second} both provide ${name}`,
    twoSyscallOwners: (first: string, second: string, name: string) =>
      `micro-libraries ${first} and ${second} both implement the system call ${name}`,
    cycle: (path: string) => `micro-libraries need each other in a circle: ${path}`,
    notProvided: (library: string, name: string) =>
      `micro-library ${library} says that it provides ${name} but did not at its start`,
    notDeclared: (library: string, name: string) =>
      `micro-library ${library} hands over ${name} without declaring it`,
    noDirectory: (path: string) => `${path}: no such directory in the guest's tree`,
    noPageCache: (library: string, bytes: number) =>
      `micro-library ${library}: ${bytes} bytes for the page cache are not to be had in one piece`,
    outOfMemory: () => "the program does not fit into the machine's memory (--mem)",
    cannotMount: (path: string, reason: string) => `cannot mount on ${path}: ${reason}`,
    notWritten: () => "the last changes could not be written to the disk",
    noDisk: (number: number) => `the machine has no disk ${number} that works`,
    mountOnRoot: () => "that is the root, which --root chooses",
    mountOnFile: () => "it is, or leads through, something that is no directory",
    mountInReadOnly: () => "it does not exist and would have to be made in a read-only mount",
  },
  {
    missingProvider: (library: string, need: string) =>
      `微库 ${library} 需要 ${need}，但已链接的库都不提供它`,
    twoProviders: (first: string, second: string, name: string) =>
      `微库 ${first} 和 ${second} 都提供 ${name}`,
    twoSyscallOwners: (first: string, second: string, name: string) =>
      `微库 ${first} 和 ${second} 都实现了系统调用 ${name}`,
    cycle: (path: string) => `微库循环依赖：${path}`,
    notProvided: (library: string, name: string) => `微库 ${library} 声明提供 ${name}，但启动时没有交出`,
    notDeclared: (library: string, name: string) => `微库 ${library} 交出了未声明的 ${name}`,
    noDirectory: (path: string) => `${path}：客户的文件树里没有这个目录`,
    noPageCache: (library: string, bytes: number) => `微库 ${library}：无法为页缓存取得连续的 ${bytes} 字节`,
    outOfMemory: () => "程序放不进机器的内存（--mem）",
    cannotMount: (path: string, reason: string) => `无法挂载到 ${path}：${reason}`,
    notWritten: () => "最后的改动无法写入磁盘",
    noDisk: (number: number) => `机器没有可用的磁盘 ${number}`,
    mountOnRoot: () => "这是根目录，由 --root 指定",
    mountOnFile: () => "该路径本身或其中一段不是目录",
    mountInReadOnly: () => "该路径不存在，而且需要在只读挂载中创建",
  },
);
