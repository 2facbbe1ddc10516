import { catalogue } from "./catalogue.ts";

/** What the test kit says: why an expectation does not hold, and what it cannot do. */
export const testingMessages = catalogue(
  {
    noLabel: (name: string) => `no label '${name}' in the program`,
    noRegister: (name: string) => `no register is called '${name}'`,
    noCsr: (name: string) => `no CSR is called '${name}'`,
    noCause: (name: string, known: string) => `no trap is called '${name}' (there are ${known})`,
    notMachine: () => "expected the machine that asm`...` returns",
    programTooLarge: (bytes: number) => `the program does not fit ${bytes} bytes of RAM`,
    badMapping: (what: string) => `${what} must be a multiple of 4096`,
    stoppedAtEnd: (retired: number) => `It ran to its end, ${retired} instructions.`,
    stoppedByLimit: (limit: number, where: string) =>
      `It was stopped after ${limit} instructions, at ${where}.`,
    stoppedWaiting: (where: string) => `It waits for an interrupt at ${where}.`,
    stoppedByTrap: (trap: string) => `It was stopped by a trap that it has no vector for: ${trap}.`,
    notRun: () => "It has not been run.",
    trap: (cause: string, where: string, from: string, to: string, tval: string) =>
      `${cause} at ${where}, from ${from} to ${to} mode, tval ${tval}`,
    trapsTaken: (list: string) => `Traps taken:\n${list}`,
    noTraps: () => "No trap was taken.",
    register: (name: string, expected: string, found: string) =>
      `expected ${name} to be ${expected}, it is ${found}`,
    notRegister: (name: string, value: string) => `expected ${name} not to be ${value}`,
    memory: (where: string, offset: number, expected: string, found: string) =>
      `expected memory at ${where} to hold other bytes, the first difference is at offset ${offset}:\n  expected ${expected}\n  found    ${found}`,
    notMemory: (where: string, bytes: string) => `expected memory at ${where} not to hold ${bytes}`,
    expectedTrap: (wanted: string) => `expected the trap ${wanted}`,
    expectedNoTrap: (wanted: string) => `expected no trap ${wanted}`,
    expectedEnd: () => "expected the program to run to its end",
    expectedNoEnd: () => "expected the program not to run to its end",
    mapped: (va: string, found: string) => `expected no mapping of ${va}, it is mapped to ${found}`,
    notMapped: (va: string, walk: string) =>
      `expected ${va} to be mapped; the walk of its page table:\n${walk}`,
    mappedOtherwise: (va: string, expected: string, found: string) =>
      `expected ${va} to be mapped to ${expected}, it is mapped to ${found}`,
    noPaging: () => "  satp says that addresses are not translated",
    walkStep: (level: number, address: string, ppn: string, flags: string) =>
      `  level ${level}: the entry at ${address} has page ${ppn}, flags ${flags}`,
    walkEnd: (end: string) => `  and there it ends: ${end}`,
  },
  {
    noLabel: (name: string) => `程序中没有标号“${name}”`,
    noRegister: (name: string) => `没有名为“${name}”的寄存器`,
    noCsr: (name: string) => `没有名为“${name}”的 CSR`,
    noCause: (name: string, known: string) => `没有名为“${name}”的陷入（有 ${known}）`,
    notMachine: () => "应为 asm`...` 返回的机器",
    programTooLarge: (bytes: number) => `程序放不进 ${bytes} 字节的内存`,
    badMapping: (what: string) => `${what} 必须是 4096 的倍数`,
    stoppedAtEnd: (retired: number) => `程序运行到结尾，共 ${retired} 条指令。`,
    stoppedByLimit: (limit: number, where: string) => `程序在 ${limit} 条指令后被停止，位于 ${where}。`,
    stoppedWaiting: (where: string) => `程序在 ${where} 等待中断。`,
    stoppedByTrap: (trap: string) => `程序因没有向量的陷入而停止：${trap}。`,
    notRun: () => "程序尚未运行。",
    trap: (cause: string, where: string, from: string, to: string, tval: string) =>
      `${cause}，位于 ${where}，从 ${from} 模式到 ${to} 模式，tval ${tval}`,
    trapsTaken: (list: string) => `发生的陷入：\n${list}`,
    noTraps: () => "没有发生陷入。",
    register: (name: string, expected: string, found: string) => `${name} 应为 ${expected}，实为 ${found}`,
    notRegister: (name: string, value: string) => `${name} 不应为 ${value}`,
    memory: (where: string, offset: number, expected: string, found: string) =>
      `${where} 处的内存与预期不同，首个差异在偏移 ${offset}：\n  预期 ${expected}\n  实际 ${found}`,
    notMemory: (where: string, bytes: string) => `${where} 处的内存不应为 ${bytes}`,
    expectedTrap: (wanted: string) => `应发生陷入 ${wanted}`,
    expectedNoTrap: (wanted: string) => `不应发生陷入 ${wanted}`,
    expectedEnd: () => "程序应运行到结尾",
    expectedNoEnd: () => "程序不应运行到结尾",
    mapped: (va: string, found: string) => `${va} 不应被映射，实际映射到 ${found}`,
    notMapped: (va: string, walk: string) => `${va} 应被映射；其页表遍历为：\n${walk}`,
    mappedOtherwise: (va: string, expected: string, found: string) =>
      `${va} 应映射到 ${expected}，实际映射到 ${found}`,
    noPaging: () => "  satp 表明地址不经转换",
    walkStep: (level: number, address: string, ppn: string, flags: string) =>
      `  第 ${level} 级：${address} 处的表项，页号 ${ppn}，标志 ${flags}`,
    walkEnd: (end: string) => `  遍历到此结束：${end}`,
  },
);
