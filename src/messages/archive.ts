import { catalogue } from "./catalogue.ts";

/** Why an archive cannot be a file tree. */
export const archiveMessages = catalogue(
  {
    neither: () => "it is neither a tar archive nor a cpio archive of the new ASCII format",
    cut: (at: number) => `it ends in the middle of what begins at byte ${at}`,
    badHeader: (at: number) => `the header at byte ${at} is damaged`,
    badNumber: (at: number, field: string) => `the header at byte ${at} has no number in its field ${field}`,
    badName: (name: string) => `${name}: a name that leads out of the archive, or is too long`,
    notInDirectory: (name: string) => `${name}: it would be inside something that is no directory`,
    noLinkTarget: (name: string) => `${name}: a hard link to a file that is not in the archive`,
    kind: (name: string, kind: string) => `${name}: an entry of the kind ${kind}, which is not supported`,
    tooMany: (most: number) => `it has more than ${most} entries`,
    option: () => "show the files of a tar or cpio archive, plain or gzipped, as /; changes stay in memory",
    notUnpacked: (path: string) => `${path}: what gzip packed is damaged, or more than 1 GiB`,
    refused: (path: string, reason: string) => `${path}: ${reason}`,
    oneRoot: () => "--root and --initrd both say what / is; give one of them",
  },
  {
    neither: () => "它既不是 tar 归档，也不是新 ASCII 格式的 cpio 归档",
    cut: (at: number) => `从第 ${at} 字节开始的内容不完整`,
    badHeader: (at: number) => `第 ${at} 字节处的头部已损坏`,
    badNumber: (at: number, field: string) => `第 ${at} 字节处头部的 ${field} 字段不是数字`,
    badName: (name: string) => `${name}：名字过长，或通向归档之外`,
    notInDirectory: (name: string) => `${name}：它的上级不是目录`,
    noLinkTarget: (name: string) => `${name}：硬链接的目标不在归档中`,
    kind: (name: string, kind: string) => `${name}：不支持 ${kind} 类型的条目`,
    tooMany: (most: number) => `条目超过 ${most} 个`,
    option: () => "以 tar 或 cpio 归档（可用 gzip 压缩）中的文件作为 /；改动只留在内存里",
    notUnpacked: (path: string) => `${path}：gzip 数据已损坏，或超过 1 GiB`,
    refused: (path: string, reason: string) => `${path}：${reason}`,
    oneRoot: () => "--root 和 --initrd 都在指定 /；请只给出其中一个",
  },
);
