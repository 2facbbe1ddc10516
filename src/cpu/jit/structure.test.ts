import { expect, test } from "vitest";
import { Random } from "../../../test/differential/random.ts";
import { Code, I32 } from "../wasm/encoder.ts";
import { ModuleBuilder } from "../wasm/module-builder.ts";
import { withEntries } from "./entries.ts";
import { analyseFlow, type Flow, retarget } from "./flow.ts";
import { separateLoops } from "./nests.ts";
import type { Block, End } from "./region.ts";
import { writeStructured } from "./structure.ts";

/** Where it goes is said by a stream of numbers: the same for the code and for a walk over the graph. */
const STEPS = 200;

/** Blocks with random ends: some to places outside (numbers). `instructions`: in each of them. */
function randomGraph(r: Random, instructions = 0): Block {
  const count = 1 + r.below(12);
  const blocks: Block[] = Array.from({ length: count }, (_, offset) => ({
    index: -1,
    offset,
    body: [],
    all: new Array(instructions),
    end: { kind: "leave", offset },
  }));
  const target = () => (r.below(8) === 0 ? -1 : r.pick(blocks));
  const placed = undefined as never;
  for (const block of blocks) {
    const kind = r.below(6);
    let end: End = { kind: "leave", offset: block.offset };
    if (kind < 2) end = { kind: "fall", to: target() };
    else if (kind < 4) end = { kind: "branch", placed, taken: target(), other: target() };
    else if (kind < 5) {
      const choices = [...new Set(Array.from({ length: 3 }, () => r.pick(blocks)))];
      end = { kind: "indirect", placed, choices: choices.map((to) => ({ offset: to.offset, to })) };
    }
    (block as { end: End }).end = end;
  }
  return blocks[0];
}

/** What an end goes to by a number; -1: out. */
function choose({ end }: Block, number: number): Block | number {
  if (end.kind === "fall" || end.kind === "jump") return end.to;
  if (end.kind === "branch") return number & 1 ? end.taken : end.other;
  if (end.kind === "indirect") return end.choices[number]?.to ?? -1;
  return -1;
}

/** Gives the blocks that the written code goes through from an entry on; `numbers` says which way at each. */
function written(
  flow: Flow,
  isInserted = (_: Block) => false,
): (numbers: readonly number[], entry?: number) => number[] {
  const module = new ModuleBuilder();
  const type = module.type([I32], []);
  const next = module.importFunction("next", module.type([I32], [I32]));
  const joined = module.importFunction("joined", type);
  const code = new Code(1);
  const choice = code.local(I32);
  code.block();
  const exit = code.depth;
  writeStructured(code, flow, {
    loopHead: () => {},
    edge: (_, to, joins) => {
      if (joins && to.end.kind !== "choose" && !isInserted(to)) code.i32(to.offset).call(joined);
    },
    block: (block, go) => {
      if (block.end.kind === "choose") {
        const { chosen, other } = block.end;
        for (const { most, to } of chosen) {
          code.get(0).i32(1).op("i32_sub").i32(most).op("i32_lt_u").if();
          go(to);
          code.op("end");
        }
        go(other);
        return;
      }
      if (block.end.kind === "entered") {
        code.i32(0).set(0);
        go(block.end.back);
        return;
      }
      if (isInserted(block)) {
        go((block.end as Extract<End, { kind: "fall" }>).to as Block);
        return;
      }
      code.i32(block.offset).call(next).tee(choice).i32(0).op("i32_lt_s").if().brTo(exit).op("end");
      const to = (target: Block | number) => {
        if (typeof target === "number") code.brTo(exit);
        else go(target);
      };
      const { end } = block;
      if (end.kind === "fall" || end.kind === "jump") to(end.to);
      else if (end.kind === "branch" && end.taken !== end.other) {
        code.get(choice).i32(1).op("i32_and").if();
        to(end.taken);
        code.op("end");
        to(end.other);
      } else if (end.kind === "branch") to(end.other);
      else if (end.kind === "indirect") {
        end.choices.forEach((one, i) => {
          code.get(choice).i32(i).op("i32_eq").if();
          to(one.to);
          code.op("end");
        });
        code.brTo(exit);
      } else code.brTo(exit);
    },
  });
  code.op("end");
  const index = module.declare(type);
  module.define(index, code);
  module.export("run", index);
  const bytes = module.encode();
  let trace: number[] = [];
  let ways: readonly number[] = [];
  const joins: number[] = [];
  const env = {
    memory: new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true }),
    next: (offset: number) => {
      // A join names the block that comes next, once.
      expect(joins.length).toBeLessThan(2);
      if (joins.length === 1) expect(joins.pop()).toBe(offset);
      trace.push(offset);
      return trace.length > STEPS ? -1 : ways[trace.length - 1];
    },
    joined: (offset: number) => {
      joins.push(offset);
    },
  };
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env } as never);
  return (numbers, entry = 0) => {
    [trace, ways] = [[], numbers];
    (instance.exports.run as (x: number) => void)(entry);
    return trace;
  };
}

