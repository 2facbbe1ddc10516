/** Register names: architectural (`x10`, `f10`) and ABI (`a0`, `fa0`), both ways (RISC-V psABI, register convention). */

/** ABI names of the integer registers, by number. */
export const X_NAMES: readonly string[] = [
  ...["zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1"],
  ...["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"],
  ...["s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11"],
  ...["t3", "t4", "t5", "t6"],
];

/** ABI names of the floating-point registers, by number. */
export const F_NAMES: readonly string[] = [
  ...["ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0", "fs1"],
  ...["fa0", "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7"],
  ...["fs2", "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11"],
  ...["ft8", "ft9", "ft10", "ft11"],
];

const X_NUMBERS = numbers(X_NAMES, "x").set("fp", 8);
const F_NUMBERS = numbers(F_NAMES, "f");

function numbers(names: readonly string[], prefix: string): Map<string, number> {
  const map = new Map<string, number>();
  names.forEach((name, number) => {
    map.set(name, number).set(`${prefix}${number}`, number);
  });
  return map;
}

/** The number of an integer register by any of its names (`a0`, `x10`, `fp`), or undefined. */
export function xNumber(name: string): number | undefined {
  return X_NUMBERS.get(name);
}

/** The number of a floating-point register by any of its names (`fa0`, `f10`), or undefined. */
export function fNumber(name: string): number | undefined {
  return F_NUMBERS.get(name);
}
