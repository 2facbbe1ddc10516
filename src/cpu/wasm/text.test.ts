import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Code, F64, I32, I64, Memory, Op, type OpName, Saturating, Vector } from "./encoder.ts";
import { ModuleBuilder } from "./module-builder.ts";
import { functionTexts } from "./text.ts";

/** One instruction: how the encoder is asked for it, and its text. */
type Sample = readonly [write: (code: Code) => void, text: string];

const keys = <T extends object>(of: T) => Object.keys(of) as (keyof T)[];
const STRUCTURE: OpName[] = ["end", "else"];
/** As the specification writes the names: one dot, behind the type. */
const spelt = (name: string) => name.replace(/^([if]\d\d(?:x\d)?)_/, "$1.");

const plain: Sample[] = keys(Op)
  .filter((name) => !STRUCTURE.includes(name))
  .map((name) => [(code) => code.op(name), spelt(name)]);
const vectors: Sample[] = [
  ...keys(Vector).map((name): Sample => [(code) => code.vector(name), spelt(name)]),
  [(code) => code.firstF64(), "f64x2.extract_lane 0"],
];
const saturating: Sample[] = keys(Saturating).map((name) => [(code) => code.truncate(name), spelt(name)]);
const index = fc.nat(0xffff_ffff);
const sample: fc.Arbitrary<Sample> = fc.oneof(
  fc.constantFrom(...plain, ...saturating, ...vectors),
  fc
    .tuple(fc.constantFrom(...keys(Memory)), index)
    .map(
      ([name, offset]): Sample => [
        (code) => code.mem(name, offset),
        spelt(name) + (offset === 0 ? "" : ` offset=${offset}`),
      ],
    ),
  fc.integer().map((value): Sample => [(code) => code.i32(value), `i32.const ${value}`]),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value): Sample => [(code) => code.i64(value), `i64.const ${value}`]),
  fc
    .double({ noDefaultInfinity: true, noNaN: true })
    .map((value): Sample => [(code) => code.f64(value), `f64.const ${Object.is(value, -0) ? "-0" : value}`]),
  fc
    .float({ noDefaultInfinity: true, noNaN: true })
    .map((value): Sample => [(code) => code.f32(value), `f32.const ${Object.is(value, -0) ? "-0" : value}`]),
  index.chain((at) =>
    fc.constantFrom<Sample>(
      [(code) => code.get(at), `local.get ${at}`],
      [(code) => code.set(at), `local.set ${at}`],
      [(code) => code.tee(at), `local.tee ${at}`],
      [(code) => code.globalGet(at), `global.get ${at === 0 ? "$cell" : at}`],
      [(code) => code.call(at), `call ${at === 0 ? "$leave" : at}`],
      [(code) => code.returnCall(at), `return_call ${at === 0 ? "$leave" : at}`],
      [(code) => code.callIndirect(at), `call_indirect (type ${at})`],
      [(code) => code.returnCallIndirect(at), `return_call_indirect (type ${at})`],
    ),
  ),
);

function textOf(code: Code, name?: (local: number) => string | undefined) {
  const module = new ModuleBuilder();
  const type = module.type([I32, I64], []);
  module.importFunction("leave", type);
  module.importGlobal("cell");
  module.define(module.declare(type), code);
  return functionTexts(module.encode(), name)[0];
}

const lines = (code: Code) => textOf(code).lines.map(({ depth, text }) => `${" ".repeat(depth)}${text}`);

describe("the text of a function", () => {
  it("has every instruction that the encoder writes, each where its bytes begin", () => {
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
        const code = new Code(2);
        const expected = samples.map(([write, text]) => {
          const at = code.bytes.length;
          write(code);
          return { at, depth: 0, text };
        });
        // The encoder leaves out a conversion that goes back to what was before, and the one before it.
        fc.pre(
          !samples.some(
            ([, text], i) => text === "f64.reinterpret_i64" && samples[i - 1]?.[1] === "i64.reinterpret_f64",
          ),
        );
        expect(textOf(code).lines).toEqual(expected);
      }),
    );
  });

  it("misses none of the names", () => {
    for (const [write, text] of [...plain, ...saturating, ...vectors]) {
      const code = new Code(2);
      write(code);
      expect(lines(code)).toEqual([text]);
    }
  });

  it("indents, and calls labels by the order in which they are opened", () => {
    const code = new Code(2);
    code.block().loop().get(0).if(I64).i64(1n).op("else").br(2).op("end").op("drop");
    code.get(0).ifUnlikely().br(1).op("end").op("end").get(0).brIf(0).brTo(0).op("end");
    expect(lines(code)).toEqual([
      "block $1",
      " loop $2",
      "  local.get 0",
      "  if $3 (result i64)",
      "   i64.const 1",
      "  else",
      "   br $1",
      "  end",
      "  drop",
      "  local.get 0",
      "  if $4  ;; unlikely",
      "   br $2",
      "  end",
      " end",
      " local.get 0",
      " br_if $1",
      " br 1",
      "end",
    ]);
  });

  it("has the types of parameters and locals, and calls a local what it is told to", () => {
    const code = new Code(2);
    code.set(code.local(F64)).get(code.local(I32)).get(0);
    const { parameters, locals, lines: found } = textOf(code, (local) => ["slot", undefined, "f1"][local]);
    expect(parameters).toEqual(["i32", "i64"]);
    expect(locals).toEqual(["f64", "i32"]);
    expect(found.map(({ text }) => text)).toEqual(["local.set $f1", "local.get 3", "local.get $slot"]);
  });
});

it("numbers that are none are written as the text format has them", () => {
  const code = new Code(2);
  code.f64(Number.NaN).f64(Number.POSITIVE_INFINITY).f32(Number.NEGATIVE_INFINITY);
  expect(lines(code)).toEqual(["f64.const nan", "f64.const inf", "f32.const -inf"]);
});
