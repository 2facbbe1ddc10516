import { catalogue } from "./catalogue.ts";

/**
 * What the loader says when it refuses an image. `file` is the image's name, `field` a field of the ELF format
 * (`e_machine`, or `ofSegment("p_filesz", 2)`), `value` what stands in it.
 */
export const loaderMessages = catalogue(
  {
    tooShort: (file: string, size: number) =>
      `${file}: the file size is ${size} bytes, too short for an ELF header (64 bytes)`,
    ofSegment: (field: string, index: number) => `${field} of segment ${index}`,
    ofSection: (field: string, index: number) => `${field} of section ${index}`,
    mustBe: (file: string, field: string, value: string, expected: string) =>
      `${file}: ELF ${field} is ${value}, not ${expected}`,
    tooBig: (file: string, field: string, value: string, limit: string) =>
      `${file}: ELF ${field} is ${value}, more than the limit of ${limit}`,
    above: (file: string, field: string, value: string, limit: string) =>
      `${file}: ELF ${field} is ${value}, more than ${limit}`,
    below: (file: string, field: string, value: string, limit: string) =>
      `${file}: ELF ${field} is ${value}, less than ${limit}`,
    beyondFile: (file: string, field: string, value: string, size: string) =>
      `${file}: ELF ${field} is ${value}, which reaches past the end of the file (${size} bytes)`,
    outsideAddresses: (
      file: string,
      field: string,
      value: string,
      size: string,
      first: string,
      end: string,
    ) => `${file}: ELF ${field} is ${value}, and its ${size} bytes do not lie between ${first} and ${end}`,
    sumOf: (field: string) => `sum of ${field}`,
    outsideSegments: (file: string, field: string, value: string, size: string) =>
      `${file}: ELF ${field} is ${value}, and its ${size} bytes lie in no PT_LOAD segment`,
    notEven: (file: string, field: string, value: string) =>
      `${file}: ELF ${field} is ${value}, an odd address`,
    notPowerOfTwo: (file: string, field: string, value: string) =>
      `${file}: ELF ${field} is ${value}, not a power of two`,
    notCongruent: (file: string, field: string, value: string, offset: string, align: string) =>
      `${file}: ELF ${field} is ${value}, which differs from p_offset (${offset}) modulo ${align}`,
    overlap: (file: string, field: string, value: string, other: number, end: string) =>
      `${file}: ELF ${field} is ${value}, below the end of segment ${other} (${end})`,
    twice: (file: string, type: string, index: number) =>
      `${file}: ELF p_type of segment ${index} is ${type}, which an earlier segment is already`,
    noSegments: (file: string) => `${file}: ELF e_phnum counts 0 PT_LOAD segments: there is nothing to load`,
    entryOutside: (file: string, entry: string) =>
      `${file}: ELF e_entry is ${entry}, which lies in no executable segment`,
    badString: (file: string, field: string, value: string) =>
      `${file}: ELF ${field} is ${value}: no text that ends within the table`,
    textRelocations: (file: string, field: string) =>
      `${file}: ELF ${field} is set: relocations of read-only code are not supported`,
    floatAbi: (abi: string) => `the ${abi} float ABI`,
    embeddedAbi: () => "the RVE ABI",
    stringTable: () => "the index of a string table",
    writableCode: (file: string, field: string, flags: string) =>
      `${file}: ELF ${field} is ${flags}: memory that is both writable and executable is refused (W^X, see --allow-wx)`,
    sharedPage: (file: string, index: number, address: string) =>
      `${file}: ELF p_vaddr of segment ${index} puts writable data and code on one page (${address}): refused (W^X, see --allow-wx)`,
    interpreterFixed: (file: string) =>
      `${file}: ELF e_type is 2 (EXEC), not 3 (DYN), in a program interpreter`,
    interpreterMissing: (file: string, path: string) =>
      `${file}: ELF PT_INTERP is ${path}, a program interpreter that the guest has no file of (--root gives it one)`,
    argumentsTooLong: (file: string, size: number, limit: number) =>
      `${file}: the arguments and environment take ${size} bytes, more than the limit of ${limit}`,
    argumentTooLong: (file: string, size: number, limit: number) =>
      `${file}: an argument or environment string takes ${size} bytes, more than the limit of ${limit}`,
  },
  {
    tooShort: (file: string, size: number) => `${file}：文件只有 ${size} 字节，放不下 ELF 头（64 字节）`,
    ofSegment: (field: string, index: number) => `第 ${index} 段的 ${field}`,
    ofSection: (field: string, index: number) => `第 ${index} 节的 ${field}`,
    mustBe: (file: string, field: string, value: string, expected: string) =>
      `${file}：ELF ${field} 为 ${value}，应为 ${expected}`,
    tooBig: (file: string, field: string, value: string, limit: string) =>
      `${file}：ELF ${field} 为 ${value}，超过上限 ${limit}`,
    above: (file: string, field: string, value: string, limit: string) =>
      `${file}：ELF ${field} 为 ${value}，大于 ${limit}`,
    below: (file: string, field: string, value: string, limit: string) =>
      `${file}：ELF ${field} 为 ${value}，小于 ${limit}`,
    beyondFile: (file: string, field: string, value: string, size: string) =>
      `${file}：ELF ${field} 为 ${value}，超出文件末尾（${size} 字节）`,
    outsideAddresses: (
      file: string,
      field: string,
      value: string,
      size: string,
      first: string,
      end: string,
    ) => `${file}：ELF ${field} 为 ${value}，其 ${size} 字节不在 ${first} 与 ${end} 之间`,
    sumOf: (field: string) => `${field} 之和`,
    outsideSegments: (file: string, field: string, value: string, size: string) =>
      `${file}：ELF ${field} 为 ${value}，其 ${size} 字节不在任何 PT_LOAD 段内`,
    notEven: (file: string, field: string, value: string) => `${file}：ELF ${field} 为 ${value}，是奇数地址`,
    notPowerOfTwo: (file: string, field: string, value: string) =>
      `${file}：ELF ${field} 为 ${value}，不是 2 的幂`,
    notCongruent: (file: string, field: string, value: string, offset: string, align: string) =>
      `${file}：ELF ${field} 为 ${value}，与 p_offset（${offset}）模 ${align} 不同余`,
    overlap: (file: string, field: string, value: string, other: number, end: string) =>
      `${file}：ELF ${field} 为 ${value}，低于第 ${other} 段的末尾（${end}）`,
    twice: (file: string, type: string, index: number) =>
      `${file}：ELF 第 ${index} 段的 p_type 为 ${type}，前面已有这样的段`,
    noSegments: (file: string) => `${file}：ELF e_phnum 中有 0 个 PT_LOAD 段：没有可装载的内容`,
    entryOutside: (file: string, entry: string) => `${file}：ELF e_entry 为 ${entry}，不在任何可执行段内`,
    badString: (file: string, field: string, value: string) =>
      `${file}：ELF ${field} 为 ${value}：表内没有在此结束的文本`,
    textRelocations: (file: string, field: string) =>
      `${file}：ELF ${field} 已设置：不支持对只读代码的重定位`,
    floatAbi: (abi: string) => `${abi} 浮点 ABI`,
    embeddedAbi: () => "RVE ABI",
    stringTable: () => "字符串表的索引",
    writableCode: (file: string, field: string, flags: string) =>
      `${file}：ELF ${field} 为 ${flags}：拒绝同时可写又可执行的内存（W^X，见 --allow-wx）`,
    sharedPage: (file: string, index: number, address: string) =>
      `${file}：ELF 第 ${index} 段的 p_vaddr 使可写数据与代码同在一页（${address}）：拒绝（W^X，见 --allow-wx）`,
    interpreterFixed: (file: string) => `${file}：ELF e_type 为 2（EXEC），程序解释器应为 3（DYN）`,
    interpreterMissing: (file: string, path: string) =>
      `${file}：ELF PT_INTERP 为 ${path}，客户系统里没有这个程序解释器（可用 --root 提供）`,
    argumentsTooLong: (file: string, size: number, limit: number) =>
      `${file}：参数与环境共 ${size} 字节，超过上限 ${limit}`,
    argumentTooLong: (file: string, size: number, limit: number) =>
      `${file}：一个参数或环境字符串有 ${size} 字节，超过上限 ${limit}`,
  },
);
