import { catalogue } from "./catalogue.ts";

/** Why operands do not fit an instruction. */
export const encodingMessages = catalogue(
  {
    outOfRange: (operand: string, value: number, min: number, max: number) =>
      `${operand} is ${value}, must be from ${min} to ${max}`,
    notMultiple: (operand: string, value: number, step: number) =>
      `${operand} is ${value}, must be a multiple of ${step}`,
    zero: (operand: string) => `${operand} must not be 0`,
    notInteger: (operand: string, value: number) => `${operand} is ${value}, must be an integer`,
    fixed: (operand: string, value: number, expected: number) =>
      `${operand} is ${value}, this instruction only has ${expected}`,
    notSame: (first: string, second: string) => `${first} and ${second} must be the same register`,
    roundingMode: (value: number) => `rounding mode ${value} is reserved`,
    reserved: (name: string) => `${name} has no encoding for these operands`,
  },
  {
    outOfRange: (operand: string, value: number, min: number, max: number) =>
      `${operand} 为 ${value}，必须在 ${min} 到 ${max} 之间`,
    notMultiple: (operand: string, value: number, step: number) =>
      `${operand} 为 ${value}，必须是 ${step} 的倍数`,
    zero: (operand: string) => `${operand} 不能为 0`,
    notInteger: (operand: string, value: number) => `${operand} 为 ${value}，必须是整数`,
    fixed: (operand: string, value: number, expected: number) =>
      `${operand} 为 ${value}，该指令只能是 ${expected}`,
    notSame: (first: string, second: string) => `${first} 与 ${second} 必须是同一个寄存器`,
    roundingMode: (value: number) => `舍入模式 ${value} 为保留值`,
    reserved: (name: string) => `${name} 没有这些操作数的编码`,
  },
);
