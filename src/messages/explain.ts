import { catalogue } from "./catalogue.ts";

const roundingEnglish = [
  "to the nearest",
  "toward zero",
  "down",
  "up",
  "to the nearest, ties away from zero",
];
const roundingChinese = ["向最近值", "向零", "向下", "向上", "向最近值（平局时远离零）"];
const precisionEnglish = (bits: number) => (bits === 32 ? "single precision" : "double precision");
const precisionChinese = (bits: number) => (bits === 32 ? "单精度" : "双精度");

/** The words in which an instruction's meaning is told. Parameters are texts of values, or numbers of bits. */
export const explainMessages = catalogue(
  {
    nothing: () => "nothing changes",
    /** Something read, but not kept: the destination is x0. */
    dropped: (value: string) => `${value}, not kept`,

    /** What a register held before the instruction changed it. */
    old: (value: string) => `old ${value}`,

    signedLoad: (bits: number, place: string) => `sign-extended ${bits}-bit load from ${place}`,
    unsignedLoad: (bits: number, place: string) => `zero-extended ${bits}-bit load from ${place}`,
    load: (bits: number, place: string) => `${bits}-bit load from ${place}`,
    lowBits: (bits: number, value: string) => `low ${bits} bits of ${value}`,
    allBits: (value: string) => `${value} (64 bits)`,
    signExtended: (bits: number, value: string) => `sign-extended low ${bits} bits of ${value}`,
    zeroExtended: (bits: number, value: string) => `zero-extended low ${bits} bits of ${value}`,

    goTo: (target: string) => `go to ${target}`,
    ifGoTo: (condition: string, target: string) => `if ${condition} go to ${target}`,
    choice: (condition: string, yes: string, no: string) => `${yes} if ${condition}, else ${no}`,
    signed: (value: string) => `${value} (signed)`,
    unsigned: (value: string) => `${value} (unsigned)`,
    signedWord: (value: string) => `${value} (signed, low 32 bits)`,
    unsignedWord: (value: string) => `${value} (unsigned, low 32 bits)`,
    high: (product: string) => `high 64 bits of ${product}`,
    signedByUnsigned: (value: string) => `${value} (signed by unsigned)`,

    leadingZeros: (value: string) => `number of leading zero bits of ${value}`,
    trailingZeros: (value: string) => `number of trailing zero bits of ${value}`,
    ones: (value: string) => `number of set bits of ${value}`,
    bytesFilled: (value: string) => `${value} with every byte that is not 0 made 0xff`,
    bytesReversed: (value: string) => `${value} with its bytes in reverse order`,
    rotatedLeft: (value: string, amount: string) => `${value} rotated left by ${amount}`,
    rotatedRight: (value: string, amount: string) => `${value} rotated right by ${amount}`,

    amo: (bits: number, place: string, result: string) =>
      `${place} (${bits} bits), which atomically becomes ${result}`,
    loadReserved: (bits: number, place: string) => `${place} (${bits} bits), now reserved`,
    storeConditional: (bits: number, place: string, value: string) =>
      `0 if ${place} was still reserved and is now ${value} (${bits} bits), else 1`,

    squareRoot: (value: string) => `square root of ${value}`,
    classify: (value: string) => `class of ${value}`,
    withSignOf: (value: string, other: string) => `${value} with the sign of ${other}`,
    withOtherSignOf: (value: string, other: string) => `${value} with the opposite of the sign of ${other}`,
    signFlippedBy: (value: string, other: string) => `${value}, negated if ${other} is negative`,
    inPrecision: (value: string, bits: number) => `${value} (${precisionEnglish(bits)})`,
    inPrecisionRounded: (value: string, bits: number, mode: number) =>
      `${value} (${precisionEnglish(bits)}, rounded ${roundingEnglish[mode]})`,
    asPrecision: (value: string, bits: number) => `${value} as ${precisionEnglish(bits)}`,
    toSigned: (value: string, bits: number) => `${value} as a signed ${bits}-bit integer`,
    toUnsigned: (value: string, bits: number) => `${value} as an unsigned ${bits}-bit integer`,
    rounded: (value: string, mode: number) => `${value}, rounded ${roundingEnglish[mode]}`,
  },
  {
    nothing: () => "没有变化",
    dropped: (value: string) => `${value}，结果丢弃`,

    old: (value: string) => `旧的 ${value}`,

    signedLoad: (bits: number, place: string) => `从 ${place} 读取 ${bits} 位并符号扩展`,
    unsignedLoad: (bits: number, place: string) => `从 ${place} 读取 ${bits} 位并零扩展`,
    load: (bits: number, place: string) => `从 ${place} 读取 ${bits} 位`,
    lowBits: (bits: number, value: string) => `${value} 的低 ${bits} 位`,
    allBits: (value: string) => `${value}（64 位）`,
    signExtended: (bits: number, value: string) => `${value} 的低 ${bits} 位符号扩展`,
    zeroExtended: (bits: number, value: string) => `${value} 的低 ${bits} 位零扩展`,

    goTo: (target: string) => `跳转到 ${target}`,
    ifGoTo: (condition: string, target: string) => `若 ${condition} 则跳转到 ${target}`,
    choice: (condition: string, yes: string, no: string) => `若 ${condition} 则为 ${yes}，否则为 ${no}`,
    signed: (value: string) => `${value}（有符号）`,
    unsigned: (value: string) => `${value}（无符号）`,
    signedWord: (value: string) => `${value}（有符号，低 32 位）`,
    unsignedWord: (value: string) => `${value}（无符号，低 32 位）`,
    high: (product: string) => `${product} 的高 64 位`,
    signedByUnsigned: (value: string) => `${value}（有符号乘无符号）`,

    leadingZeros: (value: string) => `${value} 的前导零位数`,
    trailingZeros: (value: string) => `${value} 的末尾零位数`,
    ones: (value: string) => `${value} 中 1 的位数`,
    bytesFilled: (value: string) => `${value}，其中每个非 0 字节变为 0xff`,
    bytesReversed: (value: string) => `${value} 按字节逆序`,
    rotatedLeft: (value: string, amount: string) => `${value} 循环左移 ${amount} 位`,
    rotatedRight: (value: string, amount: string) => `${value} 循环右移 ${amount} 位`,

    amo: (bits: number, place: string, result: string) =>
      `${place}（${bits} 位），其内容原子地变为 ${result}`,
    loadReserved: (bits: number, place: string) => `${place}（${bits} 位），并保留该地址`,
    storeConditional: (bits: number, place: string, value: string) =>
      `若 ${place} 仍被保留，则存入 ${value}（${bits} 位）且为 0，否则为 1`,

    squareRoot: (value: string) => `${value} 的平方根`,
    classify: (value: string) => `${value} 的类别`,
    withSignOf: (value: string, other: string) => `${value}，符号取自 ${other}`,
    withOtherSignOf: (value: string, other: string) => `${value}，符号取 ${other} 的相反符号`,
    signFlippedBy: (value: string, other: string) => `${value}，若 ${other} 为负则取反`,
    inPrecision: (value: string, bits: number) => `${value}（${precisionChinese(bits)}）`,
    inPrecisionRounded: (value: string, bits: number, mode: number) =>
      `${value}（${precisionChinese(bits)}，${roundingChinese[mode]}舍入）`,
    asPrecision: (value: string, bits: number) => `${value} 转换为${precisionChinese(bits)}`,
    toSigned: (value: string, bits: number) => `${value} 转换为 ${bits} 位有符号整数`,
    toUnsigned: (value: string, bits: number) => `${value} 转换为 ${bits} 位无符号整数`,
    rounded: (value: string, mode: number) => `${value}，${roundingChinese[mode]}舍入`,
  },
);
