import { innermostLoops, loopsOf } from "./loops.ts";
import type { Block, End, Target } from "./region.ts";

/** The shape of a region: what `structure.ts` needs to write it with blocks and loops. */
export interface Flow {
  /** In reverse postorder, the entry first. A block's `index` is its place here. */
  readonly order: readonly Block[];
  /** Each block's immediate dominator, by index; the entry's is itself. */
  readonly dominator: readonly number[];
  /** The blocks that come to a block, by index. */
  readonly sources: readonly (readonly number[])[];
  /** The blocks that it goes to. */
  readonly targets: readonly (readonly number[])[];
  /** See `loopsOf` and `innermostLoops`. */
  readonly loops: readonly (readonly number[])[];
  readonly innermost: readonly number[];
}

/**
 * Orders the blocks that `entry` reaches. An edge backwards to a block that does not dominate its source, which no
 * structured loop can have, is made to leave the region.
 */
export function analyseFlow(entry: Block): Flow {
  for (;;) {
    const { order, targets } = reversePostorder(entry);
    const sources: number[][] = order.map(() => []);
    targets.forEach((to, index) => {
      for (const next of to) sources[next].push(index);
    });
    const dominator = dominators(sources);
    let isStructured = true;
    targets.forEach((to, index) => {
      for (const next of to) {
        if (next > index || dominates(dominator, next, index)) continue;
        cut(order[index].end, order[next]);
        isStructured = false;
      }
    });
    if (!isStructured) continue;
    const loops = loopsOf(sources);
    return { order, dominator, sources, targets, loops, innermost: innermostLoops(loops) };
  }
}

/** The blocks that a block's end goes to. */
export function successors({ end }: Block): Block[] {
  const found: Block[] = [];
  const add = (target: Target) => {
    if (typeof target !== "number" && !found.includes(target)) found.push(target);
  };
  switch (end.kind) {
    case "fall":
    case "jump":
      add(end.to);
      break;
    case "system":
    case "entered":
      add(end.back);
      break;
    case "choose":
      for (const { to } of end.chosen) add(to);
      add(end.other);
      break;
    case "branch":
      add(end.taken);
      add(end.other);
      break;
    case "indirect":
      for (const { to } of end.choices) add(to);
      break;
    case "call":
      for (const { to } of end.choices) add(to);
      add(end.back);
      break;
    case "leave":
      break;
  }
  return found;
}

/** Makes an edge leave the region. */
function cut(end: End, to: Block): void {
  retarget(end, (block) => (block === to ? to.offset : block));
  if (end.kind === "indirect" || end.kind === "call")
    end.choices = end.choices.filter((choice) => typeof choice.to !== "number");
}

/** Has the edges of a block's end go where `find` says, each by the block that it goes to now. */
export function retarget(end: End, find: (to: Block) => Target): void {
  const found = (target: Target) => (typeof target === "number" ? target : find(target));
  switch (end.kind) {
    case "fall":
    case "jump":
      end.to = found(end.to);
      break;
    case "branch":
      end.taken = found(end.taken);
      end.other = found(end.other);
      break;
    case "system":
      end.back = found(end.back);
      break;
    case "call":
      end.back = found(end.back);
      for (const choice of end.choices) choice.to = found(choice.to);
      break;
    case "indirect":
      for (const choice of end.choices) choice.to = found(choice.to);
      break;
    case "choose":
    case "entered":
      throw new Error("where a region is entered is known before");
    case "leave":
      break;
  }
}

function reversePostorder(entry: Block): { order: Block[]; targets: number[][] } {
  const seen = new Set<Block>();
  const order: Block[] = [];
  const targets: Block[][] = [];
  const visit = (block: Block): void => {
    seen.add(block);
    const found = successors(block);
    for (const next of found) if (!seen.has(next)) visit(next);
    order.push(block);
    targets.push(found);
  };
  visit(entry);
  order.reverse();
  targets.reverse();
  order.forEach((block, index) => {
    block.index = index;
  });
  return { order, targets: targets.map((blocks) => blocks.map(({ index }) => index)) };
}

/** Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm": blocks are numbered in reverse postorder. */
function dominators(sources: readonly (readonly number[])[]): number[] {
  const dominator: number[] = sources.map(() => -1);
  dominator[0] = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (let block = 1; block < sources.length; block++) {
      let found = -1;
      for (const source of sources[block])
        if (dominator[source] >= 0) found = found < 0 ? source : common(dominator, found, source);
      if (dominator[block] === found) continue;
      dominator[block] = found;
      changed = true;
    }
  }
  return dominator;
}

/** The nearest block that dominates both. */
function common(dominator: readonly number[], a: number, b: number): number {
  let one = a;
  let other = b;
  while (one !== other) {
    if (one > other) one = dominator[one];
    else other = dominator[other];
  }
  return one;
}

function dominates(dominator: readonly number[], over: number, under: number): boolean {
  let block = under;
  while (block > over) block = dominator[block];
  return block === over;
}
