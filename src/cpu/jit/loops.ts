import type { Flow } from "./flow.ts";

/** Instructions in a tight loop at most. */
const TIGHT = 100;

/** By block: the heads of the natural loops around it, in ascending order, which is from outside to inside. */
export function loopsOf({ order, sources }: Flow): number[][] {
  const loops: number[][] = order.map(() => []);
  for (const head of order) {
    const inside = new Set<number>();
    const queue = sources[head.index].filter((source) => source >= head.index);
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      if (inside.has(at)) continue;
      inside.add(at);
      if (at !== head.index) queue.push(...sources[at]);
    }
    if (inside.size > 0) inside.add(head.index);
    for (const block of inside) loops[block].push(head.index);
  }
  return loops;
}

/** Whether each block is in a loop that has no other one inside and is short: what goes around in it does little else. */
export function tightBlocks(flow: Flow): boolean[] {
  const loops = loopsOf(flow);
  const outer = new Set(loops.flatMap((heads) => heads.slice(0, -1)));
  const lengths = new Map<number, number>();
  flow.order.forEach(({ all }, index) => {
    for (const head of loops[index]) lengths.set(head, (lengths.get(head) ?? 0) + all.length);
  });
  return loops.map((heads) => {
    const head = heads.at(-1);
    return head !== undefined && !outer.has(head) && (lengths.get(head) ?? 0) <= TIGHT;
  });
}
