import { expect } from "vitest";
import { decode } from "./decode.ts";
import {
  type EvaluationState,
  EvaluationTrap,
  evaluate,
  type Outcome,
  type Reservation,
} from "./evaluate.ts";
import type { FloatOp } from "./meaning.ts";
import { encode } from "./pattern.ts";
import type { Fields } from "./row.ts";
import { rowByName } from "./table.ts";

export const LOAD_FAULT = 13;
export const STORE_FAULT = 15;
export const STORE_MISALIGNED = 6;
export const PC = 0x1000n;

/** Registers and 256 bytes of memory from address 0. */
export class TestState implements EvaluationState {
  readonly pc = PC;
  readonly xs = new BigInt64Array(32);
  readonly fs = new BigUint64Array(32);
  readonly memory = new DataView(new ArrayBuffer(256));
  reservation: Reservation | undefined;
  frm = 0;
  readonly floats: { op: FloatOp; roundingMode: number; args: readonly bigint[] }[] = [];
  floatResult = 0n;

  x(register: number): bigint {
    return this.xs[register];
  }
  setX(register: number, value: bigint): void {
    expect(register).not.toBe(0);
    expect(BigInt.asIntN(64, value)).toBe(value);
    this.xs[register] = value;
  }
  f(register: number): bigint {
    return this.fs[register];
  }
  setF(register: number, value: bigint): void {
    expect(BigInt.asUintN(64, value)).toBe(value);
    this.fs[register] = value;
  }
  load(address: bigint, size: number): bigint {
    if (address < 0n || address + BigInt(size) > 256n) throw new EvaluationTrap(LOAD_FAULT, address);
    let value = 0n;
    for (let i = size - 1; i >= 0; i--)
      value = value * 256n + BigInt(this.memory.getUint8(Number(address) + i));
    return value;
  }
  store(address: bigint, size: number, value: bigint): void {
    if (address < 0n || address + BigInt(size) > 256n) throw new EvaluationTrap(STORE_FAULT, address);
    for (let i = 0; i < size; i++)
      this.memory.setUint8(Number(address) + i, Number((value >> BigInt(8 * i)) & 0xffn));
  }
  checkAtomic(address: bigint, size: number): void {
    if (address % BigInt(size) !== 0n) throw new EvaluationTrap(STORE_MISALIGNED, address);
  }
  float(op: FloatOp, roundingMode: number, args: readonly bigint[]): bigint {
    this.floats.push({ op, roundingMode, args });
    return this.floatResult;
  }
}

export function run(name: string, operands: Partial<Fields>, state = new TestState()): [TestState, Outcome] {
  return [state, evaluate(decode(encode(rowByName(name)!, operands))!, state)];
}
