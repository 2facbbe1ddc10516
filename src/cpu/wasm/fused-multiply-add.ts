import { Code, F64 } from "./encoder.ts";
import { ModuleBuilder } from "./module-builder.ts";

/** Leaves a × b + c (locals, f64) on the stack, rounded once where `hasFusedMultiplyAdd`. */
export function fusedMultiplyAdd(code: Code, a: number, b: number, c: number): Code {
  for (const operand of [a, b, c]) code.get(operand).vector("f64x2_splat");
  return code.vector("f64x2_relaxed_madd").firstF64();
}

let known: boolean | undefined;

/**
 * Whether WebAssembly has a multiplication and addition that rounds once: "relaxed SIMD" leaves that to the processor, and
 * the same module always does the same. Node 20 has it where a flag of V8's was set (`src/host/node.ts`).
 */
export function hasFusedMultiplyAdd(): boolean {
  known ??= tryFusedMultiplyAdd();
  return known;
}

function tryFusedMultiplyAdd(): boolean {
  const module = new ModuleBuilder();
  const index = module.declare(module.type([F64, F64, F64], [F64]));
  module.define(index, fusedMultiplyAdd(new Code(3), 0, 1, 2));
  module.export("fused", index);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), {
      env: { memory },
    });
    const fused = exports.fused as (a: number, b: number, c: number) => number;
    // The product is 1 - 2^-60, which an f64 cannot hold.
    return fused(1 + 2 ** -30, 1 - 2 ** -30, -1) === -(2 ** -60);
  } catch {
    return false;
  }
}
