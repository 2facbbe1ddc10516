import { expect, test } from "vitest";
import { Random } from "../../../test/differential/random.ts";
import { analyseFlow, type Flow, successors } from "./flow.ts";
import type { Block, End } from "./region.ts";

/** Blocks by the numbers of those that each goes to: none, one or two. */
function graph(...edges: number[][]): Block[] {
  const blocks: Block[] = edges.map((_, offset) => ({
    index: -1,
    offset,
    body: [],
    all: [],
    end: { kind: "leave", offset },
  }));
  edges.forEach(([one, two], i) => {
    const placed = undefined as never;
    let end: End = { kind: "leave", offset: i };
    if (two !== undefined) end = { kind: "branch", placed, taken: blocks[one], other: blocks[two] };
    else if (one !== undefined) end = { kind: "fall", to: blocks[one] };
    (blocks[i] as { end: End }).end = end;
  });
  return blocks;
}

const dominatorsOf = ({ order, dominator }: Flow) =>
  Object.fromEntries(order.map((block, i) => [block.offset, order[dominator[i]].offset]));

test("a diamond's end is dominated by its beginning", () => {
  const [entry] = graph([1, 2], [3], [3], []);
  expect(dominatorsOf(analyseFlow(entry))).toEqual({ 0: 0, 1: 0, 2: 0, 3: 0 });
});

test("a loop's blocks are dominated by its head, and its edge back stays", () => {
  const blocks = graph([1], [2, 3], [1], []);
  const flow = analyseFlow(blocks[0]);
  expect(dominatorsOf(flow)).toEqual({ 0: 0, 1: 0, 2: 1, 3: 1 });
  expect(successors(blocks[2])).toEqual([blocks[1]]);
});

test("a loop with two ways in keeps one of them", () => {
  const blocks = graph([1, 2], [2], [1]);
  const { order } = analyseFlow(blocks[0]);
  expect(order.length).toBe(3);
  const cut = [blocks[1], blocks[2]].filter(({ end }) => end.kind === "fall" && typeof end.to === "number");
  expect(cut.length).toBe(1);
  const [{ end, offset }] = cut;
  expect(end.kind === "fall" && end.to).toBe(offset === 1 ? 2 : 1);
});

test("a block that goes to itself is a loop, the entry too", () => {
  const [entry] = graph([0, 1], []);
  const { sources } = analyseFlow(entry);
  expect(sources[0]).toEqual([0]);
});

/** A block dominates another if that cannot be reached without it. */
function reachable(order: readonly Block[], without: Block | undefined): Set<Block> {
  const seen = new Set<Block>();
  const visit = (block: Block): void => {
    if (block === without || seen.has(block)) return;
    seen.add(block);
    for (const next of successors(block)) visit(next);
  };
  visit(order[0]);
  return seen;
}

test("in any graph, dominators are what the definition says, and each edge back goes to one", () => {
  const r = new Random(11);
  for (let i = 0; i < 300; i++) {
    const size = 1 + r.below(10);
    const [entry] = graph(
      ...Array.from({ length: size }, () => Array.from({ length: r.below(3) }, () => r.below(size))),
    );
    const { order, dominator, sources } = analyseFlow(entry);
    expect(new Set(order)).toEqual(reachable(order, undefined));
    const strict = order.map((one) =>
      order.filter((other) => other !== one && !reachable(order, other).has(one)),
    );
    order.forEach((block, index) => {
      expect(block.index).toBe(index);
      if (index === 0) return;
      // The immediate one is dominated by all the others.
      const immediate = order[dominator[index]];
      expect(strict[index]).toContain(immediate);
      expect(strict[index].length).toBe(strict[immediate.index].length + 1);
      for (const source of sources[index])
        if (source >= index) expect(block === order[source] || strict[source].includes(block)).toBe(true);
    });
  }
});