function walk(entry: Block, numbers: readonly number[]): number[] {
  const trace: number[] = [];
  for (let block: Block | number = entry; typeof block !== "number"; ) {
    trace.push(block.offset);
    if (trace.length > STEPS) break;
    block = choose(block, numbers[trace.length - 1]);
  }
  return trace;
}

test("the code goes where the graph does, whatever its shape", () => {
  const r = new Random(5);
  let longest = 0;
  for (let i = 0; i < 200; i++) {
    const entry = randomGraph(r);
    // Edges that no structured code can have are cut: what is left is compared.
    const run = written(analyseFlow(entry));
    for (let j = 0; j < 4; j++) {
      const numbers = Array.from({ length: STEPS + 1 }, () => r.below(4));
      const expected = walk(entry, numbers);
      longest = Math.max(longest, expected.length);
      expect(run(numbers)).toEqual(expected);
    }
  }
  expect(longest).toBeGreaterThan(STEPS);
});

test("loops that begin at one block are separated, and the graph is the same", () => {
  const r = new Random(7);
  let separated = 0;
  for (let i = 0; i < 300; i++) {
    const first = randomGraph(r, 60);
    const flow = analyseFlow(first);
    const { length } = flow.order;
    const known = new Map(flow.order.map((block) => [block, copyOf(block)]));
    for (const { end } of known.values()) retarget(end, (to) => known.get(to) as Block);
    const result = separateLoops(flow);
    const run = written(result, (block) => !known.has(block));
    for (let j = 0; j < 3; j++) {
      const numbers = Array.from({ length: STEPS + 1 }, () => r.below(4));
      expect(run(numbers)).toEqual(walk(known.get(first) as Block, numbers));
    }
    separated += result.order.length - length;
  }
  expect(separated).toBeGreaterThan(20);
});

function copyOf(block: Block): Block {
  const { end } = block;
  if (end.kind !== "indirect") return { ...block, end: { ...end } };
  return { ...block, end: { ...end, choices: end.choices.map((choice) => ({ ...choice })) } };
}

test("a graph may be entered at any of its blocks", () => {
  const r = new Random(6);
  let inside = 0;
  for (let i = 0; i < 200; i++) {
    const first = randomGraph(r);
    const flow = analyseFlow(first);
    const chosen = flow.order.slice(1).filter(() => r.below(3) === 0);
    // The walk goes over a graph without other entries: the same one again.
    const known = new Map(flow.order.map((block) => [block, copyOf(block)]));
    for (const { end } of known.values()) retarget(end, (to) => known.get(to) as Block);
    const plain = (block: Block) => known.get(block) as Block;
    const [copy, copies] = [plain(first), chosen.map(plain)];
    const { flow: entered, entries } = withEntries(flow, chosen);
    const run = written(entered);
    expect(new Set(entries)).toEqual(new Set(chosen));
    for (let entry = 0; entry <= entries.length; entry++) {
      const numbers = Array.from({ length: STEPS + 1 }, () => r.below(4));
      const start = entry === 0 ? copy : copies[chosen.indexOf(entries[entry - 1])];
      const expected = walk(start, numbers);
      expect(run(numbers, entry)).toEqual(expected);
      if (entry > 0 && expected.length > 10) inside++;
    }
  }
  expect(inside).toBeGreaterThan(20);
});
