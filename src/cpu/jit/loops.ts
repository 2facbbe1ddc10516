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

/** Each block's loop that has no other one inside, by its head; -1 where it is in none. */
export function innermostLoops(flow: Flow): number[] {
  const loops = loopsOf(flow);
  const outer = new Set(loops.flatMap((heads) => heads.slice(0, -1)));
  return loops.map((heads) => {
    const head = heads.at(-1) ?? -1;
    return outer.has(head) ? -1 : head;
  });
}

/** Whether each block is in an innermost loop that is short: what goes around in it does little else. */
export function tightBlocks(flow: Flow): boolean[] {
  const loops = innermostLoops(flow);
  const lengths = new Map<number, number>();
  flow.order.forEach(({ all }, index) => {
    lengths.set(loops[index], (lengths.get(loops[index]) ?? 0) + all.length);
  });
  return loops.map((head) => head >= 0 && (lengths.get(head) ?? 0) <= TIGHT);
}
