import type { Block, End, Target } from "./region.ts";

/** The shape of a region: what `structure.ts` needs to write it with blocks and loops. */
export interface Flow {
  /** In reverse postorder, the entry first. A block's `index` is its place here. */
  readonly order: readonly Block[];
  /** Each block's immediate dominator, by index; the entry's is itself. */
  readonly dominator: readonly number[];
  /** The blocks that come to a block, by index. */
  readonly sources: readonly (readonly number[])[];
}

/**
 * Orders the blocks that `entry` reaches. An edge backwards to a block that does not dominate its source, which no
 * structured loop can have, is made to leave the region.
 */
export function analyseFlow(entry: Block): Flow {
  for (;;) {
    const order = reversePostorder(entry);
    const sources: number[][] = order.map(() => []);
    for (const block of order) for (const next of successors(block)) sources[next.index].push(block.index);
    const dominator = dominators(sources);
    const crossing = order.flatMap((block) =>
      successors(block)
        .filter((to) => to.index <= block.index && !dominates(dominator, to.index, block.index))
        .map((to) => ({ block, to })),
    );
    if (crossing.length === 0) return { order, dominator, sources };
    for (const { block, to } of crossing) cut(block.end, to);
  }
}

/** The blocks that a block's end goes to. */
export function successors({ end }: Block): Block[] {
  return targets(end).filter((target) => typeof target !== "number");
}

function targets(end: End): Target[] {
  switch (end.kind) {
    case "fall":
    case "jump":
      return [end.to];
    case "system":
    case "entered":
      return [end.back];
    case "choose":
      return [...new Set(end.chosen.map(({ to }) => to)), end.other];
    case "branch":
      return end.taken === end.other ? [end.taken] : [end.taken, end.other];
    case "indirect":
      return [...new Set(end.choices.map(({ to }) => to))];
    case "call":
      return [...new Set([...end.choices.map(({ to }) => to), end.back])];
    case "leave":
      return [];
  }
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

function reversePostorder(entry: Block): Block[] {
  const seen = new Set<Block>();
  const order: Block[] = [];
  const visit = (block: Block): void => {
    seen.add(block);
    for (const next of successors(block)) if (!seen.has(next)) visit(next);
    order.push(block);
  };
  visit(entry);
  order.reverse();
  order.forEach((block, index) => {
    block.index = index;
  });
  return order;
}

/** Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm": blocks are numbered in reverse postorder. */
function dominators(sources: readonly (readonly number[])[]): number[] {
  const dominator: number[] = sources.map(() => -1);
  dominator[0] = 0;
  const common = (a: number, b: number): number => {
    let [x, y] = [a, b];
    while (x !== y) {
      if (x > y) x = dominator[x];
      else y = dominator[y];
    }
    return x;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (let block = 1; block < sources.length; block++) {
      const known = sources[block].filter((source) => dominator[source] >= 0);
      const found = known.reduce(common);
      if (dominator[block] === found) continue;
      dominator[block] = found;
      changed = true;
    }
  }
  return dominator;
}

function dominates(dominator: readonly number[], over: number, under: number): boolean {
  let block = under;
  while (block > over) block = dominator[block];
  return block === over;
}
