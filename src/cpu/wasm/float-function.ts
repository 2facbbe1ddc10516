import { HART } from "../layout.ts";
import { Code, I32, I64 } from "./encoder.ts";
import type { FloatParts } from "./float-parts.ts";

/** Parameters and result of a float function: (hart, rounding mode, a, b, c) -> value. */
export const FLOAT_PARAMETERS = [I32, I32, I64, I64, I64] as const;
const [HART_BASE] = [0];
export const [MODE, A, B, C] = [1, 2, 3, 4];

const INEXACT = 1;

/**
 * The body of an operation's function: the host's way is a block that is left where it proves nothing; softfloat
 * follows it.
 */
export abstract class FloatFunction {
  protected readonly code = new Code(FLOAT_PARAMETERS.length);

  /** Returns the result where the host's way is good, and else leaves the block. */
  protected abstract fast(): void;

  /** `number`: the operation's, for softfloat, which is the import `softfloat`. */
  write(number: number, softfloat: number): Code {
    const { code } = this;
    code.block();
    this.fast();
    code.op("end");
    [A, B, C].forEach((argument, i) => {
      code
        .get(HART_BASE)
        .get(argument)
        .mem("i64_store", HART.floatArgs + 8 * i);
    });
    code.i32(number).get(MODE).call(softfloat);
    return code.get(HART_BASE).mem("i64_load", HART.value);
  }

  /** Leaves the block for softfloat unless the condition on the stack holds. */
  protected require(): void {
    this.code.op("i32_eqz").brIf(0);
  }

  protected requireNearest(): void {
    this.code.get(MODE).brIf(0);
  }

  /** Accrues inexact where the condition on the stack holds. */
  protected raiseInexact(): void {
    const { code } = this;
    code.if().get(HART_BASE).get(HART_BASE).mem("i32_load", HART.fflags).i32(INEXACT).op("i32_or");
    code.mem("i32_store", HART.fflags).op("end");
  }

  protected returnNumber(parts: FloatParts, x: number): void {
    this.code.get(x);
    parts.toBits().op("return");
  }

  protected numbers(parts: FloatParts, bits: readonly number[]): number[] {
    return bits.map((parameter) => {
      const number = this.code.local(parts.type);
      this.code.get(parameter);
      parts.fromBits().set(number);
      return number;
    });
  }
}
